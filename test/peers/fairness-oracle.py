"""Reads {"labels": [...], "predictions": [...], "sensitive": {column: [...]}} on stdin, prints fairlearn's disparities as JSON."""

import json
import sys
import warnings

import fairlearn.metrics as metrics
import pandas as pd

warnings.simplefilter("ignore")
exam = json.load(sys.stdin)
sensitive = pd.DataFrame(exam["sensitive"])
names = [f"{measure}_{kind}" for measure in ("demographic_parity", "equalized_odds", "equal_opportunity") for kind in ("difference", "ratio")]
values = {name: getattr(metrics, name)(exam["labels"], exam["predictions"], sensitive_features=sensitive) for name in names}
json.dump({name: float(value) for name, value in values.items()}, sys.stdout)

"""Reads {"model": path, "table": path, "columns": [...]} on stdin, prints the scores of the table's rows by onnxruntime as JSON."""

import json
import sys

import numpy as np
import onnxruntime
import pandas as pd

asked = json.load(sys.stdin)
session = onnxruntime.InferenceSession(asked["model"], providers=["CPUExecutionProvider"])
(only,) = session.get_inputs()
rows = pd.read_csv(asked["table"])[asked["columns"]].to_numpy(dtype=np.float32)
scores = session.run(["score"], {only.name: rows})[0]
json.dump([float(score) for score in scores.ravel()], sys.stdout)

"""Rates by group and the disparities between groups with fairlearn's MetricFrame: python fairness.py folder"""

import sys

import fairlearn
import numpy as np
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from repeated import print_repeated

folder = sys.argv[1]
labels = np.fromfile(f"{folder}/labels.u8", dtype=np.uint8)
predictions = np.fromfile(f"{folder}/predictions.u8", dtype=np.uint8)
groups = np.fromfile(f"{folder}/groups.i32", dtype=np.int32)
RATES = {"selection_rate": selection_rate, "true_positive_rate": true_positive_rate, "false_positive_rate": false_positive_rate}


def fairness():
    frame = MetricFrame(metrics=RATES, y_true=labels, y_pred=predictions, sensitive_features=groups)
    difference, ratio = frame.difference(), frame.ratio()
    odds = ["true_positive_rate", "false_positive_rate"]
    return {
        **{name: {str(group): rate for group, rate in frame.by_group[name].items()} for name in RATES},
        "demographic_parity_difference": difference["selection_rate"],
        "demographic_parity_ratio": ratio["selection_rate"],
        "equalized_odds_difference": difference[odds].max(),
        "equalized_odds_ratio": ratio[odds].min(),
    }


print_repeated(f"fairlearn {fairlearn.__version__}", fairness)

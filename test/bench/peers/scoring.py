"""A CSV scored by an ONNX model, and the metrics of the scores: python scoring.py exam.csv model.onnx"""

import json
import sys

import numpy as np
import onnxruntime
import pandas as pd
import sklearn
import usage  # noqa: F401
from sklearn import metrics

df = pd.read_csv(sys.argv[1])
labels = df["label"].to_numpy()
features = df[[f"x{number}" for number in range(1, 20)]].to_numpy(np.float32)

session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
scores = session.run(["score"], {"numbers": features})[0].ravel().astype(np.float64)
predictions = (scores >= 0.5).astype(np.int8)

facts = {
    "rows": len(df),
    "positives": labels.sum(),
    "roc_auc": metrics.roc_auc_score(labels, scores),
    "average_precision": metrics.average_precision_score(labels, scores),
    "accuracy": metrics.accuracy_score(labels, predictions),
    "balanced_accuracy": metrics.balanced_accuracy_score(labels, predictions),
    "precision": metrics.precision_score(labels, predictions),
    "recall": metrics.recall_score(labels, predictions),
    "f1": metrics.f1_score(labels, predictions),
    "log_loss": metrics.log_loss(labels, scores),
    "brier": metrics.brier_score_loss(labels, scores),
}
metrics.roc_curve(labels, scores)
right = pd.DataFrame({"region": df["region"], "right": predictions == 1})[labels == 1]
recall = right.groupby("region")["right"].mean().to_dict()
assert facts["roc_auc"] >= 0.65 and facts["brier"] <= 0.25 and min(recall.values()) >= 0.5

peer = f"pandas {pd.__version__}, onnxruntime {onnxruntime.__version__}, scikit-learn {sklearn.__version__}"
json.dump({"peer": peer, "facts": facts, "recall": recall}, sys.stdout, default=float)

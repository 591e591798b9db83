"""A CSV scored by an ONNX model, and the metrics of the scores: python scoring.py exam.csv model.onnx"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import sklearn
import usage  # noqa: F401
from sklearn import metrics

sys.path.append(str(Path(__file__).parents[2] / "peers"))
from quality import quality  # noqa: E402

df = pd.read_csv(sys.argv[1])
labels = df["label"].to_numpy()
features = df[[f"x{number}" for number in range(1, 20)]].to_numpy(np.float32)

session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
scores = session.run(["score"], {"numbers": features})[0].ravel().astype(np.float64)
predictions = (scores >= 0.5).astype(np.int8)

facts = {"rows": len(df), "positives": labels.sum(), **quality(labels, scores, predictions)}
metrics.roc_curve(labels, scores)
right = pd.DataFrame({"region": df["region"], "right": predictions == 1})[labels == 1]
recall = right.groupby("region")["right"].mean().to_dict()
assert facts["roc_auc"] >= 0.65 and facts["brier"] <= 0.25 and min(recall.values()) >= 0.5

peer = f"pandas {pd.__version__}, onnxruntime {onnxruntime.__version__}, scikit-learn {sklearn.__version__}"
json.dump({"peer": peer, "facts": facts, "recall": recall}, sys.stdout, default=float)

"""AUC with scikit-learn: python auc.py folder"""

import sys

import numpy as np
import sklearn
from repeated import print_repeated
from sklearn.metrics import roc_auc_score

folder = sys.argv[1]
labels = np.fromfile(f"{folder}/labels.u8", dtype=np.uint8)
scores = np.fromfile(f"{folder}/scores.f64", dtype=np.float64)

print_repeated(f"scikit-learn {sklearn.__version__}", lambda: {"auc": roc_auc_score(labels, scores)})

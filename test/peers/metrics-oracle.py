"""Reads {"labels": [...], "scores": [...], "predictions": [...]} on stdin, prints scikit-learn's metrics of them as JSON."""

import json
import sys
import warnings

import numpy as np
import sklearn
from quality import quality


def ece(labels, scores, bins=15):
    """Expected calibration error over equal-mass bins; equal scores share the bin of their middle rank."""
    order = np.argsort(scores, kind="stable")
    values, first, count = np.unique(scores[order], return_index=True, return_counts=True)
    bin_of_value = (bins * (2 * first + count - 1)) // (2 * len(scores))
    bin_of = bin_of_value[np.searchsorted(values, scores)]
    return float(sum(abs(np.sum((scores - labels)[bin_of == b])) for b in range(bins)) / len(scores))


def main():
    exam = json.load(sys.stdin)
    labels = np.array(exam["labels"])
    scores = np.array(exam["scores"], dtype=float)
    predictions = np.array(exam["predictions"])
    values = {**quality(labels, scores, predictions), "ece": ece(labels, scores)}
    json.dump({"version": sklearn.__version__, "values": {name: float(value) for name, value in values.items()}}, sys.stdout)


warnings.simplefilter("error")
main()

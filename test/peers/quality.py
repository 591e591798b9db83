"""scikit-learn's metrics of labels, scores and predictions: asked by the oracle, and timed by the benchmark."""

from sklearn import metrics


def quality(labels, scores, predictions):
    return {
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

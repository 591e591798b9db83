/** Which action measures what; a test holds every action's table to it. */
export const CATALOGUE: Readonly<Record<string, readonly string[]>> = {
  'validate-data': [
    'row_count',
    'duplicate_rows',
    'null_count',
    'null_share',
    'distinct_count',
    'duplicate_count',
    'mean',
    'min',
    'max',
    'overlap_rows',
    'new_categories'
  ],
  evaluate: ['roc_auc', 'average_precision', 'accuracy', 'balanced_accuracy', 'precision', 'recall', 'f1', 'log_loss', 'brier', 'ece'],
  'check-fairness': [
    'selection_rate',
    'demographic_parity_difference',
    'demographic_parity_ratio',
    'equalized_odds_difference',
    'equalized_odds_ratio',
    'equal_opportunity_difference',
    'equal_opportunity_ratio'
  ],
  'check-robustness': [
    'unloadable',
    'nondeterminism',
    'invalid_outputs',
    'flip_rate',
    'monotonicity_violations',
    'latency_p50_ms',
    'latency_p95_ms',
    'latency_p99_ms',
    'model_bytes'
  ],
  'deploy-canary': ['error_rate', 'slow_rate', 'latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms']
}

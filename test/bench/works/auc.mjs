import {inProcess} from '../in-process.mjs'

/** AUC with its interval of a million scores against the AUC alone, each measured inside its process. */
export function auc(bench) {
  return inProcess(bench, {work: 'AUC with its interval, 1M scores', name: 'auc', peerName: 'scikit-learn', target: 0.3, tolerance: 1e-12})
}

import {inProcess} from '../in-process.mjs'

/** Rates and disparities of 16 groups, with intervals, against those of fairlearn without, each measured inside its process. */
export function fairness(bench) {
  return inProcess(bench, {work: 'fairness of 16 groups, 1M rows', name: 'fairness', peerName: 'fairlearn', target: 0.2, tolerance: 1e-12})
}

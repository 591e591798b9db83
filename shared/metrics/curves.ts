import type {Series} from '#shared/evidence/evidence'
import {wilson} from '#shared/stats/proportions'
import {sortByClass} from '#shared/stats/ranks'
import {BINS, calibrationBins} from './calibration.js'
import {probableRows, rankedRows, type Scored} from './scored.js'

/** Points of a ROC curve that a chart needs. */
const MOST_POINTS = 200

/** The ROC curve from (0, 0) to (1, 1): x false positive rate, y true positive rate; at most about 200 points. Empty without both classes. */
export function rocCurve(name: string, scored: Scored): Series {
  const {labels, scores} = rankedRows('roc', scored)
  const {positives, negatives} = sortByClass(labels, scores)
  if (positives.length === 0 || negatives.length === 0) return {name, x: [], y: []}
  const x = [0]
  const y = [0]
  let [i, j] = [positives.length - 1, negatives.length - 1]
  while (i >= 0 || j >= 0) {
    const score = Math.max(i >= 0 ? positives[i] : Number.NEGATIVE_INFINITY, j >= 0 ? negatives[j] : Number.NEGATIVE_INFINITY)
    while (i >= 0 && positives[i] === score) i--
    while (j >= 0 && negatives[j] === score) j--
    const [fpr, tpr] = [1 - (j + 1) / negatives.length, 1 - (i + 1) / positives.length]
    const last = x.length - 1
    if (i < 0 && j < 0) {
      x.push(1)
      y.push(1)
    } else if (fpr - x[last] + tpr - y[last] >= 2 / MOST_POINTS) {
      x.push(fpr)
      y.push(tpr)
    }
  }
  return {name, x, y, n: [labels.length]}
}

/** Equal-mass calibration bins: x mean score, y share of positives with Wilson's one-sided 95% bounds, n rows; empty bins are left out. */
export function calibrationCurve(name: string, scored: Scored): Series {
  const ranked = probableRows('calibration', scored)
  const {labels, scores} = ranked
  const binOf = calibrationBins(ranked)
  const sums = Array.from({length: BINS}, () => ({n: 0, score: 0, positives: 0}))
  for (let row = 0; row < scores.length; row++) {
    const bin = sums[binOf[row]]
    bin.n++
    bin.score += scores[row]
    bin.positives += labels[row]
  }
  const held = sums.filter(bin => bin.n > 0)
  const bounds = held.map(({positives, n}) => wilson({successes: positives, n}, 0.05))
  return {
    name,
    x: held.map(bin => bin.score / bin.n),
    y: held.map(bin => bin.positives / bin.n),
    low: bounds.map(({low}) => low),
    high: bounds.map(({high}) => high),
    n: held.map(bin => bin.n)
  }
}

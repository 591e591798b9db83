import {placements} from '#shared/stats/ranks'
import type {Ranked} from './scored.js'

/** A statistic with the derivative of each row's weight: the sum of their squares is its variance. */
export interface Influence {
  readonly value: number
  readonly ofRow: Float64Array
}

/** The area under the ROC curve: the sum of squares is DeLong's variance. Both classes need two rows. */
export function aucInfluence({labels, scores}: Ranked): Influence {
  const ofRow = placements(labels, scores)
  let positives = 0
  let sum = 0
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== 1) continue
    positives++
    sum += ofRow[i]
  }
  const negatives = labels.length - positives
  const value = sum / positives
  const scales = [1 / Math.sqrt(negatives * (negatives - 1)), 1 / Math.sqrt(positives * (positives - 1))]
  for (let i = 0; i < labels.length; i++) ofRow[i] = (ofRow[i] - value) * scales[labels[i]]
  return {value, ofRow}
}

/** Average precision (scikit-learn's step sum), from rows in ascending order of score: the infinitesimal jackknife. Needs a positive. */
export function averagePrecisionInfluence({labels, scores}: Ranked, ascending: Uint32Array): Influence {
  const n = labels.length
  const ofRow = new Float64Array(n)
  const positives = labels.reduce((sum, label) => sum + label, 0)
  let above = positives
  let aboveNegative = n - positives
  let value = 0
  const lost = [0, 0]
  // In order of score: what is read row by row out of a large exam is read once.
  const sorted = new Float64Array(n)
  const truth = new Uint8Array(n)
  for (let i = 0; i < n; i++) {
    sorted[i] = scores[ascending[i]]
    truth[i] = labels[ascending[i]]
  }
  for (let start = 0, end = 0; start < n; start = end) {
    let ties = 0
    for (; end < n && sorted[end] === sorted[start]; end++) ties += truth[end]
    const precision = above / (above + aboveNegative)
    value += (ties * precision) / positives
    lost[1] += (ties * aboveNegative) / (above + aboveNegative) ** 2 / positives
    lost[0] -= (ties * above) / (above + aboveNegative) ** 2 / positives
    for (let i = start; i < end; i++) ofRow[ascending[i]] = truth[i] === 1 ? precision / positives + lost[1] : lost[0]
    above -= ties
    aboveNegative -= end - start - ties
  }
  for (let row = 0; row < n; row++) if (labels[row] === 1) ofRow[row] -= value / positives
  return {value, ofRow}
}

/** Variance of `first - factor * second` on the same rows. */
export function varianceOfDifference(first: Float64Array, second: Float64Array, factor: number): number {
  let sum = 0
  for (let i = 0; i < first.length; i++) sum += (first[i] - factor * second[i]) ** 2
  return sum
}

/** Variance of a statistic of the slice minus factor times that of all rows; `first` is in the order of the slice's rows. */
export function varianceAgainstOverall(first: Float64Array, second: Float64Array, inSlice: Uint8Array, factor: number): number {
  let sum = 0
  for (let i = 0, k = 0; i < second.length; i++) sum += ((inSlice[i] === 1 ? first[k++] : 0) - factor * second[i]) ** 2
  return sum
}

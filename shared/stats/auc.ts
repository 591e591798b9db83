import {placements, sortByClass} from './ranks.js'

export interface Auc {
  /** area under the ROC curve, NaN without both classes */
  readonly auc: number
  /** DeLong's variance of it, NaN with fewer than two rows of a class */
  readonly variance: number
  readonly positives: number
  readonly negatives: number
}

/** Area under the ROC curve with DeLong's variance (1988; by midranks, Sun & Xu 2014). `labels` 0 or 1, `scores` finite; ties count by half. */
export function delong(labels: Uint8Array, scores: ArrayLike<number>): Auc {
  const {positives, negatives} = sortByClass(labels, scores)
  const m = positives.length
  const n = negatives.length
  const sums = {positives: 0, positiveSquares: 0, negatives: 0, negativeSquares: 0}
  for (let i = 0, j = 0; i < m || j < n; ) {
    const score = j >= n || positives[i] <= negatives[j] ? positives[i] : negatives[j]
    const first = i
    const other = j
    while (i < m && positives[i] === score) i++
    while (j < n && negatives[j] === score) j++
    const above = (other + j) / 2 / n - 0.5
    const below = 0.5 - (first + i) / 2 / m
    sums.positives += (i - first) * above
    sums.positiveSquares += (i - first) * above * above
    sums.negatives += (j - other) * below
    sums.negativeSquares += (j - other) * below * below
  }
  const variance = spread(sums.positives, sums.positiveSquares, m) / m + spread(sums.negatives, sums.negativeSquares, n) / n
  return {auc: sums.positives / m + 0.5, variance, positives: m, negatives: n}
}

/** Sample variance from sums that are taken about the middle of [0, 1]. */
function spread(sum: number, squares: number, n: number): number {
  return Math.max(0, squares - (sum * sum) / n) / (n - 1)
}

export interface PairedAuc {
  readonly aucs: readonly [number, number]
  /** first minus second */
  readonly difference: number
  /** of the difference */
  readonly variance: number
  /** DeLong's covariance of both areas */
  readonly covariance: readonly [readonly [number, number], readonly [number, number]]
  readonly positives: number
  readonly negatives: number
}

/** Two areas on the same rows with DeLong's covariance; the variance of `first - factor * second` follows from it. */
export function delongPaired(labels: Uint8Array, first: ArrayLike<number>, second: ArrayLike<number>): PairedAuc {
  const a = placements(labels, first)
  const b = placements(labels, second)
  const ofPositives = covarianceOf(labels, 1, a, b)
  const ofNegatives = covarianceOf(labels, 0, a, b)
  const sum = (key: 'aa' | 'ab' | 'bb') => ofPositives[key] / ofPositives.n + ofNegatives[key] / ofNegatives.n
  const [aa, ab, bb] = [sum('aa'), sum('ab'), sum('bb')]
  return {
    aucs: [ofPositives.a, ofPositives.b],
    difference: ofPositives.a - ofPositives.b,
    variance: Math.max(0, aa - 2 * ab + bb),
    covariance: [
      [aa, ab],
      [ab, bb]
    ],
    positives: ofPositives.n,
    negatives: ofNegatives.n
  }
}

function covarianceOf(labels: Uint8Array, label: 0 | 1, first: Float64Array, second: Float64Array) {
  let n = 0
  let a = 0
  let b = 0
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== label) continue
    n++
    a += first[i]
    b += second[i]
  }
  a /= n
  b /= n
  let aa = 0
  let ab = 0
  let bb = 0
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== label) continue
    const x = first[i] - a
    const y = second[i] - b
    aa += x * x
    ab += x * y
    bb += y * y
  }
  return {n, a, b, aa: aa / (n - 1), ab: ab / (n - 1), bb: bb / (n - 1)}
}

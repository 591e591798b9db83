import {type Point, type Spread, tooFew, tooFewOfClass} from './difference.js'

/** A metric of the order of scores, which needs rows of both classes. */
export function rankingPoint(labels: Uint8Array, value: number): Point {
  const n = labels.length
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const why = n === 0 ? 'no rows' : (tooFewOfClass(positives, n - positives) ?? tooFew(n))
  return {value: Number.isNaN(value) ? null : value, n, rows: n, ...(why === undefined ? {} : {reason: why})}
}

/** Rounding may leave a sum of precisions just below 1. */
export function isPerfect(value: number | null): boolean {
  return value !== null && value >= 1 - 1e-12
}

/**
 * The lower bound of a metric whose order has no mistake, so that its variance says nothing: each row of the smaller class is
 * placed right in full, which happens n times in a row with chance alpha at the mean alpha^(1 / n).
 */
export function leastPerfect(labels: Uint8Array, alpha: number): number {
  const positives = labels.reduce((sum, label) => sum + label, 0)
  return alpha ** (1 / Math.min(positives, labels.length - positives))
}

/** Bounds of `first - factor * second` where both orders are perfect, though by different models. */
export function bothPerfect(labels: Uint8Array, factor: number): Spread {
  return {
    bounds: alpha => ({low: leastPerfect(labels, alpha) - factor, high: 1 - factor * leastPerfect(labels, alpha)}),
    method: 'both orders perfect'
  }
}

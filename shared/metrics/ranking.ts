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

/** How much lower and higher than its value a metric may be although nothing in the rows varies. */
export interface Reach {
  readonly down: (alpha: number) => number
  readonly up: (alpha: number) => number
}

const NONE: Reach = {down: () => 0, up: () => 0}

/** Of an order that varies in no row, by the chance that `leastPerfect` leaves: a perfect one reaches down to it. Nothing where rows vary. */
export function reachOf(labels: Uint8Array, value: number, variance: number): Reach {
  if (!isPerfect(value) && !(variance < 1e-24)) return NONE
  const unseen = (alpha: number) => 1 - leastPerfect(labels, alpha)
  return {down: alpha => value * unseen(alpha), up: alpha => (1 - value) * unseen(alpha)}
}

/** Bounds of `first - factor * second` that allow for what a part without variance may hide (MOVER). */
export function reaching(spread: Spread, value: number, first: Reach, second: Reach, factor: number): Spread {
  if (first === NONE && second === NONE) return spread
  return {
    ...spread,
    bounds: alpha => {
      const {low, high} = spread.bounds(alpha)
      return {
        low: value - Math.hypot(value - low, first.down(alpha), factor * second.up(alpha)),
        high: value + Math.hypot(high - value, first.up(alpha), factor * second.down(alpha))
      }
    },
    method: `${spread.method}, exact for a perfect order`
  }
}

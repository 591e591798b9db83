import type {Bounds, Estimate} from './estimate.js'

export const REPLICATES = 2000

/** Above this share of replicates without a value the interval is not to be trusted. */
const UNDEFINED_SHARE = 0.01

export interface Bootstrap {
  /** the estimate from the rows themselves */
  readonly value: number
  /** the same statistic from resampled rows; NaN where it is not defined there */
  readonly replicates: Float64Array
  readonly n: number
  /** what was resampled: `paired bootstrap` */
  readonly method: string
}

/** An estimate with percentile bounds; with a `reason` when over 1% of the replicates are undefined. */
export function bootstrapEstimate({value, n, replicates, method}: Bootstrap): Estimate {
  return {value, n, ...bootstrapSpread(replicates, method)}
}

/** The same without the value. */
export function bootstrapSpread(replicates: Float64Array, method: string) {
  const sorted = replicates.filter(Number.isFinite).sort()
  const missing = replicates.length - sorted.length
  const spread = {bounds: (alpha: number) => percentileBounds(sorted, alpha), method: `${method}, B = ${replicates.length}`}
  if (missing <= UNDEFINED_SHARE * replicates.length) return spread
  return {...spread, reason: `not defined in ${missing} of ${replicates.length} resamples`}
}

/** One-sided percentile bounds from ascending replicates; infinite where alpha is finer than they can show. */
export function percentileBounds(sorted: Float64Array, alpha: number): Bounds {
  const count = sorted.length
  if (count === 0) return {low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY}
  if (sorted[0] === sorted[count - 1]) return {low: sorted[0], high: sorted[0]}
  const rank = Math.floor(alpha * (count + 1))
  if (rank < 1) return {low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY}
  return {low: sorted[rank - 1], high: sorted[count - rank]}
}

/** `draw()` once for each replicate. */
export function replicate(count: number, draw: () => number): Float64Array {
  return Float64Array.from({length: count}, draw)
}

/** Moves replicates so that the statistic `from` of the cells becomes the statistic `to` of the rows. */
export function recentre(replicates: Float64Array, from: number, to: number): Float64Array {
  return from === to ? replicates : replicates.map(value => value - from + to)
}

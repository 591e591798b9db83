import type {Bounds} from './estimate.js'
import {sampleOf} from './means.js'
import {normalQuantile} from './normal.js'

export const REPLICATES = 2000

/** Above this share of replicates without a value the interval is not to be trusted. */
const UNDEFINED_SHARE = 0.01

/**
 * Percentile bounds of the same statistic from resampled rows (NaN where it is not defined there), `method` says what was resampled: `paired
 * bootstrap`. With a `reason` when over 1% of the replicates are undefined.
 */
export function bootstrapSpread(replicates: Float64Array, method: string) {
  const sorted = replicates.filter(Number.isFinite).sort()
  const missing = replicates.length - sorted.length
  const spread = {bounds: (alpha: number) => percentileBounds(sorted, alpha), method: `${method}, B = ${replicates.length}, normal tail`}
  if (missing <= UNDEFINED_SHARE * replicates.length) return spread
  return {...spread, reason: `not defined in ${missing} of ${replicates.length} resamples`}
}

/**
 * One-sided percentile bounds from ascending replicates. Where alpha is finer than they can show, a normal tail from the outermost one: by their
 * standard deviation, or by the distance from the median to that one where this is longer. Infinite without any spread: replicates that are all the
 * same show only that the rows are too few to vary.
 */
export function percentileBounds(sorted: Float64Array, alpha: number): Bounds {
  const count = sorted.length
  if (count === 0 || sorted[0] === sorted[count - 1]) return {low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY}
  const rank = Math.floor(alpha * (count + 1))
  if (rank >= 1) return {low: sorted[rank - 1], high: sorted[count - rank]}
  const finest = normalQuantile(1 - 1 / (count + 1))
  const deviation = Math.sqrt(sampleOf(count, i => sorted[i]).variance)
  const median = sorted[count >> 1]
  const beyond = (end: number) => Math.max(deviation, Math.abs(end - median) / finest) * (normalQuantile(1 - alpha) - finest)
  return {low: sorted[0] - beyond(sorted[0]), high: sorted[count - 1] + beyond(sorted[count - 1])}
}

/** `draw()` once for each replicate. */
export function replicate(count: number, draw: () => number): Float64Array {
  return Float64Array.from({length: count}, draw)
}

/** Moves replicates so that the statistic `from` of the cells becomes the statistic `to` of the rows. */
export function recentre(replicates: Float64Array, from: number, to: number): Float64Array {
  return from === to ? replicates : replicates.map(value => value - from + to)
}

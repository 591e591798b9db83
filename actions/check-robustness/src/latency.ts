import type {Bounds, Estimate} from '#shared/stats/estimate'
import {betaCdf} from '#shared/stats/special'

/**
 * A quantile of `sorted` with bounds from order statistics, which assume no distribution: the k-th smallest of n lies above the quantile q
 * with probability P(Binomial(n, q) < k). Infinite where n is too small for the level.
 */
export function quantileEstimate(sorted: Float64Array, q: number): Estimate {
  const n = sorted.length
  if (n === 0) return {value: null, n: 0}
  const value = sorted[Math.min(n - 1, Math.ceil(q * n) - 1)]
  const tooFew = n < 30 ? {reason: `${n} calls are too few, 30 are needed`} : {}
  return {value, n, bounds: alpha => quantileBounds(sorted, q, alpha), method: 'order statistics', ...tooFew}
}

export function quantileBounds(sorted: Float64Array, q: number, alpha: number): Bounds {
  const n = sorted.length
  const below = (k: number) => betaCdf(1 - q, n - k + 1, k)
  const upper = firstWhere(n, k => below(k) >= 1 - alpha)
  const lower = firstWhere(n, k => below(k) > alpha) - 1
  return {low: lower >= 1 ? sorted[lower - 1] : 0, high: upper <= n ? sorted[upper - 1] : Number.POSITIVE_INFINITY}
}

/** The smallest k in 1 to n for which a rising condition holds, else n + 1. */
function firstWhere(n: number, holds: (k: number) => boolean): number {
  let [low, high] = [1, n + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (middle <= n && !holds(middle)) low = middle + 1
    else high = middle
  }
  return low
}

/** Quantile of one sample minus `factor` times that of another; bounds by squaring and adding both sides' distances (MOVER). */
export function quantileDifference(candidate: Float64Array, reference: Float64Array, q: number, factor: number): Estimate {
  const [a, b] = [quantileEstimate(candidate, q), quantileEstimate(reference, q)]
  if (a.value === null || b.value === null) return {value: null, n: 0}
  const [own, theirs] = [a.value, b.value]
  const bounds = (alpha: number): Bounds => {
    const [first, second] = [quantileBounds(candidate, q, alpha), quantileBounds(reference, q, alpha)]
    const value = own - factor * theirs
    return {
      low: value - Math.hypot(own - first.low, factor * (second.high - theirs)),
      high: value + Math.hypot(first.high - own, factor * (theirs - second.low))
    }
  }
  return {value: own - factor * theirs, n: a.n, bounds, method: 'order statistics, interleaved', reason: a.reason ?? b.reason}
}

/** Time of one call for one row, in milliseconds. */
export type Call = (row: number) => Promise<number>

const WARM_UP = 20
const CALLS = 1000

/**
 * Times of calls for one row each, sorted; with a champion the two take turns, so that noise of the machine meets both. Ends after 1,000
 * calls each, or when `budgetMs` is spent.
 */
export async function measureLatency(calls: readonly Call[], rows: number, clock: () => number, budgetMs: number): Promise<Float64Array[]> {
  const times = calls.map(() => new Float64Array(CALLS))
  for (let at = 0; at < WARM_UP; at++) for (const call of calls) await call(at % rows)
  const start = clock()
  let count = 0
  while (count < CALLS && (count === 0 || clock() - start < budgetMs)) {
    for (const [which, call] of calls.entries()) times[which][count] = await call(count % rows)
    count += 1
  }
  return times.map(each => each.slice(0, count).sort())
}

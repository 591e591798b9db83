import type {Operator} from '#shared/evidence/evidence'
import type {Bounds, Estimate} from '#shared/stats/estimate'

export const ALPHA = 0.05

/** Whether two finite numbers stand in the relation; anything not finite never does. */
export function meets(value: number, operator: Operator, bound: number): boolean {
  if (!Number.isFinite(value) || !Number.isFinite(bound)) return false
  switch (operator) {
    case '>=':
      return value >= bound
    case '<=':
      return value <= bound
    case '>':
      return value > bound
    case '<':
      return value < bound
    case '==':
      return value === bound
    case '!=':
      return value !== bound
  }
}

/**
 * `pass` when the whole interval meets the bound, equality included where the operator includes it, `fail` when the whole interval misses it,
 * else `inconclusive`. An infinite end meets nothing.
 */
export function decide({low, high}: Bounds, operator: Operator, bound: number): 'pass' | 'fail' | 'inconclusive' {
  const upward = operator === '>=' || operator === '>'
  if (Number.isNaN(low) || Number.isNaN(high) || !Number.isFinite(bound)) return 'inconclusive'
  if (meets(upward ? low : high, operator, bound)) return 'pass'
  return reaches(upward ? high : low, operator, bound) ? 'inconclusive' : 'fail'
}

function reaches(end: number, operator: Operator, bound: number): boolean {
  return end === Number.POSITIVE_INFINITY || end === Number.NEGATIVE_INFINITY || meets(end, operator, bound)
}

/**
 * One-sided p-value of "the bound is met": the smallest alpha at which the whole interval misses it, by bisection on ln alpha;
 * 1 when the estimate itself meets it.
 */
export function missPValue(estimate: Estimate, operator: Operator, bound: number): number {
  if (estimate.value === null || estimate.bounds === undefined) return 1
  const missed = (alpha: number) => decide(estimate.bounds?.(alpha) ?? {low: Number.NaN, high: Number.NaN}, operator, bound) === 'fail'
  if (!missed(0.5)) return 1
  let [low, high] = [Math.log(1e-12), Math.log(0.5)]
  if (missed(Math.exp(low))) return Math.exp(low)
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (missed(Math.exp(middle))) high = middle
    else low = middle
  }
  return Math.exp(high)
}

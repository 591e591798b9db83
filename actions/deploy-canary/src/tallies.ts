/** What was counted of one version in one step. */
export interface Tally {
  readonly requests: number
  readonly errors: number
  /** requests that took at most so many seconds, by bucket */
  readonly buckets: Readonly<Record<string, number>>
}

/** One step of the rollout: how much traffic the candidate was given, and what was counted meanwhile. */
export interface StepTally {
  /** whole percents of the candidate */
  readonly percent: number
  readonly canary: Tally
  readonly stable: Tally
}

/** What a gate counts: failed requests, or requests slower than so many seconds. */
export type Events = 'errors' | {readonly slowerThanS: number}

export const NOTHING: Tally = {requests: 0, errors: 0, buckets: {}}

export function addTallies(first: Tally, second: Tally): Tally {
  const bounds = new Set([...Object.keys(first.buckets), ...Object.keys(second.buckets)])
  const buckets = [...bounds].map(bound => [bound, (first.buckets[bound] ?? 0) + (second.buckets[bound] ?? 0)])
  return {
    requests: first.requests + second.requests,
    errors: first.errors + second.errors,
    buckets: Object.fromEntries(buckets)
  }
}

/** One side of several steps together. */
export function totalOf(steps: readonly StepTally[], side: 'canary' | 'stable'): Tally {
  return steps.reduce((sum, step) => addTallies(sum, step[side]), NOTHING)
}

/** Number of events in a tally; null when its buckets have no such boundary, or when they contradict the count of requests. */
export function countEvents(tally: Tally, events: Events): number | null {
  if (events === 'errors') return tally.errors <= tally.requests ? tally.errors : null
  if (tally.requests === 0) return 0
  const key = boundaryAt(tally, events.slowerThanS)
  const slow = key === undefined ? Number.NaN : tally.requests - tally.buckets[key]
  return slow >= 0 && slow <= tally.requests ? slow : null
}

function boundaryAt(tally: Tally, seconds: number): string | undefined {
  return Object.keys(tally.buckets).find(bound => Math.abs(Number(bound) - seconds) < 1e-9 * seconds)
}

/** Finite boundaries of a tally's buckets in milliseconds, ascending. */
export function boundariesMs(tally: Tally): number[] {
  const seconds = Object.keys(tally.buckets).map(Number)
  return seconds
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
    .map(bound => Number((bound * 1000).toPrecision(12)))
}

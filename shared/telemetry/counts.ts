/** What is counted of one version since its server started. */
export interface Counts {
  readonly requests: number
  readonly errors: number
  /** requests that took at most this many seconds, by the bucket's upper bound; cumulative, `Infinity` last where it was given */
  readonly buckets: Readonly<Record<string, number>>
}

export type CountsByVersion = Readonly<Record<string, Counts>>

export interface Snapshot {
  readonly versions: CountsByVersion
  /** when the counting process started, in seconds since 1970, where it says so */
  readonly startedS?: number
}

const NONE: Counts = {requests: 0, errors: 0, buckets: {}}

/**
 * What was counted between two readings. A server that restarted counts from 0 again: then all of the later reading is new.
 * A version that the later reading lacks has counted nothing.
 */
export function increase(before: Snapshot, after: Snapshot): CountsByVersion {
  const restarted = before.startedS !== undefined && after.startedS !== undefined && after.startedS > before.startedS
  const found: Record<string, Counts> = {}
  for (const [version, later] of Object.entries(after.versions)) {
    const earlier = (Object.hasOwn(before.versions, version) && !restarted && before.versions[version]) || NONE
    found[version] = fell(earlier, later) ? later : subtract(earlier, later)
  }
  return found
}

function fell(earlier: Counts, later: Counts): boolean {
  const lower = (bound: string) => (later.buckets[bound] ?? 0) < earlier.buckets[bound]
  return later.requests < earlier.requests || later.errors < earlier.errors || Object.keys(earlier.buckets).some(lower)
}

function subtract(earlier: Counts, later: Counts): Counts {
  const buckets = Object.entries(later.buckets).map(([bound, count]) => [bound, count - (earlier.buckets[bound] ?? 0)])
  return {requests: later.requests - earlier.requests, errors: later.errors - earlier.errors, buckets: Object.fromEntries(buckets)}
}

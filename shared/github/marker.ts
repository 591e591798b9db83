import {createHash} from 'node:crypto'

/** Which comment is meant, and which run wrote it. */
export interface Marker {
  /** 16 hex digits, from `slotOf` */
  readonly slot: string
  /** GitHub's id of the run: a later run's is greater */
  readonly runId: string
  readonly attempt: number
}

const FORM = /^<!-- trainyard\/v1 slot=([0-9a-f]{16}) run=(\d{1,20}) attempt=(\d{1,6}) -->$/

/** One comment for each name: a repository with two models has two. */
export function slotOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16)
}

/** The first line of a comment: an HTML comment that nobody sees. */
export function markerText({slot, runId, attempt}: Marker): string {
  return `<!-- trainyard/v1 slot=${slot} run=${runId} attempt=${attempt} -->`
}

/** The marker on the first line of a comment, or undefined. */
export function parseMarker(body: string): Marker | undefined {
  const [, slot, runId, attempt] = FORM.exec(body.split('\n', 1)[0].trim()) ?? []
  return slot === undefined ? undefined : {slot, runId, attempt: Number(attempt)}
}

/** Whether `one` was written by a later run than `other`, or by a later attempt of the same. */
export function isNewer(one: Marker, other: Marker): boolean {
  const [a, b] = [BigInt(one.runId), BigInt(other.runId)]
  return a === b ? one.attempt > other.attempt : a > b
}

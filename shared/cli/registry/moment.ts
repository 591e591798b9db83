import {UserError} from '#shared/errors'

/** A time, or a whole day, in UTC. */
export interface Moment {
  readonly from: Date
  /** the same for a time; for a day its last millisecond */
  readonly to: Date
}

const DAY_MS = 24 * 3600 * 1000

/** `2026-11-01` or `2026-11-01T09:30Z`, with seconds and an offset where wanted. Throws UserError of kind usage. */
export function parseMoment(written: string): Moment {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(written)
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/.test(written)
  const from = new Date(day ? `${written}T00:00:00Z` : written)
  const real = Number.isFinite(from.getTime()) && (!day || from.toISOString().startsWith(written))
  if ((!day && !time) || !real)
    throw new UserError(`--at: expected a day or a time with its zone, got "${written}"`, {
      kind: 'usage',
      hint: 'Write 2026-11-01, or 2026-11-01T09:30Z.'
    })
  return {from, to: day ? new Date(from.getTime() + DAY_MS - 1) : from}
}

/** `2026-11-01 09:30:12`, in UTC. */
export function showTime(at: string | Date): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

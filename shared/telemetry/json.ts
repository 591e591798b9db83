import {UserError} from '#shared/errors'
import type {Counts, Snapshot} from './counts.js'

/** Counts by version from JSON: `{version: {requests, errors, buckets?: {seconds: count}}}`, all since a fixed start. Throws UserError. */
export function parseJsonCounts(text: string, where: string): Snapshot {
  const body = parse(text, where)
  if (!isRecord(body)) throw wrong(where, 'expected {version: {requests, errors, buckets}}')
  const versions = Object.entries(body).map(([version, counts]) => [
    version,
    parseCounts(counts, `${where}: version ${version.slice(0, 80)}`)
  ])
  return {versions: Object.fromEntries(versions)}
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(where, `expected JSON, got ${/^\s*</.test(text) ? 'HTML' : `${text.length} characters that are none`}`)
  }
}

function parseCounts(counts: unknown, where: string): Counts {
  if (!isRecord(counts)) throw wrong(where, 'expected {requests, errors, buckets}')
  const buckets = counts.buckets ?? {}
  if (!isRecord(buckets)) throw wrong(where, 'buckets: expected a count by upper bound in seconds')
  const entries = Object.entries(buckets).map(([bound, count]) => {
    const seconds = bound === '+Inf' ? Infinity : Number(bound)
    if (bound.trim() === '' || !(seconds > 0)) throw wrong(where, `buckets: expected seconds, got ${JSON.stringify(bound.slice(0, 40))}`)
    return [String(seconds), parseCount(count, `${where}: buckets`, bound)]
  })
  return {
    requests: parseCount(counts.requests, where, 'requests'),
    errors: parseCount(counts.errors, where, 'errors'),
    buckets: Object.fromEntries(entries)
  }
}

function parseCount(value: unknown, where: string, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw wrong(where, `${name}: expected a whole number of at least 0, got ${JSON.stringify(value)?.slice(0, 40) ?? 'nothing'}`)
}

function wrong(where: string, message: string): UserError {
  return new UserError(`${where}: ${message}`, {
    hint: 'Check telemetry: it must answer with the counts since the server started, by version.'
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import {UserError} from '#shared/errors'
import {CAUSES, PHASES, type Rollout, SCHEMA} from './rollout.js'

const HINT = 'Something other than Trainyard wrote it. Set the weights by hand, then remove it.'

/** A rollout as the registry keeps it. Throws UserError when it is torn, or of another version. */
export function parseRollout(key: string, value: unknown): Rollout {
  const wrong = (field: string) => new UserError(`${key}: ${field} is not that of a rollout`, {hint: HINT})
  const fields = record(value)
  if (fields === undefined) throw wrong('the document')
  if (fields.schema !== SCHEMA) {
    throw new UserError(`${key}: expected the schema ${SCHEMA}, got ${JSON.stringify(fields.schema)}`, {
      hint: 'Another version of Trainyard wrote it: finish the rollout with that one.'
    })
  }
  const bad = Object.entries(FIELDS).find(([field, fits]) => !fits(fields[field]))
  if (bad !== undefined) throw wrong(bad[0])
  const rollout = value as Rollout
  if (rollout.phase === 'step' && (rollout.tallies.length !== rollout.step + 1 || rollout.lastGood === null)) throw wrong('step')
  if (rollout.phase === 'rolling-back' && rollout.lastGood === null) throw wrong('lastGood')
  return rollout
}

type Fits = (value: unknown) => boolean

const text: Fits = value => typeof value === 'string'
const time: Fits = value => typeof value === 'string' && Number.isFinite(Date.parse(value))
const count: Fits = value => typeof value === 'number' && Number.isFinite(value) && value >= 0
const digest: Fits = value => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const maybe =
  (fits: Fits): Fits =>
  value =>
    value === null || fits(value)
const listOf =
  (fits: Fits): Fits =>
  value =>
    Array.isArray(value) && value.every(fits)
const mapOf =
  (fits: Fits): Fits =>
  value =>
    record(value) !== undefined && Object.values(Object(value)).every(fits)
const fieldsOf =
  (fields: Readonly<Record<string, Fits>>): Fits =>
  value =>
    record(value) !== undefined && Object.entries(fields).every(([field, fits]) => fits(record(value)?.[field]))

const tally = fieldsOf({requests: count, errors: count, buckets: mapOf(count)})
const release = {version: text, digest}

const FIELDS: Readonly<Record<Exclude<keyof Rollout, 'schema'>, Fits>> = {
  generation: count,
  endpoint: text,
  name: text,
  candidate: fieldsOf(release),
  lastGood: maybe(digest),
  champion: maybe(fieldsOf({...release, generation: count})),
  approvals: listOf(fieldsOf({environment: text, by: text, comment: text})),
  phase: value => PHASES.some(phase => phase === value),
  steps: listOf(count),
  step: count,
  weights: mapOf(count),
  before: mapOf(count),
  applied: value => typeof value === 'boolean',
  tallies: listOf(fieldsOf({percent: count, canary: tally, stable: tally})),
  counted: maybe(fieldsOf({versions: mapOf(tally)})),
  startedAt: time,
  updatedAt: time,
  elapsedMs: count,
  deadlineMs: count,
  cause: value => value === null || CAUSES.some(cause => cause === value),
  reason: text,
  lease: fieldsOf({holder: text, attempt: count, run: text, expiresAt: time})
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
}

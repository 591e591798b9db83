import {createHash} from 'node:crypto'
import {messageOf, UserError} from '#shared/errors'
import {writeAtomic} from '#shared/files'

const SCHEMA = 'urn:trainyard:training:v1'
const LARGEST_TEXT = 16 << 20

/** What a training left besides its model, so that an unchanged one need not be done again. */
export interface TrainingRecord {
  readonly fingerprint: string
  readonly model: {readonly sha256: string; readonly size: number}
  /** texts of the files, as the command wrote them */
  readonly metrics?: string
  readonly history?: string
  /** last lines of the output */
  readonly tail: readonly string[]
  readonly durationMs: number
  /** ISO 8601, UTC */
  readonly at: string
  readonly runUrl: string
}

/** The record in bytes. Throws UserError when it is torn, or of another version. */
export function parseRecord(bytes: Uint8Array, where: string): TrainingRecord {
  const wrong = (what: string, cause?: unknown) =>
    new UserError(`${where}: ${what}`, {hint: 'It is not taken; the training is done anew.', cause})
  const fields = fieldsOf(bytes, wrong)
  const text = (key: string): string => {
    const value = fields.get(key)
    if (typeof value === 'string') return value
    throw wrong(`${key}: expected text`)
  }
  const digest = (value: unknown, key: string): string => {
    if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return value
    throw wrong(`${key}: expected 64 hex digits`)
  }
  const count = (value: unknown, key: string): number => {
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
    throw wrong(`${key}: expected a number of at least 0`)
  }
  if (fields.get('schema') !== SCHEMA)
    throw wrong(`expected the schema ${SCHEMA}, got ${JSON.stringify(fields.get('schema'))?.slice(0, 60)}`)
  const model = mapOf(fields.get('model'))
  const tail = fields.get('tail')
  if (!Array.isArray(tail) || tail.length > 100 || !tail.every(line => typeof line === 'string')) throw wrong('tail: expected lines')
  return {
    fingerprint: digest(fields.get('fingerprint'), 'fingerprint'),
    model: {sha256: digest(model.get('sha256'), 'model'), size: count(model.get('size'), 'size')},
    ...(fields.has('metrics') && {metrics: text('metrics')}),
    ...(fields.has('history') && {history: text('history')}),
    tail,
    durationMs: count(fields.get('durationMs'), 'durationMs'),
    at: text('at'),
    runUrl: text('runUrl')
  }
}

function fieldsOf(bytes: Uint8Array, wrong: (what: string, cause?: unknown) => UserError): ReadonlyMap<string, unknown> {
  try {
    return mapOf(JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes)))
  } catch (error) {
    throw wrong(`not a whole JSON document (${messageOf(error)})`, error)
  }
}

function mapOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [])
}

/** Writes a record as `training.<first 12 hex digits of its sha256>.json`; gives that name. Undefined where it would be too large to be kept. */
export async function writeRecord(record: TrainingRecord, folder: string): Promise<string | undefined> {
  if ((record.metrics?.length ?? 0) + (record.history?.length ?? 0) > LARGEST_TEXT) return undefined
  const bytes = Buffer.from(`${JSON.stringify({schema: SCHEMA, ...record}, undefined, 1)}\n`)
  const name = `training.${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.json`
  await writeAtomic(`${folder}/${name}`, bytes)
  return name
}

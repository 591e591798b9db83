import {UserError} from '#shared/errors'
import {parseJson} from './record.js'
import type {ObjectStore} from './store.js'

/** What a registry has to know of a rollout that deploy-canary keeps there. */
export interface KeptRollout {
  readonly key: string
  readonly endpoint: string
  readonly name: string
  /** whether it still moves, or has to be finished by another run */
  readonly open: boolean
  /** where a person looks for the run that holds it */
  readonly run: string
  /** every digest that it names, whatever for */
  readonly digests: ReadonlySet<string>
}

const SCHEMA = 'urn:trainyard:canary:v1'
const ENDS = ['promoted', 'rolled-back', 'rollback-failed']

/** Every rollout that the registry holds. Throws UserError where one can't be read: what it needs can't be told then. */
export async function readRollouts(objects: ObjectStore): Promise<KeptRollout[]> {
  const found: KeptRollout[] = []
  for (const key of await objects.list('canaries/')) {
    const stored = await objects.get(key)
    if (stored !== null) found.push(parseKept(key, stored.bytes))
  }
  return found
}

function parseKept(key: string, bytes: Buffer): KeptRollout {
  const fields = fieldsOf(parseJson(key, bytes))
  const text = (name: string): string => {
    const found = fields.get(name)
    if (typeof found === 'string') return found
    throw new UserError(`${key}: ${name} is not that of a rollout`, {hint: 'Something other than Trainyard wrote it: look at it first.'})
  }
  if (text('schema') !== SCHEMA)
    throw new UserError(`${key}: expected the schema ${SCHEMA}, got ${text('schema')}`, {
      hint: 'Another version of Trainyard wrote it: use that one.'
    })
  const lease = fieldsOf(fields.get('lease'))
  return {
    key,
    endpoint: text('endpoint'),
    name: text('name'),
    open: !ENDS.includes(text('phase')),
    run: String(lease.get('run') || lease.get('holder') || key),
    digests: new Set(bytes.toString('utf8').match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? [])
  }
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [])
}

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
  /** of the versions that it may still need: every one that it names as long as it may have to go on or back, at its end what takes traffic */
  readonly digests: ReadonlySet<string>
  /** present when it went back, and is at its end */
  readonly undone?: Undone
}

/** That a candidate was rolled back, for the log. */
export interface Undone {
  readonly name: string
  readonly version: string
  readonly digest: string
  readonly endpoint: string
  /** of the traffic, that the candidate had before it went back; 0: nothing was moved */
  readonly percent: number
  readonly reason: string
  /** ISO 8601, UTC; with version and endpoint it tells one rollout from another */
  readonly startedAt: string
  readonly at: string
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
  const [name, endpoint, phase] = [text('name'), text('endpoint'), text('phase')]
  const all = bytes.toString('utf8').match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? []
  return {
    ...{key, endpoint, name},
    open: !ENDS.includes(phase),
    run: String(lease.get('run') || lease.get('holder') || key),
    digests: new Set(stableOf(phase, fields) ?? all),
    ...(phase === 'rolled-back' && {undone: undoneOf({name, endpoint}, fields, text)})
  }
}

/** What takes traffic after a rollout that ended; undefined: it may still have to go on or back, or does not tell. */
function stableOf(phase: string, fields: ReadonlyMap<string, unknown>): string[] | undefined {
  const weights = fieldsOf(fields.get('weights'))
  const digest = phase === 'promoted' ? fieldsOf(fields.get('candidate')).get('digest') : fields.get('lastGood')
  if ((phase !== 'promoted' && phase !== 'rolled-back') || !fields.has('weights')) return undefined
  return [...weights.keys(), ...(typeof digest === 'string' ? [digest] : [])]
}

function undoneOf(
  about: Pick<Undone, 'name' | 'endpoint'>,
  fields: ReadonlyMap<string, unknown>,
  text: (name: string) => string
): Undone | undefined {
  const candidate = fieldsOf(fields.get('candidate'))
  const [version, digest] = [candidate.get('version'), candidate.get('digest')]
  if (typeof version !== 'string' || typeof digest !== 'string') return undefined
  const percent = Number(fieldsOf(fields.get('before')).get(digest) ?? 0)
  return {...about, version, digest, percent, reason: text('reason'), startedAt: text('startedAt'), at: text('updatedAt')}
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [])
}

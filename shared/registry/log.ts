import {createHash} from 'node:crypto'
import {type Alias, MOVE_EVENTS, type MoveEvent} from './alias.js'
import {type Approval, approvalsIn} from './approval.js'
import type {Manifest} from './manifest.js'
import {type Fields, parseDocument, type Reader, renderDocument} from './record.js'
import type {Undone} from './rollouts.js'
import type {ObjectStore, Written} from './store.js'
import type {Tombstone} from './tombstone.js'

export const LOG_ENTRY = 'urn:trainyard:log:v1'

/** One thing that happened to a model: a version was registered or retired, an alias came to point at one, or a canary of one was rolled back. */
export interface LogEntry {
  readonly schema: typeof LOG_ENTRY
  readonly event: 'registered' | 'retired' | MoveEvent
  readonly version: string
  readonly digest: string
  /** null: the version itself */
  readonly alias: string | null
  /** of the alias; 0 without one */
  readonly generation: number
  readonly reason: string
  readonly previous: {readonly version: string; readonly digest: string} | null
  readonly by: string
  /** ISO 8601, UTC */
  readonly at: string
  readonly runUrl: string
  /** who let it go where it went; absent: nobody was asked */
  readonly approvals?: readonly Approval[]
  /** of a canary that was rolled back; no alias was moved then */
  readonly rollout?: {readonly endpoint: string; readonly percent: number}
}

const EVENTS = ['registered', 'retired', ...MOVE_EVENTS] as const

export function logPrefix(name: string): string {
  return `models/${name}/log/`
}

/** Time and id of an entry follow from what it tells of, so that writing it again after a crash changes nothing. */
export async function logVersion({objects}: {objects: ObjectStore}, manifest: Manifest, reason: string): Promise<void> {
  const {key, bytes} = versionEntry(manifest, reason)
  await objects.putIfAbsent(key, bytes)
}

/** What `logVersion` writes. */
export function versionEntry(manifest: Manifest, reason: string): Written {
  const {name, by, at, runUrl} = manifest
  return entryAbout(name, 'version', {...aboutVersion(manifest), event: 'registered', reason, by, at, runUrl})
}

/** See `logVersion`. */
export async function logRetired({objects}: {objects: ObjectStore}, {manifest, reason, by, at, runUrl}: Tombstone): Promise<void> {
  const {key, bytes} = entryAbout(manifest.name, 'retired', {...aboutVersion(manifest), event: 'retired', reason, by, at, runUrl})
  await objects.putIfAbsent(key, bytes)
}

function aboutVersion({version, digest}: Pick<Manifest, 'version' | 'digest'>) {
  return {schema: LOG_ENTRY, version, digest, alias: null, generation: 0, previous: null} as const
}

function entryAbout(name: string, what: 'version' | 'retired', entry: LogEntry): Written {
  const {version, digest, at} = entry
  return {key: `${logPrefix(name)}${stampOf(at)}-${what}-${version}-${digest.slice(0, 12)}.json`, bytes: renderDocument(entry)}
}

/** See `logVersion`; the id is that of the rollout. */
export async function logUndone(world: {objects: ObjectStore; by: string; runUrl: string}, undone: Undone): Promise<void> {
  await world.objects.putIfAbsent(undoneKey(undone), renderDocument(undoneEntry(undone, world)))
}

export function undoneKey({name, version, digest, endpoint, startedAt}: Undone): string {
  const where = createHash('sha256').update(endpoint).digest('hex').slice(0, 12)
  return `${logPrefix(name)}${stampOf(startedAt)}-canary-${version}-${digest.slice(0, 12)}-${where}.json`
}

/** What `logUndone` writes. */
export function undoneEntry({version, digest, endpoint, percent, reason, at}: Undone, world: Pick<LogEntry, 'by' | 'runUrl'>): LogEntry {
  const {by, runUrl} = world
  return {...aboutVersion({version, digest}), event: 'rolled-back', reason, by, at, runUrl, rollout: {endpoint, percent}}
}

/** See `logVersion`. */
export async function logMove({objects}: {objects: ObjectStore}, name: string, moved: Alias): Promise<void> {
  const {key, bytes} = moveEntry(name, moved)
  await objects.putIfAbsent(key, bytes)
}

/** What `logMove` writes. */
export function moveEntry(name: string, moved: Alias): Written {
  const entry: LogEntry = {...moved, schema: LOG_ENTRY}
  return {key: `${logPrefix(name)}${stampOf(moved.at)}-alias-${moved.alias}-${moved.generation}.json`, bytes: renderDocument(entry)}
}

/** The first 12 digits of the digest of every version that the log tells of: listed, not read. */
export async function loggedDigests({objects}: {objects: ObjectStore}, name: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const key of await objects.list(logPrefix(name))) {
    const [, version, digest] = /\/\d{8}T\d{9}Z-version-(.+)-([0-9a-f]{12})\.json$/.exec(key) ?? []
    if (version !== undefined) found.set(version, digest)
  }
  return found
}

/** The highest generation that the log tells of; 0: it never pointed anywhere. */
export async function lastLoggedGeneration({objects}: {objects: ObjectStore}, name: string, alias: string): Promise<number> {
  const generations = (await objects.list(logPrefix(name))).map(key => {
    const [, logged, generation] = /\/\d{8}T\d{9}Z-alias-(.+)-(\d+)\.json$/.exec(key) ?? []
    return logged === alias ? Number(generation) : 0
  })
  return generations.reduce((highest, generation) => Math.max(highest, generation), 0)
}

/** The entry in stored bytes. Throws UserError when it is torn. */
export function parseLogEntry(key: string, bytes: Uint8Array): LogEntry {
  const {fields, read} = parseDocument(key, bytes, LOG_ENTRY)
  const previous = fields.previous === null ? null : read.fields(fields.previous, 'previous')
  return {
    schema: LOG_ENTRY,
    event: EVENTS.find(event => event === fields.event) ?? read.fail('event', EVENTS.join(', ')),
    version: read.text(fields, 'version'),
    digest: read.sha256(fields, 'digest'),
    alias: fields.alias === null ? null : read.text(fields, 'alias'),
    generation: read.count(fields, 'generation'),
    reason: read.text(fields, 'reason'),
    previous: previous && {version: read.text(previous, 'version'), digest: read.sha256(previous, 'digest')},
    by: read.text(fields, 'by'),
    at: read.time(fields, 'at'),
    runUrl: read.text(fields, 'runUrl'),
    ...approvalsIn(fields, read),
    ...(fields.rollout !== undefined && {rollout: rolloutIn(read.fields(fields.rollout, 'rollout'), read)})
  }
}

function rolloutIn(fields: Fields, read: Reader): LogEntry['rollout'] {
  return {endpoint: read.text(fields, 'endpoint'), percent: read.count(fields, 'percent')}
}

/** Where an alias pointed at a moment, from the log; null: nowhere yet. Moves count in the order of their generations. */
export function aliasOn(entries: readonly LogEntry[], alias: string, at: Date): LogEntry | null {
  const moves = entries.filter(entry => entry.alias === alias && Date.parse(entry.at) <= at.getTime())
  return moves.reduce<LogEntry | null>((last, move) => (last && last.generation > move.generation ? last : move), null)
}

// 2026-01-02T03:04:05.678Z as 20260102T030405678Z: sorts as text, and no store objects to it.
function stampOf(at: string): string {
  return new Date(at).toISOString().replace(/[-:.]/g, '')
}

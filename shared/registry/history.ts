import {UserError} from '#shared/errors'
import {parseAliasRecord} from './alias.js'
import {LOG_ENTRY, type LogEntry, logPrefix, parseLogEntry, undoneEntry, undoneKey} from './log.js'
import {missingGenerations} from './predecessor.js'
import {listVersions, readManifest} from './publication.js'
import {readRollouts} from './rollouts.js'
import type {ObjectStore} from './store.js'

/** What happened to a model, oldest first, and what can't be told. */
export interface History {
  readonly entries: readonly LogEntry[]
  /** torn and missing entries, a sentence each, in the words of a person who may have to look for them */
  readonly holes: readonly string[]
}

/**
 * The log of a model, completed from aliases, manifests and rollouts where a run died before he wrote there. An entry that is torn or gone is a hole and
 * no error, so that the rest can be read.
 */
export async function readHistory(objects: ObjectStore, name: string): Promise<History> {
  const holes: string[] = []
  const keys = await objects.list(logPrefix(name))
  const logged = await readEach(keys, objects, parseLogEntry, holes)
  const aliases = await readEach(await objects.list(`models/${name}/aliases/`), objects, parseAliasRecord, holes)
  const pointed = aliases.flatMap(alias => {
    if (logged.some(entry => entry.alias === alias.alias && entry.generation === alias.generation)) return []
    holes.push(`alias ${alias.alias}: its generation ${alias.generation} is not in the log; told from the alias itself`)
    return [{...alias, schema: LOG_ENTRY} satisfies LogEntry]
  })
  const undone = await unloggedCanaries(objects, name, keys, holes)
  const entries = [...logged, ...pointed, ...undone, ...(await unlogged(objects, name, logged, holes))]
  for (const alias of [...new Set(entries.flatMap(entry => entry.alias ?? []))].sort()) {
    const missing = missingGenerations(entries, alias)
    if (missing.length > 0) holes.push(`alias ${alias}: generation ${missing.join(', ')} is missing from the log`)
  }
  return {entries: entries.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.generation - b.generation), holes}
}

async function readEach<T>(
  keys: readonly string[],
  objects: ObjectStore,
  parse: (key: string, bytes: Uint8Array) => T,
  holes: string[]
): Promise<T[]> {
  const read = await Promise.all(
    keys.map(async key => {
      const stored = await objects.get(key)
      if (stored === null) return {hole: `${key}: was listed and is not there`}
      try {
        return {value: parse(key, stored.bytes)}
      } catch (error) {
        if (error instanceof UserError) return {hole: error.message}
        throw error
      }
    })
  )
  holes.push(...read.flatMap(one => one.hole ?? []))
  return read.flatMap(one => ('value' in one && one.value !== undefined ? [one.value] : []))
}

/** Canaries that were rolled back and are not in the log, told from what deploy-canary keeps of the last rollout on each endpoint. */
async function unloggedCanaries(objects: ObjectStore, name: string, keys: readonly string[], holes: string[]): Promise<LogEntry[]> {
  const rollouts = await readRollouts(objects).catch(error => {
    if (!(error instanceof UserError)) throw error
    holes.push(error.message)
    return []
  })
  const unlogged = rollouts.filter(({undone}) => undone?.name === name && !keys.includes(undoneKey(undone)))
  return unlogged.flatMap(({undone, endpoint}) => {
    if (undone === undefined) return []
    holes.push(`${undone.version}: that its canary on ${endpoint} was rolled back is not in the log; told from the rollout itself`)
    return [undoneEntry(undone, {by: 'deploy-canary', runUrl: ''})]
  })
}

/** Versions that are there and not in the log, told from their manifests. */
async function unlogged(objects: ObjectStore, name: string, logged: readonly LogEntry[], holes: string[]): Promise<LogEntry[]> {
  const told = new Set(logged.filter(({event}) => event === 'registered').map(({version}) => version))
  const found: LogEntry[] = []
  for (const version of (await listVersions(objects, name)).filter(one => !told.has(one))) {
    holes.push(`${version}: its publication is not in the log; told from its manifest`)
    const manifest = await readManifest(objects, name, version)
    if (manifest === null) continue
    const {digest, by, at, runUrl} = manifest
    const rest = {alias: null, generation: 0, reason: '', previous: null}
    found.push({schema: LOG_ENTRY, event: 'registered', version, digest, ...rest, by, at, runUrl})
  }
  return found
}

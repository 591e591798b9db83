import {setTimeout as pause} from 'node:timers/promises'
import {UserError} from '#shared/errors'
import type {Alias} from './alias.js'
import {type Move, readAlias} from './aliases.js'
import {readBlob} from './blobs.js'
import {byWhom} from './by.js'
import {fetchModel} from './fetch-model.js'
import {type History, readHistory} from './history.js'
import {fetchKept, type KeptKind, readKept} from './kept.js'
import {type LogEntry, lastLoggedGeneration, logPrefix, logUndone, parseLogEntry} from './log.js'
import type {Manifest} from './manifest.js'
import {isVersion, parseAlias, parseName} from './names.js'
import {pointAlias} from './pointing.js'
import {listVersions, type Publication, type Published, publish, readManifest} from './publication.js'
import {parseJson, renderDocument} from './record.js'
import {planRetention, type RetentionPlan} from './retention.js'
import {type Retired, retire} from './retirement.js'
import {type Rollback, type RolledBack, rollBack} from './rollback.js'
import type {Undone} from './rollouts.js'
import type {Stores} from './store.js'
import {readTombstone, type Tombstone} from './tombstone.js'

/** What a registry needs of the world besides its stores. */
export interface RegistryWorld {
  readonly now: () => Date
  /** in [0, 1); spreads retries */
  readonly random: () => number
  readonly sleep?: (ms: number) => Promise<void>
  /** who does it, for manifests, aliases and the log */
  readonly by: string
  readonly runUrl: string
  /** one line for the person who watches a long transfer; default: nobody does */
  readonly log?: (line: string) => void
}

export interface Resolved {
  readonly version: string
  readonly digest: string
  /** of the alias that was asked for; absent for a version */
  readonly generation?: number
}

/** Models, their versions, aliases and history under one address. Every method throws UserError for what a person can mend. */
export interface Registry {
  readonly address: string
  /** each request counts against an allowance */
  readonly metered: boolean
  /** Null: no such alias or version. An alias older than one that was seen, or than the log tells of, is an error unless `older` accepts it. */
  resolve(name: string, aliasOrVersion: string, options?: {readonly seen?: number; readonly older?: 'accept'}): Promise<Resolved | null>
  /** Whether the alias ever pointed anywhere, also when it is gone. */
  everPromoted(name: string, alias: string): Promise<boolean>
  /** The models that have versions or aliases here, sorted. */
  names(): Promise<readonly string[]>
  /** The newest `v<n>` first. */
  versions(name: string): Promise<readonly string[]>
  /** Throws when there is none. */
  manifest(name: string, version: string): Promise<Manifest>
  /** Copies the model to `<folder>/model-<12 hex of its digest>/`, checking every byte, unless it is there; gives the path of the file, or of that folder. */
  fetch(name: string, version: string, folder: string): Promise<{readonly path: string; readonly digest: string}>
  /** The documents kept with a version, also with a retired one, checked against their digests. */
  evidence(name: string, version: string): Promise<readonly {readonly action: string; readonly bytes: Buffer}[]>
  /** The profile of the data that was kept with a version, checked against its digest; null: none was. */
  profile(name: string, version: string): Promise<Buffer | null>
  /** Small files kept beside the model of a version, checked. */
  kept(name: string, version: string, kind: KeptKind): Promise<readonly {readonly path: string; readonly bytes: Buffer}[]>
  /** Copies them below a folder, checked; gives their paths. Throws when one is there already. */
  fetchKept(name: string, version: string, kind: KeptKind, folder: string): Promise<readonly string[]>
  publish(publication: Publication): Promise<Published>
  moveAlias(move: Move): Promise<Alias>
  /** Moves an alias back to where it was; see rollBack. */
  rollBack(rollback: Rollback): Promise<RolledBack>
  /** Tells the log that a canary was rolled back; again changes nothing. */
  logUndone(undone: Undone): Promise<void>
  /** Oldest first. Throws when an entry is torn. */
  log(name: string): Promise<readonly LogEntry[]>
  /** The log, with what is torn or missing said rather than thrown. */
  history(name: string): Promise<History>
  /** What is left of a version whose model was removed; null: it never was. */
  tombstone(name: string, version: string): Promise<Tombstone | null>
  /** What retention would remove; see planRetention. */
  planRetention(name: string, keep: number): Promise<RetentionPlan>
  /** Does what a plan says; see retire. */
  retire(plan: RetentionPlan, reason: string): Promise<readonly Retired[]>
  /** A document of its own kind, like `canaries/<hex>.json`; null: none. */
  readState(key: string): Promise<{readonly value: unknown; readonly tag: string} | null>
  /** Writes where the tag is still the one that was read, null for none; the new tag, or null when somebody else wrote first. */
  writeState(key: string, value: object, expectedTag: string | null): Promise<string | null>
}

/** The registry protocol over stores that are open. */
export function registryOn(stores: Stores, {sleep = pause, ...given}: RegistryWorld): Registry {
  const world = {...given, ...stores, sleep: async (ms: number) => void (await sleep(ms))}
  const {objects, blobs} = stores
  const manifest = async (name: string, version: string): Promise<Manifest> => {
    const found = await readManifest(objects, parseName(name), version)
    if (found) return found
    const tombstone = isVersion(version) ? await readTombstone(objects, name, version) : null
    if (tombstone)
      throw new UserError(`${name} ${version}: was retired ${byWhom(tombstone.by)} at ${tombstone.at}`, {
        hint: 'Its evidence is still there, its model is not.'
      })
    const known = await listVersions(objects, name)
    throw new UserError(`${name} ${version}: not in the registry ${stores.address}`, {
      hint: known.length > 0 ? `There are ${known.slice(0, 10).join(', ')}.` : `No version of ${name} was ever published there.`
    })
  }
  return {
    address: stores.address,
    metered: stores.metered ?? false,
    resolve: (name, aliasOrVersion, options) => resolve(stores, name, aliasOrVersion, options),
    everPromoted: async (name, alias) =>
      (await objects.get(`models/${parseName(name)}/aliases/${parseAlias(alias)}.json`)) !== null ||
      (await lastLoggedGeneration(world, name, alias)) > 0,
    names: async () => [...new Set((await objects.list('models/')).map(key => key.split('/')[1]))].sort(),
    versions: name => listVersions(objects, parseName(name)),
    manifest,
    fetch: async (name, version, folder) => await fetchModel(world, await manifest(name, version), folder),
    evidence: async (name, version) => {
      const kept = ((await readTombstone(objects, parseName(name), version))?.manifest ?? (await manifest(name, version))).evidence
      return await Promise.all(
        kept.map(async document => ({
          action: document.action,
          bytes: await readBlob(blobs, {label: `evidence of ${document.action}`, ...document})
        }))
      )
    },
    profile: async (name, version) => {
      const kept = (await manifest(name, version)).profile
      return kept ? await readBlob(blobs, {label: `profile of ${name} ${version}`, ...kept}) : null
    },
    kept: async (name, version, kind) => {
      const files = keptOf(await manifest(name, version), kind)
      return await Promise.all(files.map(async file => ({path: file.path, bytes: await readKept(blobs, file)})))
    },
    fetchKept: async (name, version, kind, folder) => await fetchKept(world, keptOf(await manifest(name, version), kind), folder),
    publish: publication => publish(world, publication),
    moveAlias: async move => {
      const {digest} = await manifest(move.name, move.version)
      if (digest === move.digest) return await pointAlias(world, move)
      throw new UserError(`${move.name} ${move.version}: has digest ${digest}, not ${move.digest}`, {
        hint: 'The alias was left where it is.'
      })
    },
    rollBack: rollback => rollBack(world, rollback),
    logUndone: undone => logUndone(world, undone),
    log: async name => await readLog(stores, parseName(name)),
    history: name => readHistory(objects, parseName(name)),
    tombstone: (name, version) => readTombstone(objects, parseName(name), version),
    planRetention: (name, keep) => planRetention(objects, parseName(name), keep),
    retire: (plan, reason) => retire(world, plan, reason),
    readState: async key => {
      const stored = await objects.get(key)
      return stored && {value: parseJson(key, stored.bytes), tag: stored.tag}
    },
    writeState: (key, value, expectedTag) =>
      expectedTag === null ? objects.putIfAbsent(key, renderDocument(value)) : objects.putIfMatch(key, renderDocument(value), expectedTag)
  }
}

function keptOf({kept = []}: Manifest, kind: KeptKind) {
  return kept.filter(file => file.kind === kind)
}

async function resolve(
  {objects}: Stores,
  name: string,
  aliasOrVersion: string,
  {seen = 0, older}: {seen?: number; older?: 'accept'} = {}
): Promise<Resolved | null> {
  parseName(name)
  if (isVersion(aliasOrVersion)) {
    const found = await readManifest(objects, name, aliasOrVersion)
    return found && {version: found.version, digest: found.digest}
  }
  // The log first: an alias moves before its entry is written, so an honest one is never behind it.
  const logged = await lastLoggedGeneration({objects}, name, parseAlias(aliasOrVersion))
  const alias = await readAlias(objects, name, aliasOrVersion)
  if (!alias) return null
  const newest = Math.max(seen, logged)
  if (alias.generation < newest && older !== 'accept')
    throw new UserError(
      `alias ${aliasOrVersion} of ${name}: points at ${alias.version} (sha256 ${alias.digest}) as of generation ${alias.generation}, older than generation ${newest} that was seen`,
      {
        hint: 'The registry was put back to an older state, or serves a stale copy. If that is meant, name the version, or move the alias anew.'
      }
    )
  return {version: alias.version, digest: alias.digest, generation: alias.generation}
}

async function readLog({objects}: Stores, name: string): Promise<LogEntry[]> {
  const keys = await objects.list(logPrefix(name))
  return await Promise.all(
    keys.map(async key => {
      const stored = await objects.get(key)
      if (stored) return parseLogEntry(key, stored.bytes)
      throw new UserError(`${key}: was listed and is not there`, {hint: 'The log is append-only: find out who deletes from it.'})
    })
  )
}

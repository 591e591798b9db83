import {cp, mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {messageOf, UserError} from '#shared/errors'
import {readBounded, treeDigest} from '#shared/files'
import type {Registry} from '#shared/registry/registry'
import {parseRecord, type TrainingRecord} from './record.js'

const LARGEST_RECORD = 64 << 20
/** Of a registry only the newest versions are looked at. */
const MOST_VERSIONS = 20

/** A place that keeps results under a key; what it returns proves nothing by itself. */
export interface ResultCache {
  /** Puts what lies under the key back to where it was saved from; that folder, or undefined when there is nothing. */
  restore(key: string): Promise<string | undefined>
  /** Saves what `fill` writes into an empty folder; false when it could not. */
  save(key: string, fill: (folder: string) => Promise<void>): Promise<boolean>
  /** Removes what was restored. */
  clear(): Promise<void>
}

export interface Sources {
  readonly registry?: {readonly open: () => Promise<Registry>; readonly name: string}
  readonly cache?: ResultCache
  /** for what is fetched */
  readonly tempDir: string
  readonly log: (line: string) => void
}

/** A training that was done before, its model verified by digest. */
export interface Known {
  readonly record: TrainingRecord
  /** the model's file or folder */
  readonly model: string
  readonly source: 'registry' | 'cache'
  /** `registry: wages v3`, `cache of GitHub Actions` */
  readonly from: string
}

/** Finds a training of this fingerprint: in the registry, else in the cache. What fails is said and is nothing; it never throws. */
export async function findKnown(fingerprint: string, sources: Sources): Promise<Known | undefined> {
  const {registry, cache, log} = sources
  const attempt = async (where: string, find: () => Promise<Known | undefined>): Promise<Known | undefined> => {
    try {
      return await find()
    } catch (error) {
      log(`reuse: the ${where} can't be used: ${messageOf(error)}`)
      return undefined
    }
  }
  const published = registry && (await attempt('registry', () => fromRegistry(fingerprint, registry, sources)))
  return published ?? (cache && (await attempt('cache', () => fromCache(fingerprint, cache))))
}

async function fromRegistry(
  fingerprint: string,
  {open, name}: NonNullable<Sources['registry']>,
  {tempDir}: Sources
): Promise<Known | undefined> {
  const registry = await open()
  for (const version of (await registry.versions(name)).slice(0, MOST_VERSIONS)) {
    const {lineage, digest} = await registry.manifest(name, version)
    if (lineage.fingerprint !== fingerprint) continue
    const [kept] = await registry.kept(name, version, 'training')
    if (kept === undefined) continue
    const record = parseRecord(kept.bytes, `${name} ${version}: ${kept.path}`)
    requireSame(`${name} ${version}`, record, {fingerprint, sha256: digest})
    await mkdir(tempDir, {recursive: true})
    const {path} = await registry.fetch(name, version, await mkdtemp(join(tempDir, 'known-')))
    return {record, model: path, source: 'registry', from: `registry: ${name} ${version}`}
  }
  return undefined
}

async function fromCache(fingerprint: string, cache: ResultCache): Promise<Known | undefined> {
  const folder = await cache.restore(keyOf(fingerprint))
  if (folder === undefined) return undefined
  const record = parseRecord(await readBounded(join(folder, 'training.json'), LARGEST_RECORD), 'the cached training')
  const [name, ...more] = await readdir(join(folder, 'model'))
  if (name === undefined || more.length > 0) throw new UserError('the cached training: expected one model beside its record')
  const model = join(folder, 'model', name)
  requireSame('the cached training', record, {fingerprint, sha256: (await treeDigest(model)).sha256})
  return {record, model, source: 'cache', from: 'cache of GitHub Actions'}
}

function requireSame(where: string, record: TrainingRecord, {fingerprint, sha256}: {fingerprint: string; sha256: string}): void {
  if (record.fingerprint !== fingerprint) throw new UserError(`${where}: is of another training, fingerprint ${record.fingerprint}`)
  if (record.model.sha256 !== sha256)
    throw new UserError(`${where}: its model has sha256 ${sha256}, its record says ${record.model.sha256}`)
}

/** Puts a finished training into the cache. What fails is said; it never throws. */
export async function saveKnown(
  cache: ResultCache,
  record: TrainingRecord,
  files: {readonly model: string; readonly record: string},
  log: Sources['log']
): Promise<void> {
  try {
    const saved = await cache.save(keyOf(record.fingerprint), async folder => {
      await mkdir(join(folder, 'model'), {recursive: true})
      await cp(files.model, join(folder, 'model', basename(files.model)), {recursive: true})
      await cp(files.record, join(folder, 'training.json'))
    })
    log(saved ? `reuse: kept in the cache under the fingerprint ${record.fingerprint.slice(0, 12)}` : 'reuse: not kept in the cache')
  } catch (error) {
    log(`reuse: not kept in the cache: ${messageOf(error)}`)
  }
}

function keyOf(fingerprint: string): string {
  return `trainyard-training-v1-${fingerprint}`
}

/** Writes the files of a training that was done before to where the command would have written them. */
export async function placeKnown(
  {record, model}: Known,
  paths: {readonly model: string; readonly metrics?: string; readonly history?: string}
): Promise<void> {
  await mkdir(dirname(paths.model), {recursive: true})
  await rm(paths.model, {recursive: true, force: true})
  await cp(model, paths.model, {recursive: true})
  for (const [path, text] of [
    [paths.metrics, record.metrics],
    [paths.history, record.history]
  ]) {
    if (path === undefined || text === undefined) continue
    await mkdir(dirname(path), {recursive: true})
    await rm(path, {recursive: true, force: true})
    await writeFile(path, text)
  }
}

import {mkdir, readdir, stat, unlink} from 'node:fs/promises'
import type {IncomingMessage} from 'node:http'
import {join} from 'node:path'
import {messageOf, UserError} from '#shared/errors'
import {sha256File} from '#shared/files'
import {Refusal} from './answers.js'
import {storeBody} from './bodies.js'
import type {Counters, VersionCounter} from './counters.js'
import type {LoadModel, Scorer} from './scorer.js'
import {inTurn} from './turns.js'
import {DIGEST} from './weights.js'

export interface Version {
  readonly digest: string
  /** bytes */
  readonly size: number
  /** ISO 8601 */
  readonly loadedAt: string
  readonly scorer: Scorer
  readonly counter: VersionCounter
}

export interface VersionOptions {
  readonly folder: string
  readonly load: LoadModel
  readonly counters: Counters
  readonly modelLimit: number
  readonly keep: number
  readonly now: () => Date
  readonly log: (line: string) => void
}

/** The models that are loaded, and their files in the data folder. */
export interface Versions {
  get(digest: string): Version | undefined
  list(): readonly Version[]
  /** takes a model from a request; false when it was there. Throws Refusal 413 or 422. */
  add(request: IncomingMessage, digest: string): Promise<boolean>
  /** unloads the oldest versions beyond the limit, never those in use */
  trim(inUse: (digest: string) => boolean): Promise<void>
  close(): Promise<void>
}

/** Opens the folder and loads each model in it; one that no longer loads or whose bytes changed is left out, and said. */
export async function openVersions(options: VersionOptions): Promise<Versions> {
  await mkdir(options.folder, {recursive: true})
  const loaded = new Map<string, Version>()
  for (const digest of await stored(options.folder)) {
    try {
      loaded.set(digest, await loadStored(options, digest))
    } catch (error) {
      options.log(`version ${digest}: left out, ${messageOf(error)}`)
    }
  }
  // One upload at a time: two of one digest must not load it twice, and loading takes memory.
  const turn = inTurn()
  return {
    get: digest => loaded.get(digest),
    list: () => [...loaded.values()],
    add: (request, digest) => turn(() => add(options, loaded, request, digest)),
    trim: inUse => turn(() => trim(options, loaded, inUse)),
    close: async () => {
      for (const version of loaded.values()) await version.scorer.close()
    }
  }
}

// In the order in which they came, so that the oldest go first after a restart too.
async function stored(folder: string): Promise<string[]> {
  const found: {digest: string; at: number}[] = []
  for (const name of await readdir(folder)) {
    if (name.startsWith('tmp-')) await unlink(join(folder, name))
    const digest = name.replace(/\.onnx$/, '')
    if (name !== digest && DIGEST.test(digest)) found.push({digest, at: (await stat(join(folder, name))).mtimeMs})
  }
  return found.sort((a, b) => a.at - b.at).map(file => file.digest)
}

async function loadStored(options: VersionOptions, digest: string): Promise<Version> {
  const {sha256, size} = await sha256File(pathOf(options, digest))
  if (sha256 !== digest) throw new UserError(`its file has SHA-256 ${sha256}`)
  return loadVersion(options, digest, size)
}

async function loadVersion(options: VersionOptions, digest: string, size: number): Promise<Version> {
  const scorer = await options.load(pathOf(options, digest))
  return {digest, size, loadedAt: options.now().toISOString(), scorer, counter: options.counters.of(digest)}
}

async function add(options: VersionOptions, loaded: Map<string, Version>, request: IncomingMessage, digest: string): Promise<boolean> {
  if (loaded.has(digest)) return false
  const size = await storeBody(request, pathOf(options, digest), digest, options.modelLimit)
  try {
    loaded.set(digest, await loadVersion(options, digest, size))
  } catch (error) {
    await unlink(pathOf(options, digest))
    throw new Refusal(422, `model ${digest}: can't be served: ${messageOf(error)}`)
  }
  options.log(`version ${digest}: loaded, ${size} bytes`)
  return true
}

async function trim(options: VersionOptions, loaded: Map<string, Version>, inUse: (digest: string) => boolean): Promise<void> {
  const idle = [...loaded.values()].slice(0, -1).filter(version => !inUse(version.digest))
  for (const version of idle.slice(0, Math.max(0, loaded.size - options.keep))) {
    loaded.delete(version.digest)
    options.counters.drop(version.digest)
    await version.scorer.close()
    await unlink(pathOf(options, version.digest))
    options.log(`version ${version.digest}: unloaded, more than ${options.keep} versions`)
  }
}

function pathOf(options: VersionOptions, digest: string): string {
  return join(options.folder, `${digest}.onnx`)
}

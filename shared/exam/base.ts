import {join} from 'node:path'
import {messageOf, UserError} from '#shared/errors'
import type {Gate} from '#shared/gates/gate'
import {type AddressWorld, openRegistry} from '#shared/registry/address'
import type {Manifest} from '#shared/registry/manifest'
import type {Registry} from '#shared/registry/registry'
import type {Champion} from './champion.js'

/** The history before what is judged. Everything throws UserError. */
export interface BaseCommits {
  /** the commit that it is compared with and how people call it; or why there is none */
  start(): Promise<{readonly sha: string; readonly name: string} | {readonly none: string}>
  /** this commit and its ancestors, nearest first, some at a time; `at` is empty where it is not known */
  pages(sha: string): AsyncIterable<readonly Commit[]>
}

interface Commit {
  readonly sha: string
  /** ISO 8601 */
  readonly at: string
}

export interface BaseRequest {
  readonly gates: readonly Gate[]
  readonly name?: string
  readonly registry?: string
}

const MOST_VERSIONS = 200

/**
 * Finds the newest version that was published from the commit that this run is compared with, or from its nearest ancestor that published, and
 * fetches its bytes below `tempDir`. Undefined when no gate asks for `base`. Never throws: what went wrong is the state's message.
 */
export async function findBase(
  {gates, name, registry}: BaseRequest,
  world: AddressWorld & {readonly tempDir: string},
  commits: BaseCommits
): Promise<Champion | undefined> {
  if (!gates.some(({bound}) => bound.reference === 'base')) return undefined
  try {
    const start = await commits.start()
    if ('none' in start) return absent(start.none)
    if (registry === undefined) return failed('no registry is given to find it in; give registry (or TRAINYARD_REGISTRY)')
    if (name === undefined) return failed('no name is given to find it under; give name')
    const opened = await openRegistry(registry, world)
    const found = await nearestVersion(opened, name, commits.pages(start.sha))
    if (typeof found === 'string') return absent(`${found} ${start.name} (${start.sha.slice(0, 12)})`)
    const {path} = await opened.fetch(name, found.version, join(world.tempDir, 'champion'))
    const title = `${found.version} (base, from ${found.commit?.slice(0, 12)})`
    return {state: {kind: 'ready'}, sitter: {kind: 'model', path, name: `${name} ${title}`}, title}
  } catch (error) {
    const hint = error instanceof UserError && error.hint ? `. ${error.hint.replaceAll('\n', ' ')}` : ''
    return failed(`it could not be had: ${messageOf(error)}${hint}`)
  }
}

function failed(message: string): Champion {
  return {state: {kind: 'error', message: `base: ${message}`}, title: 'not found'}
}

function absent(message: string): Champion {
  return {state: {kind: 'inconclusive', message: `base: ${message}`}, title: 'none'}
}

/** The manifest, or the beginning of why there is none. */
async function nearestVersion(registry: Registry, name: string, pages: AsyncIterable<readonly Commit[]>): Promise<Manifest | string> {
  const versions = (await registry.versions(name)).slice(0, MOST_VERSIONS)
  if (versions.length === 0) return `no version of ${name} was ever published, so none from`
  const read = new Map<string, Manifest>()
  const manifestOf = async (version: string) => {
    const manifest = read.get(version) ?? (await registry.manifest(name, version))
    read.set(version, manifest)
    return manifest
  }
  let looked = 0
  for await (const page of pages) {
    const found = await newestFrom(page, versions, manifestOf)
    if (found !== undefined) return found
    looked += page.length
  }
  return `no version of ${name} among the newest ${versions.length} was published from one of ${looked} commits up to`
}

/** Of the versions that were published from one of these commits, the newest of the nearest. */
async function newestFrom(
  page: readonly Commit[],
  versions: readonly string[],
  manifestOf: (version: string) => Promise<Manifest>
): Promise<Manifest | undefined> {
  let nearer = page
  let best: Manifest | undefined
  let older = false
  for (const version of versions) {
    const counted = /^v\d+$/.test(version)
    if (nearer.length === 0 || (older && counted)) continue
    const manifest = await manifestOf(version)
    const rank = nearer.findIndex(({sha}) => sha === manifest.commit)
    if (rank >= 0) {
      best = manifest
      nearer = nearer.slice(0, rank)
    } else if (counted) older = nearer.every(({at}) => at !== '' && Date.parse(manifest.at) < Date.parse(at))
  }
  return best
}

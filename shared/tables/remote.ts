import {createHash} from 'node:crypto'
import {createWriteStream, rmSync, statSync} from 'node:fs'
import {mkdir, mkdtemp, statfs} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {UserError} from '#shared/errors'
import {requireFormat} from './format.js'
import {beginPartial, otherBytes, type Partial, uncopied} from './partial.js'
import {openHttps} from './remote-https.js'
import {nameS3, openS3} from './remote-s3.js'

/** What reading an address needs of the world. */
export interface RemoteWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly fetch: typeof fetch
  /** in [0, 1); spreads retries */
  readonly random?: () => number
  /** one line for the person who watches a long transfer */
  readonly log?: (line: string) => void
}

/** The bytes behind an address, to be read once. The stream fails when they break off or change meanwhile. */
export interface RemoteFile {
  /** bytes; undefined: the server does not say */
  readonly size?: number
  /** of the whole, where the store keeps it */
  readonly sha256?: string
  readonly stream: AsyncIterable<Uint8Array>
}

/** A copy of what lay at an address, in a folder of its own. */
export interface Copy {
  /** absolute */
  readonly path: string
  /** the address without query and fragment, which may hold secrets */
  readonly name: string
  remove(): void
}

/** Paths of this machine alone, with the names under which copies are shown. */
export interface Local {
  readonly paths: readonly string[]
  /** by path */
  readonly names: ReadonlyMap<string, string>
  /** those of which only parts are here */
  readonly partials: readonly Partial[]
  remove(): void
}

const MOST_BYTES = 100e9

/** Whether this names something elsewhere rather than a file. */
export function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path)
}

/** A path as it may be shown and kept: of an address neither query nor fragment nor credentials. */
export function shownAddress(path: string): string {
  if (!isAddress(path)) return path
  const bare = path.startsWith('s3://') ? path : path.replace(/[?#].*$/s, '')
  return bare.replace(/\/\/[^/]*@/, '//')
}

/**
 * Copies what lies at an `s3://` or `https://` address below `tempDir`, hashed on its way where the store keeps a digest to compare with. Throws
 * UserError, with the address as it may be shown, on whatever keeps the whole from arriving.
 */
export async function copyOf(address: string, tempDir: string, world: RemoteWorld): Promise<Copy> {
  const name = shownAddress(address)
  const remote = await open(address, name, world)
  const limit = await room(tempDir, name, remote.size)
  const {path, remove} = await place(tempDir, name)
  try {
    await pipeline(Readable.from(proven(remote, name, limit)), createWriteStream(path, {flags: 'wx'}))
    world.log?.(`${name}: copied, ${gigabytes(statSync(path).size)}`)
    return {path, name, remove}
  } catch (error) {
    remove()
    throw uncopied(name, tempDir, error)
  }
}

interface Whereabouts {
  readonly tempDir: string
  readonly world?: RemoteWorld
  /** columns are asked for by name: of Parquet in a store that names its digest only those are brought, when they are */
  readonly byColumns?: boolean
}

/**
 * Copies every address among paths and globs, in their order. Throws UserError as `copyOf` does, before anything is copied where a name does not
 * end as data do.
 */
export async function localOf(paths: readonly string[], {tempDir, world, byColumns = false}: Whereabouts): Promise<Local> {
  const copies = new Map<string, Copy & {readonly partial?: Partial}>()
  const partials = () => [...copies.values()].flatMap(({partial}) => partial ?? [])
  const remove = () => {
    for (const partial of partials()) partial.close()
    for (const copy of copies.values()) copy.remove()
  }
  for (const path of paths.filter(isAddress)) requireFormat(shownAddress(path))
  try {
    for (const path of paths.filter(isAddress)) {
      if (world === undefined)
        throw new UserError(`${shownAddress(path)}: only files are read here`, {kind: 'usage', hint: 'Bring it by a step before.'})
      if (copies.has(path)) continue
      const begun =
        byColumns && path.startsWith('s3://') && requireFormat(path) === 'parquet' ? await begin(path, tempDir, world) : undefined
      copies.set(path, begun ?? (await copyOf(path, tempDir, world)))
    }
  } catch (error) {
    remove()
    throw error
  }
  const names = new Map([...copies.values()].map(copy => [copy.path, copy.name]))
  return {paths: paths.map(path => copies.get(path)?.path ?? path), names, partials: partials(), remove}
}

/** Undefined where the whole is to be copied. */
async function begin(address: string, tempDir: string, world: RemoteWorld): Promise<(Copy & {readonly partial: Partial}) | undefined> {
  await mkdir(tempDir, {recursive: true})
  const named = await nameS3(address, world)
  if (named === undefined) return undefined
  const name = shownAddress(address)
  const {path, remove} = await place(tempDir, name)
  try {
    const partial = await beginPartial(named, name, path, bytes => room(tempDir, name, bytes))
    if (partial !== undefined) return {path, name, partial, remove}
    remove()
    return undefined
  } catch (error) {
    remove()
    throw error
  }
}

async function place(tempDir: string, name: string): Promise<Pick<Copy, 'path' | 'remove'>> {
  const folder = await mkdtemp(join(tempDir, 'data-'))
  return {path: join(folder, basename(name).replace(/[^\w.-]/g, '_')), remove: () => rmSync(folder, {recursive: true, force: true})}
}

function open(address: string, name: string, world: RemoteWorld): Promise<RemoteFile> {
  if (address.startsWith('s3://')) return openS3(address, world)
  if (/^https?:\/\//.test(address)) return openHttps(address, name, world)
  throw new UserError(`${name}: expected a file, s3://bucket/key or https://…`, {
    kind: 'usage',
    hint: 'Data of another kind is brought by a step before this one.'
  })
}

/** The most bytes that may come. */
async function room(tempDir: string, name: string, size = 0): Promise<number> {
  await mkdir(tempDir, {recursive: true})
  const {bavail, bsize} = await statfs(tempDir)
  const limit = Math.min(MOST_BYTES, bavail * bsize)
  if (size <= limit) return limit
  throw new UserError(`${name}: has ${gigabytes(size)}, and ${tempDir} takes ${gigabytes(limit)}`, {
    hint: 'Data from elsewhere is copied there first: free some space, or use a runner with a larger disk.'
  })
}

async function* proven({stream, size, sha256}: RemoteFile, name: string, limit: number): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let passed = 0
  for await (const chunk of stream) {
    passed += chunk.length
    if (passed > limit)
      throw new UserError(`${name}: has more than ${gigabytes(limit)}`, {hint: 'Name a smaller file, or use a runner with a larger disk.'})
    if (sha256 !== undefined) hash.update(chunk)
    yield chunk
  }
  if (size !== undefined && passed !== size)
    throw new UserError(`${name}: broke off: expected ${size} bytes, got ${passed}`, {hint: 'Run this again.'})
  const got = sha256 === undefined ? undefined : hash.digest('hex')
  if (sha256 !== undefined && got !== undefined && got !== sha256) throw otherBytes(name, sha256, got)
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}

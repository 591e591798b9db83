import {createHash} from 'node:crypto'
import * as disk from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {pathToFileURL} from 'node:url'
import {codeOf, UserError} from '#shared/errors'
import {type FileSystem, readFolder, remove, unlessAbsent, writeThrough} from './durable.js'
import {folderBlobs} from './folder-blobs.js'
import {parseKey} from './key.js'
import type {ObjectStore, StoredObject, Stores} from './store.js'

/**
 * Whoever is overtaken by that many others between a link and the look after it takes a success for a loss, and writes again. Eight came to pass on
 * a busy machine; sixty-four may, and have not been seen.
 */
const KEPT_GENERATIONS = 64
const LARGEST_OBJECT = 64 << 20

/** A registry in a folder of one machine. Throws UserError naming the path whenever the file system refuses. */
export function folderStores(address: string, root: string, {now, fs = disk}: {now: () => Date; fs?: FileSystem}): Stores {
  const folder = resolve(root)
  return {
    address,
    objects: folderObjects(folder, fs, now),
    blobs: folderBlobs(folder, fs, now),
    urlOf: key => pathToFileURL(join(folder, key)).href
  }
}

/*
 * An object is its first generation under the plain name and later ones as `name@2`, `name@3`, …; the highest counts. Each is linked into place,
 * which one process alone can do, so that compare-and-swap needs no lock and no holder of it can die. Old generations are removed, the
 * lowest first, when at least KEPT_GENERATIONS later ones exist, 1 and 2 never: whoever finds that many later ones after linking may
 * have linked a removed generation anew, and has lost.
 */
function folderObjects(root: string, fs: FileSystem, now: () => Date): ObjectStore {
  const place = async (key: string, bytes: Uint8Array, generation: number): Promise<string | null> => {
    const path = pathOf(root, key)
    const target = fileOf(path, generation)
    const linked = await writeThrough(fs, target, now, async temporary => {
      await writeFile(fs, temporary, bytes)
      return await fs.link(temporary, target).then(
        () => true,
        error => {
          if (codeOf(error) === 'EEXIST') return false
          throw error
        }
      )
    })
    if (!linked) return null
    const later = await generationsOf(fs, path)
    const highest = Math.max(generation, ...later)
    if (generation > 2 && highest >= generation + KEPT_GENERATIONS) return null
    for (const old of later) if (old > 2 && old <= highest - KEPT_GENERATIONS) await remove(fs, fileOf(path, old))
    return tagOf(generation, bytes)
  }
  return {
    get: key => readNewest(fs, pathOf(root, key)).then(newest => newest && {bytes: newest.bytes, tag: newest.tag}),
    putIfAbsent: async (key, bytes) => {
      const path = pathOf(root, key)
      const left = await generationsOf(fs, path)
      // A deletion that was cut short: what it left would come back to life above the new first generation.
      if (left.length > 0 && left[0] > 1) for (const old of left) await remove(fs, fileOf(path, old))
      return await place(key, bytes, 1)
    },
    putIfMatch: async (key, bytes, tag) => {
      const newest = await readNewest(fs, pathOf(root, key))
      return newest?.tag === tag ? await place(key, bytes, newest.generation + 1) : null
    },
    list: async prefix => await listKeys(fs, root, prefix.replace(/\/$/, '')),
    delete: async key => {
      const path = pathOf(root, key)
      for (const generation of await generationsOf(fs, path)) await remove(fs, fileOf(path, generation))
    }
  }
}

async function readNewest(fs: FileSystem, path: string): Promise<(StoredObject & {generation: number}) | null> {
  for (let attempt = 0; attempt < 100; attempt++) {
    // Nearly everything has one generation: looking for a second one before the first is read spares listing the folder.
    const single = !(await exists(fs, fileOf(path, 2)))
    const generation = single ? 1 : Math.max(...(await generationsOf(fs, path)))
    const bytes = await readFile(fs, fileOf(path, generation))
    if (bytes) return {bytes, generation, tag: tagOf(generation, bytes)}
    if (single) return null
  }
  throw new UserError(`${path}: moved on a hundred times while it was read`, {hint: 'Find out who writes it without a pause.'})
}

/** Sorted, the lowest first. */
async function generationsOf(fs: FileSystem, path: string): Promise<number[]> {
  const base = path.slice(dirname(path).length + 1)
  const generations = (await readFolder(fs, dirname(path))).map(({name}) => {
    if (name === base) return 1
    return name.startsWith(`${base}@`) ? Number(name.slice(base.length + 1)) : Number.NaN
  })
  return generations.filter(generation => Number.isSafeInteger(generation)).sort((a, b) => a - b)
}

async function listKeys(fs: FileSystem, root: string, folder: string): Promise<string[]> {
  const keys = new Set<string>()
  for (const entry of await readFolder(fs, join(root, folder))) {
    const name = entry.name.split('@')[0]
    if (name === '') continue
    if (entry.isDirectory()) for (const key of await listKeys(fs, root, `${folder}/${name}`)) keys.add(key)
    else keys.add(`${folder}/${name}`)
  }
  return [...keys].sort()
}

function pathOf(root: string, key: string): string {
  return join(root, parseKey(key))
}

function fileOf(path: string, generation: number): string {
  return generation === 1 ? path : `${path}@${generation}`
}

function tagOf(generation: number, bytes: Uint8Array): string {
  return `${generation}-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`
}

async function writeFile(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function exists(fs: FileSystem, path: string): Promise<boolean> {
  return (await fs.lstat(path).catch(unlessAbsent(path))) !== undefined
}

async function readFile(fs: FileSystem, path: string): Promise<Buffer | undefined> {
  const file = await fs.open(path, 'r').catch(unlessAbsent(path))
  if (!file) return undefined
  try {
    const {size} = await file.stat()
    if (size > LARGEST_OBJECT) throw new UserError(`${path}: larger than any registry document`, {hint: 'Something else wrote it.'})
    return await file.readFile()
  } finally {
    await file.close()
  }
}

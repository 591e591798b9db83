import type {BigIntStats} from 'node:fs'
import {readdir, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {codeOf} from '#shared/errors'

/** When and as what each file of a path was last written, by path from it; a single file is `.`. */
export type Stamp = ReadonlyMap<string, string>

/** The stamp of a file, or of all files of a folder; undefined when there is nothing. */
export async function readStamp(path: string): Promise<Stamp | undefined> {
  const found = await statOf(path)
  if (found === undefined) return undefined
  const stamps = new Map<string, string>()
  const walk = async (below: string, entry: BigIntStats): Promise<void> => {
    if (!entry.isDirectory()) {
      stamps.set(below === '' ? '.' : below, `${entry.dev} ${entry.ino} ${entry.size} ${entry.mtimeNs}`)
      return
    }
    for (const name of await readdir(join(path, below))) {
      const inner = await statOf(join(path, below, name))
      if (inner !== undefined) await walk(below === '' ? name : `${below}/${name}`, inner)
    }
  }
  await walk('', found)
  return stamps
}

/** The files that are there after and were there before with the same stamp: nobody has written them since. */
export function unwritten(before: Stamp | undefined, after: Stamp): readonly string[] {
  return [...after].filter(([path, stamp]) => before?.get(path) === stamp).map(([path]) => path)
}

/** What was written, changed or removed between two stamps, in order. */
export function differing(before: Stamp = new Map(), after: Stamp = new Map()): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(path => before.get(path) !== after.get(path)).sort()
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  return stat(path, {bigint: true}).catch(error => {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined
    throw error
  })
}

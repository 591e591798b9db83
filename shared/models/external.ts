import {lstat} from 'node:fs/promises'
import {join} from 'node:path'
import {codeOf, messageOf, UserError} from '#shared/errors'
import type {ExternalTensor} from './outline.js'

const KEYS = ['location', 'offset', 'length', 'checksum']

/**
 * The files beside a model in which its tensors lie, as paths relative to the model's folder, each once. Throws UserError that names the
 * tensor when a path leaves the folder, is a link, or when a range doesn't lie within its file.
 */
export async function checkExternals(folder: string, externals: readonly ExternalTensor[], model: string): Promise<string[]> {
  const sizes = new Map<string, number>()
  for (const tensor of externals) {
    const refuse = refusal(model, tensor)
    const {location, offset, length} = parseEntries(tensor, refuse)
    const problem = problemOfLocation(location)
    if (problem) throw refuse(`its location ${JSON.stringify(location)} ${problem}`)
    const size = sizes.get(location) ?? (await sizeOf(folder, location, refuse))
    sizes.set(location, size)
    if (offset > size) throw refuse(`its offset ${offset} lies beyond ${location}, which has ${size} bytes`)
    if (length !== undefined && offset + length > size)
      throw refuse(`its range of ${length} bytes at ${offset} ends beyond ${location}, which has ${size} bytes`)
  }
  return [...sizes.keys()]
}

/** A single file may have no tensor elsewhere: the digest of the file would not cover it. */
export function refuseExternals(externals: readonly ExternalTensor[], model: string): void {
  if (externals.length === 0) return
  const [tensor] = externals
  const location = tensor.entries.find(([key]) => key === 'location')?.[1] ?? ''
  throw refusal(model, tensor)(`it lies in another file (${JSON.stringify(location)}), and the model was given as a single file`)
}

type Refuse = (problem: string) => UserError

function refusal(model: string, {name}: ExternalTensor): Refuse {
  return problem =>
    new UserError(`${model}: the tensor ${JSON.stringify(name)} is refused: ${problem}`, {
      hint: 'Give a folder that holds the model and its data files, or export to one file (save_as_external_data=False).'
    })
}

function parseEntries({entries}: ExternalTensor, refuse: Refuse): {location: string; offset: number; length: number | undefined} {
  const found = new Map<string, string>()
  for (const [key, value] of entries) {
    if (!KEYS.includes(key)) throw refuse(`its key ${JSON.stringify(key)} is unknown`)
    if (found.has(key)) throw refuse(`its ${key} is given twice`)
    found.set(key, value)
  }
  const number = (key: string) => {
    const text = found.get(key)
    if (text === undefined) return undefined
    if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
      throw refuse(`its ${key} ${JSON.stringify(text)} is not a count of bytes`)
    return Number(text)
  }
  return {location: found.get('location') ?? '', offset: number('offset') ?? 0, length: number('length')}
}

function problemOfLocation(location: string): string | undefined {
  if (location === '') return 'is empty'
  if (/[\0-\x1f]/.test(location)) return 'holds a control character'
  if (location.includes('\\')) return 'holds a backslash'
  if (location.startsWith('/') || /^[A-Za-z]:/.test(location)) return 'is absolute'
  if (location.split('/').some(part => part === '..' || part === '')) return "leaves the model's folder"
  if (location.split('/').some(part => part.startsWith('.'))) return 'is hidden'
  return undefined
}

/** Size of a plain file that is reached through plain folders only. */
async function sizeOf(folder: string, location: string, refuse: Refuse): Promise<number> {
  const parts = location.split('/')
  for (let depth = 1; depth < parts.length; depth++) {
    const parent = parts.slice(0, depth).join('/')
    const stat = await statOf(folder, parent, location, refuse)
    if (!stat.isDirectory()) throw refuse(`its location ${JSON.stringify(location)} lies behind ${parent}, which is ${kindOf(stat)}`)
  }
  const stat = await statOf(folder, location, location, refuse)
  if (!stat.isFile()) throw refuse(`its location ${JSON.stringify(location)} is ${kindOf(stat)}`)
  if (stat.nlink > 1) throw refuse(`its location ${JSON.stringify(location)} is a hard link: the file has ${stat.nlink} names`)
  return stat.size
}

function kindOf(stat: {isSymbolicLink(): boolean; isDirectory(): boolean}): string {
  return stat.isSymbolicLink() ? 'a symbolic link' : stat.isDirectory() ? 'a folder' : 'no plain file'
}

async function statOf(folder: string, path: string, location: string, refuse: Refuse) {
  try {
    return await lstat(join(folder, path))
  } catch (error) {
    const problem = codeOf(error) === 'ENOENT' ? 'does not exist' : `can't be read (${messageOf(error)})`
    throw refuse(`its location ${JSON.stringify(location)} ${problem}`)
  }
}

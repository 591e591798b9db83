import {createHash, randomBytes} from 'node:crypto'
import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs'
import {type FileHandle, link, lstat, mkdir, open, readdir, rename, unlink} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {codeOf, messageOf, UserError} from './errors.js'

const READ_BYTES = 1 << 20
// Opening a named pipe that nobody writes would wait for ever.
const READ_NOW = constants.O_RDONLY | constants.O_NONBLOCK

export interface FileDigest {
  readonly sha256: string
  /** bytes */
  readonly size: number
}

export interface TreeDigest extends FileDigest {
  /** every regular file, by `/`-separated path from the root, sorted by its UTF-8 bytes; a single file is its own name */
  readonly files: readonly ({readonly path: string} & FileDigest)[]
}

/** SHA-256 of a regular file. Throws UserError when it can't be read or changes while it is read. */
export async function sha256File(path: string): Promise<FileDigest> {
  let descriptor: number
  try {
    descriptor = openSync(path, READ_NOW)
  } catch (error) {
    throw unreadable(path, error)
  }
  try {
    return digestOf(descriptor, path)
  } finally {
    closeSync(descriptor)
  }
}

// Synchronous reads of 1 MiB hash 2.5 times faster than a stream of default chunks.
function digestOf(descriptor: number, path: string): FileDigest {
  const before = fstatSync(descriptor, {bigint: true})
  if (!before.isFile()) throw new UserError(`${path}: expected a file`, {hint: 'Name a regular file.'})
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  let size = 0
  for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer)) {
    hash.update(buffer.subarray(0, read))
    size += read
  }
  const after = fstatSync(descriptor, {bigint: true})
  if (BigInt(size) !== before.size || after.size !== before.size || after.mtimeNs !== before.mtimeNs)
    throw new UserError(`${path}: changed while it was read`, {hint: 'Let what writes it end first.'})
  return {sha256: hash.digest('hex'), size}
}

/**
 * Digest of a file (its SHA-256) or of a folder: SHA-256 over `trainyard-tree/v1 LF` and, sorted by path, `path NUL size NUL sha256 LF`.
 * Throws UserError on symbolic links, hidden files, names that are no NFC UTF-8, and names that differ only in case or normal form.
 */
export async function treeDigest(root: string): Promise<TreeDigest> {
  const stat = await lstat(root).catch(error => {
    throw unreadable(root, error)
  })
  if (stat.isFile()) {
    const digest = await sha256File(root)
    return {...digest, files: [{path: root.split(/[\\/]/).at(-1) ?? root, ...digest}]}
  }
  if (!stat.isDirectory())
    throw new UserError(`${root}: expected a file or a folder`, {hint: 'Symbolic links and devices are not followed.'})
  const paths = await listTree(root)
  if (paths.length === 0)
    throw new UserError(`${root}: the folder is empty`, {hint: 'An empty folder has no digest that would mean anything.'})
  refuseCollisions(root, paths)
  const files: ({path: string} & FileDigest)[] = []
  for (const path of paths) files.push({path, ...(await sha256File(join(root, path)))})
  return {sha256: digestOfTree(files), size: files.reduce((sum, file) => sum + file.size, 0), files}
}

/** The tree digest of files that are sorted already. */
export function digestOfTree(files: readonly ({readonly path: string} & FileDigest)[]): string {
  const hash = createHash('sha256').update('trainyard-tree/v1\n')
  for (const {path, size, sha256} of files) hash.update(`${path}\0${size}\0${sha256}\n`)
  return hash.digest('hex')
}

async function listTree(root: string): Promise<string[]> {
  const found: string[] = []
  const walk = async (folder: string) => {
    for (const entry of await readdir(join(root, folder), {withFileTypes: true, encoding: 'buffer'})) {
      const name = nameOf(join(root, folder), entry.name)
      const path = folder === '' ? name : `${folder}/${name}`
      if (entry.isDirectory()) await walk(path)
      else if (entry.isFile()) found.push(path)
      else
        throw new UserError(`${join(root, path)}: expected a regular file, got a link or a device`, {
          hint: 'Copy the file itself into the folder.'
        })
    }
  }
  await walk('')
  return found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function nameOf(folder: string, bytes: Buffer): string {
  const name = bytes.toString('utf8')
  if (!Buffer.from(name).equals(bytes))
    throw new UserError(`${folder}: the file name ${JSON.stringify(name)} is not UTF-8`, {hint: 'Rename the file.'})
  if (name.startsWith('.'))
    throw new UserError(`${join(folder, name)}: a hidden file would be left out when artifacts are uploaded`, {
      hint: 'Rename or remove it.'
    })
  if (/[\0\n\r]/.test(name))
    throw new UserError(`${folder}: the file name ${JSON.stringify(name)} holds a control character`, {hint: 'Rename the file.'})
  return name
}

// Of folders as well: where `A` and `a` are one, files that lie apart here would lie together.
function refuseCollisions(root: string, paths: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const path of paths) {
    const parts = path.split('/')
    for (let end = 1; end <= parts.length; end++) {
      const part = parts.slice(0, end).join('/')
      const key = part.normalize('NFC').toLowerCase()
      const other = seen.get(key) ?? part
      if (other !== part)
        throw new UserError(`${root}: ${JSON.stringify(other)} and ${JSON.stringify(part)} differ only in case or normal form`, {
          hint: 'Rename one of them: other file systems hold only one.'
        })
      seen.set(key, part)
    }
  }
  const path = paths.find(one => one !== one.normalize('NFC'))
  if (path !== undefined)
    throw new UserError(`${root}: the file name ${JSON.stringify(path)} is not in normal form C`, {hint: 'Rename the file.'})
}

/** The bytes of a file of at most `maxBytes`. Throws UserError when it is absent, unreadable or larger. */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, READ_NOW).catch(error => {
    throw unreadable(path, error)
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new UserError(`${path}: expected a file`, {hint: 'Name a regular file.'})
    const buffer = Buffer.allocUnsafe(Math.min(stat.size, maxBytes) + 1)
    let size = 0
    for (let read = 1; read > 0 && size < buffer.length; size += read) read = (await file.read(buffer, size)).bytesRead
    if (size > maxBytes)
      throw new UserError(`${path}: larger than ${maxBytes.toLocaleString('en')} bytes`, {hint: 'A file of this kind is small.'})
    return Buffer.from(buffer.subarray(0, size))
  } finally {
    await file.close()
  }
}

/** Text of a file of at most `maxBytes`; throws UserError when it is not UTF-8. A byte order mark is dropped. */
export async function readText(path: string, maxBytes: number): Promise<string> {
  const bytes = await readBounded(path, maxBytes)
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes)
  } catch (error) {
    throw new UserError(`${path}: not UTF-8 text`, {hint: 'Save it as UTF-8.', cause: error})
  }
}

/** Replaces a file in one step: readers see the old bytes or the new, also after a crash. Makes its folder. */
export async function writeAtomic(path: string, data: string | Uint8Array): Promise<void> {
  await withTemporary(path, data, temporary => rename(temporary, path))
}

/** Writes a file that must not be there; false when it was, which leaves it as it is. Readers never see half of it. */
export async function createOnly(path: string, data: string | Uint8Array): Promise<boolean> {
  let created = true
  await withTemporary(path, data, async temporary => {
    await link(temporary, path).catch(error => {
      if (codeOf(error) !== 'EEXIST') throw error
      created = false
    })
    await unlink(temporary)
  })
  return created
}

// The temporary file lies in the target's folder, so that no rename crosses devices.
async function withTemporary(path: string, data: string | Uint8Array, place: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `tmp-${process.pid}-${randomBytes(6).toString('hex')}`)
  try {
    await mkdir(dirname(path), {recursive: true})
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await place(temporary)
    await syncFolder(dirname(path))
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    if (error instanceof UserError) throw error
    throw new UserError(`${path}: could not be written (${messageOf(error)})`, {hint: 'What was there before is unchanged.', cause: error})
  }
}

async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(folder, 'r')
    await handle.sync()
  } catch (error) {
    // Some file systems can't sync a folder; the rename itself has succeeded.
    if (!['EINVAL', 'EISDIR', 'EPERM', 'ENOTSUP'].includes(codeOf(error) ?? '')) throw error
  } finally {
    await handle?.close()
  }
}

function unreadable(path: string, error: unknown): UserError {
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new UserError(`${path}: no such file`, {hint: 'Check the path.', kind: 'usage', cause: error})
  if (code === 'EISDIR') return new UserError(`${path}: expected a file`, {hint: 'Name a regular file.', cause: error})
  return new UserError(`${path}: can't be read (${messageOf(error)})`, {hint: 'Check its permissions.', cause: error})
}

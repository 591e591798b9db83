import {randomBytes} from 'node:crypto'
import type * as disk from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {codeOf, messageOf, UserError} from '#shared/errors'

/** What a folder registry asks of the file system; a test may make any of it fail. */
export type FileSystem = Pick<typeof disk, 'open' | 'link' | 'rename' | 'unlink' | 'readdir' | 'mkdir' | 'lstat'>

const STALE_MS = 24 * 3600 * 1000

/**
 * Makes the target's folder and lets `put` fill a temporary file in that folder and place it, so that nothing ever crosses devices. Afterwards the
 * folder is on disk and the temporary file gone, or its name is in the error.
 */
export async function writeThrough<T>(fs: FileSystem, target: string, now: () => Date, put: (temporary: string) => Promise<T>): Promise<T> {
  const folder = dirname(target)
  const temporary = join(folder, `@tmp-${process.pid}-${randomBytes(6).toString('hex')}`)
  try {
    await makeFolder(fs, folder)
    await sweep(fs, folder, now)
    const result = await put(temporary)
    await syncFolder(fs, folder)
    await fs.unlink(temporary).catch(ignoreAbsent)
    return result
  } catch (error) {
    const left = await fs.unlink(temporary).then(
      () => '',
      problem => (codeOf(problem) === 'ENOENT' || codeOf(problem) === 'ENOTDIR' ? '' : ` ${temporary} is left over: delete it.`)
    )
    if (error instanceof UserError) throw error
    throw new UserError(`${target}: could not be written (${messageOf(error)})`, {
      hint: `${hintFor(codeOf(error))} What was published before is unchanged.${left}`,
      cause: error
    })
  }
}

function hintFor(code: string | undefined): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'Free some space there, then run this again.'
  if (code === 'EROFS') return 'The file system is read-only: mount it for writing.'
  if (code === 'EACCES') return 'Let the user of this runner write there.'
  if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP') return 'A registry needs a file system with hard links.'
  return 'Check the disk, then run this again.'
}

async function makeFolder(fs: FileSystem, folder: string): Promise<void> {
  const first = await fs.mkdir(folder, {recursive: true})
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(fs, dirname(made))
}

async function syncFolder(fs: FileSystem, folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r')
  try {
    // EINVAL: a file system that cannot sync folders.
    await handle.sync().catch(error => {
      if (codeOf(error) !== 'EINVAL') throw error
    })
  } finally {
    await handle.close()
  }
}

// What a killed process left behind, a day later.
async function sweep(fs: FileSystem, folder: string, now: () => Date): Promise<void> {
  for (const {name} of await readFolder(fs, folder)) {
    if (!name.startsWith('@tmp-')) continue
    const stat = await fs.lstat(join(folder, name)).catch(ignoreAbsent)
    if (stat && now().getTime() - stat.mtimeMs > STALE_MS) await remove(fs, join(folder, name))
  }
}

/** For reads: undefined when the file is absent, else a UserError with the path. */
export function unlessAbsent(path: string): (error: unknown) => undefined {
  return error => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new UserError(`${path}: can't be read (${messageOf(error)})`, {
      hint: 'Check the registry folder and its permissions.',
      cause: error
    })
  }
}

/** An absent file is no error. */
export async function remove(fs: FileSystem, path: string): Promise<void> {
  await fs.unlink(path).catch(ignoreAbsent)
}

/** An absent folder is an empty one. */
export async function readFolder(fs: FileSystem, folder: string) {
  return (await fs.readdir(folder, {withFileTypes: true}).catch(unlessAbsent(folder))) ?? []
}

function ignoreAbsent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}

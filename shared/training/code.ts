import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {lstat, readdir, readlink} from 'node:fs/promises'
import {join, relative} from 'node:path'
import {promisify} from 'node:util'
import {UserError} from '#shared/errors'
import {sha256File} from '#shared/files'

const MAX_FILES = 50_000
const LEFT_OUT = ['node_modules', '.git', 'trainyard-out', '__pycache__', '.venv']

/**
 * SHA-256 over a folder's code: `trainyard-code/v1 LF` and, sorted by path, `path NUL sha256 LF` of every file that git tracks or does not ignore;
 * without git of every file outside `node_modules`, `.git`, `trainyard-out`, `__pycache__` and `.venv`. A link counts by where it points.
 * `except` are absolute paths that are no code: data and what the command writes.
 */
export async function codeDigest(folder: string, except: readonly string[]): Promise<{sha256: string; files: number}> {
  const outside = except.map(path => relative(folder, path))
  const isCode = (path: string) => !outside.some(one => path === one || path.startsWith(`${one}/`))
  const paths = ((await listTracked(folder)) ?? (await listFolder(folder))).filter(isCode).sort()
  if (paths.length > MAX_FILES) {
    throw new UserError(`${folder}: more than ${MAX_FILES} files to hash as code`, {hint: 'ignore what is no code in .gitignore'})
  }
  const hash = createHash('sha256').update('trainyard-code/v1\n')
  let files = 0
  for (const path of paths) {
    const sha256 = await digestOf(join(folder, path))
    if (sha256 === undefined) continue
    hash.update(`${path}\0${sha256}\n`)
    files++
  }
  return {sha256: hash.digest('hex'), files}
}

async function digestOf(path: string): Promise<string | undefined> {
  const entry = await lstat(path).catch(() => undefined)
  if (entry?.isSymbolicLink())
    return createHash('sha256')
      .update(`link ${await readlink(path)}`)
      .digest('hex')
  return entry?.isFile() ? (await sha256File(path)).sha256 : undefined
}

async function listTracked(folder: string): Promise<string[] | undefined> {
  try {
    const {stdout} = await promisify(execFile)('git', ['ls-files', '-co', '--exclude-standard', '-z'], {cwd: folder, maxBuffer: 1 << 28})
    return [...new Set(stdout.split('\0'))].filter(path => path !== '')
  } catch {
    return undefined
  }
}

async function listFolder(root: string, below = ''): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(join(root, below), {withFileTypes: true})) {
    if (LEFT_OUT.includes(entry.name)) continue
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) found.push(...(await listFolder(root, path)))
    else found.push(path)
    if (found.length > MAX_FILES) break
  }
  return found
}

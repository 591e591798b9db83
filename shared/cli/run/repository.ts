import {execFile} from 'node:child_process'
import {cp, mkdir, readdir, realpath, stat} from 'node:fs/promises'
import {basename, dirname, join, relative, sep} from 'node:path'
import {promisify} from 'node:util'
import {codeOf} from '#shared/errors'

/** What the run says of the repository that the workflow lies in. */
export interface Repository {
  readonly root: string
  /** `owner/name`, from the remote `origin`; else `local/<folder>` */
  readonly name: string
  readonly sha: string
  readonly branch: string
  readonly actor: string
  readonly git: boolean
}

export const NO_SHA = '0'.repeat(40)

/** Looks at the repository of a workflow file: the folder that holds `.github/workflows`, also inside another repository; else the whole repository around the file; without git its folder, sha 0…0 and branch main. */
export async function readRepository(file: string): Promise<Repository> {
  const folder = await realpath(dirname(file))
  const top = await git(folder, 'rev-parse', '--show-toplevel')
  const root = basename(folder) === 'workflows' && basename(dirname(folder)) === '.github' ? dirname(dirname(folder)) : (top ?? folder)
  if (top === undefined) return {root, name: `local/${basename(root)}`, sha: NO_SHA, branch: 'main', actor: 'local', git: false}
  const remote = root === top ? await git(root, 'remote', 'get-url', 'origin') : undefined
  return {
    root,
    name: /[:/]([^/:]+\/[^/]+?)(?:\.git)?\/?$/.exec(remote ?? '')?.[1] ?? `local/${basename(root)}`,
    sha: (await git(root, 'rev-parse', 'HEAD')) ?? NO_SHA,
    branch: (await git(root, 'symbolic-ref', '--short', 'HEAD')) ?? 'main',
    actor: (await git(root, 'config', 'user.name')) ?? 'local',
    git: true
  }
}

/** Copies what a checkout would bring: tracked and unignored files; without git all but `node_modules`, `.git` and `trainyard-out`. Nothing below `except` is copied. Returns how many. */
export async function copyRepository(repository: Repository, target: string, except: string): Promise<number> {
  const listed = repository.git ? await git(repository.root, 'ls-files', '-co', '--exclude-standard', '-z') : undefined
  const paths = listed === undefined ? await listAll(repository.root) : [...new Set(listed.split('\0'))].filter(path => path !== '')
  const inside = relative(repository.root, except)
  let copied = 0
  for (const path of paths) {
    if (!inside.startsWith('..') && (path === inside || path.startsWith(inside + sep))) continue
    const to = join(target, path)
    await mkdir(dirname(to), {recursive: true})
    const found = await cp(join(repository.root, path), to, {recursive: true, verbatimSymlinks: true}).then(
      () => true,
      error => {
        if (codeOf(error) === 'ENOENT') return false
        throw error
      }
    )
    if (found) copied++
  }
  return copied
}

const LEFT_OUT = ['node_modules', '.git', 'trainyard-out']

async function listAll(root: string, below = ''): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(join(root, below), {withFileTypes: true})) {
    if (LEFT_OUT.includes(entry.name)) continue
    const path = below === '' ? entry.name : join(below, entry.name)
    if (entry.isDirectory()) found.push(...(await listAll(root, path)))
    else if (entry.isFile() || entry.isSymbolicLink()) found.push(path)
  }
  return found
}

async function git(folder: string, ...argv: string[]): Promise<string | undefined> {
  if (!(await stat(folder).catch(() => undefined))) return undefined
  try {
    const {stdout} = await promisify(execFile)('git', argv, {cwd: folder, maxBuffer: 1 << 28, encoding: 'utf8'})
    return stdout.replace(/\n$/, '')
  } catch {
    return undefined
  }
}

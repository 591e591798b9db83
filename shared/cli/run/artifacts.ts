import {cp, mkdir, readdir, rm, stat} from 'node:fs/promises'
import {basename, dirname, isAbsolute, join, relative, resolve, sep} from 'node:path'
import {codeOf, UserError} from '#shared/errors'
import {globExpression} from './glob.js'

/** Where the artifacts of one run lie: a folder each, under its name. */
export interface ArtifactStore {
  readonly folder: string
}

export interface Upload {
  readonly name: string
  /** paths, folders and globs, one a line; `!` leaves out */
  readonly path: string
  readonly includeHidden: boolean
  readonly overwrite: boolean
  /** what relative paths are relative to */
  readonly cwd: string
  readonly home: string
}

/** Keeps files as an artifact by upload-artifact's rules: no hidden files, the least common ancestor of the searched paths is its root, a name once per run. Returns the paths in the artifact; none when nothing was found, and then there is no artifact. */
export async function uploadArtifact(store: ArtifactStore, upload: Upload): Promise<readonly string[]> {
  refuseName(upload.name)
  const {files, root} = await search(upload)
  if (files.length === 0) return []
  const target = join(store.folder, upload.name)
  if (await exists(target)) {
    if (!upload.overwrite) {
      throw new UserError(`artifact ${upload.name}: an artifact of this name already exists in this run`, {
        hint: 'give each job and matrix leg its own name, such as trainyard-${{ github.job }}'
      })
    }
    await rm(target, {recursive: true})
  }
  const paths = files.map(file => relative(root, file))
  for (const [index, file] of files.entries()) {
    const to = join(target, paths[index])
    await mkdir(dirname(to), {recursive: true})
    await cp(file, to, {dereference: true})
  }
  return paths
}

/** Copies artifacts: one by `name` straight into `path`; by `pattern`, or all, into a folder each, but a single match straight into `path`. Returns their names. */
export async function downloadArtifacts(
  store: ArtifactStore,
  {name, pattern, path}: {name: string; pattern: string; path: string}
): Promise<readonly string[]> {
  const all: readonly string[] = await readdir(store.folder).catch(() => [])
  if (name !== '' && !all.includes(name)) {
    throw new UserError(`artifact ${name}: not found in this run`, {
      hint: all.length > 0 ? `there are ${[...all].sort().join(', ')}` : 'no job has uploaded any yet: does this one need it?'
    })
  }
  const expression = globExpression(pattern === '' ? '*' : pattern, {braces: true, hidden: false})
  const names = name === '' ? all.filter(one => expression.test(one)).sort() : [name]
  await mkdir(path, {recursive: true})
  for (const one of names) await cp(join(store.folder, one), names.length === 1 ? path : join(path, one), {recursive: true})
  return names
}

function refuseName(name: string): void {
  const bad = /["<>|*?\r\n\\/:]/.exec(name)
  const dots = name === '.' || name === '..'
  if (bad === null && name !== '' && !dots) return
  const reason = bad ? `${JSON.stringify(bad[0])} is not allowed` : dots ? 'is a folder, not a name' : 'is empty'
  throw new UserError(`artifact name ${JSON.stringify(name)}: ${reason}`, {kind: 'usage', hint: 'letters, digits, - and _'})
}

async function search(upload: Upload): Promise<{files: string[]; root: string}> {
  const lines = upload.path
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  const absolute = (path: string) => resolve(upload.cwd, path.replace(/^~(?=\/|$)/, upload.home))
  const wanted = lines.filter(line => !line.startsWith('!')).map(absolute)
  const unwanted = lines.filter(line => line.startsWith('!')).map(line => globExpression(absolute(line.slice(1).trim())))
  const roots = wanted.map(searchRoot)
  const found = new Set<string>()
  for (const [index, root] of roots.entries()) {
    const expression = globExpression(wanted[index])
    for await (const {path, isFile} of walk(root, upload.includeHidden)) {
      const parents = isAbsolute(path) ? parentsOf(path, root) : []
      const matches = expression.test(path) || parents.some(parent => expression.test(parent))
      if (isFile && matches && !unwanted.some(one => one.test(path) || parents.some(parent => one.test(parent)))) found.add(path)
    }
  }
  const files = [...found].sort()
  const single = roots.length === 1 && files.length === 1 && files[0] === roots[0]
  return {files, root: single ? dirname(files[0]) : commonAncestor(roots)}
}

/** The path before the first wildcard: where a search begins. */
function searchRoot(pattern: string): string {
  const parts = pattern.split(sep)
  const wild = parts.findIndex(part => /[*?[]/.test(part))
  return wild < 0 ? pattern : parts.slice(0, wild).join(sep) || sep
}

function commonAncestor(paths: readonly string[]): string {
  if (paths.length === 1) return paths[0]
  const split = paths.map(path => path.split(sep))
  const differs = split[0].findIndex((part, index) => split.some(other => other[index] !== part))
  return split[0].slice(0, differs < 0 ? undefined : differs).join(sep) || sep
}

async function* walk(path: string, includeHidden: boolean): AsyncGenerator<{path: string; isFile: boolean}> {
  if (!includeHidden && basename(path).startsWith('.')) return
  const entry = await stat(path).catch(error => {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) return undefined
    throw error
  })
  if (entry === undefined) return
  yield {path, isFile: entry.isFile()}
  if (entry.isDirectory()) for (const name of (await readdir(path)).sort()) yield* walk(join(path, name), includeHidden)
}

function parentsOf(path: string, root: string): string[] {
  const parents: string[] = []
  for (let parent = dirname(path); parent.length >= root.length && parent !== dirname(parent); parent = dirname(parent))
    parents.push(parent)
  return parents
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false
  )
}

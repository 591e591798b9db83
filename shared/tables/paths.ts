import {readdir, stat} from 'node:fs/promises'
import {isAbsolute, join, resolve} from 'node:path'
import {codeOf, messageOf, UserError} from '#shared/errors'

const MAX_ENTRIES = 100_000
const MAX_FILES = 10_000

/**
 * The files that paths and globs (`*`, `?`, `**`, `[a-z]`) name, without doubles, each glob's matches sorted.
 * Hidden entries match no wildcard and symbolic links to folders are not entered by `**`. Throws UserError when one matches nothing.
 */
export async function expandPaths(patterns: readonly string[], cwd: string): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const pattern of patterns) {
    const matches = /[*?[]/.test(pattern) && !(await isFile(resolve(cwd, pattern))) ? await expandGlob(pattern, cwd) : [pattern]
    for (const path of matches) found.add(path)
    if (found.size > MAX_FILES)
      throw new UserError(`${pattern}: matches more than ${MAX_FILES} files`, {hint: 'Name fewer files, or merge them.', kind: 'usage'})
  }
  return [...found]
}

async function expandGlob(pattern: string, cwd: string): Promise<string[]> {
  const segments = pattern.replaceAll('\\', '/').split('/')
  const walk = {matches: new Set<string>(), visited: 0, pattern, cwd}
  await descend(
    walk,
    isAbsolute(pattern) ? '/' : '',
    segments.filter((part, index) => part !== '' || index > segments.length)
  )
  if (walk.matches.size === 0)
    throw new UserError(`${pattern}: matches no file`, {hint: `Wildcards were looked for below ${cwd}.`, kind: 'usage'})
  return [...walk.matches].sort()
}

interface Walk {
  readonly matches: Set<string>
  visited: number
  readonly pattern: string
  readonly cwd: string
}

async function descend(walk: Walk, folder: string, [segment, ...rest]: readonly string[]): Promise<void> {
  if (!/[*?[]/.test(segment)) {
    const path = join(folder, segment)
    if (rest.length > 0) return descend(walk, path, rest)
    if (await isFile(resolve(walk.cwd, path))) walk.matches.add(path)
    return
  }
  if (segment === '**') await descend(walk, folder, rest.length > 0 ? rest : ['*'])
  const matches = segment === '**' ? () => true : matcher(segment)
  for (const entry of await entriesOf(walk, folder)) {
    if (entry.name.startsWith('.') || !matches(entry.name)) continue
    const path = join(folder, entry.name)
    if (segment === '**') {
      if (entry.isDirectory()) await descend(walk, path, ['**', ...rest])
    } else if (rest.length > 0) {
      if (entry.isDirectory() || entry.isSymbolicLink()) await descend(walk, path, rest)
    } else if (await isFile(resolve(walk.cwd, path))) walk.matches.add(path)
  }
}

async function entriesOf(walk: Walk, folder: string) {
  try {
    const entries = await readdir(resolve(walk.cwd, folder), {withFileTypes: true})
    walk.visited += entries.length
    if (walk.visited > MAX_ENTRIES)
      throw new UserError(`${walk.pattern}: more than ${MAX_ENTRIES} entries to search`, {
        hint: 'Begin the pattern with a narrower folder.',
        kind: 'usage'
      })
    return entries
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    if (error instanceof UserError) throw error
    throw new UserError(`${walk.pattern}: cannot search ${folder || '.'}: ${messageOf(error)}`, {
      hint: 'Make the folder readable, or name the files one by one.'
    })
  }
}

function matcher(segment: string): (name: string) => boolean {
  const source = segment
    .replace(/\[!/g, '[^')
    .replace(/[.+^${}()|\\]/g, (character, index: number, text: string) =>
      character === '^' && text[index - 1] === '[' ? '^' : `\\${character}`
    )
  try {
    const pattern = new RegExp(`^${source.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')}$`, 'u')
    return name => pattern.test(name)
  } catch {
    throw new UserError(`${segment}: not a pattern`, {hint: 'Wildcards are *, ?, ** and [a-z].', kind: 'usage'})
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isFile(),
    () => false
  )
}

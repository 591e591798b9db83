import {createHash} from 'node:crypto'
import {perFake} from './route.js'

export interface GitEntry {
  readonly path: string
  readonly mode: string
  readonly type: 'blob' | 'tree'
  readonly sha: string
}

export interface GitCommit {
  readonly sha: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly message: string
  readonly at: string
}

export interface GitState {
  readonly blobs: Map<string, Buffer>
  readonly trees: Map<string, readonly GitEntry[]>
  readonly commits: Map<string, GitCommit>
  /** `heads/main`, `tags/wages@v1` to commits */
  readonly refs: Map<string, string>
  /** where a ref was before, newest last */
  readonly before: Map<string, string[]>
  /** a repository without a commit */
  empty: boolean
  /** refs whose updates are refused */
  readonly protected: Set<string>
  /** how many of the next reads of a branch show where it was before its last update */
  stale: number
  /** which reads of a branch may be stale: absent, all of them */
  staleOf?: (read: 'tree' | 'branch' | 'commits' | 'ref') => boolean
  /** whether trees are told in full */
  truncated: boolean
}

/** The git repository behind the API: `main` with one commit. */
export const gitOf = perFake(() => {
  const git: GitState = {
    blobs: new Map(),
    trees: new Map(),
    commits: new Map(),
    refs: new Map(),
    before: new Map(),
    empty: false,
    protected: new Set(),
    stale: 0,
    truncated: false
  }
  const tree = updateTree(git, undefined, [{path: 'README.md', sha: addBlob(git, Buffer.from('# wages\n'))}])
  git.refs.set('heads/main', addCommit(git, {tree, parents: [], message: 'Begin'}).sha)
  return git
})

export function hashOf(kind: string, bytes: Buffer): string {
  return createHash('sha1').update(`${kind} ${bytes.length}\0`).update(bytes).digest('hex')
}

export function addBlob(git: GitState, bytes: Buffer): string {
  const sha = hashOf('blob', bytes)
  git.blobs.set(sha, bytes)
  return sha
}

export function addCommit(git: GitState, given: Omit<GitCommit, 'sha' | 'at'>): GitCommit {
  const at = new Date(Date.UTC(2026, 0, 1) + git.commits.size * 1000).toISOString()
  const sha = hashOf('commit', Buffer.from(JSON.stringify({...given, at, number: git.commits.size})))
  const commit = {...given, sha, at}
  git.commits.set(sha, commit)
  return commit
}

/** A tree with these files changed; null removes one. Gives its sha. */
export function updateTree(git: GitState, base: string | undefined, changes: readonly {path: string; sha: string | null}[]): string {
  const entries = new Map((base === undefined ? [] : (git.trees.get(base) ?? [])).map(entry => [entry.path, entry]))
  const below = new Map<string, {path: string; sha: string | null}[]>()
  for (const {path, sha} of changes) {
    const [first, ...rest] = path.split('/')
    if (rest.length > 0) below.set(first, [...(below.get(first) ?? []), {path: rest.join('/'), sha}])
    else if (sha === null) entries.delete(first)
    else entries.set(first, {path: first, mode: '100644', type: 'blob', sha})
  }
  for (const [folder, inside] of below) {
    const there = entries.get(folder)
    const sha = updateTree(git, there?.type === 'tree' ? there.sha : undefined, inside)
    if (git.trees.get(sha)?.length === 0) entries.delete(folder)
    else entries.set(folder, {path: folder, mode: '040000', type: 'tree', sha})
  }
  // Git sorts folders as if their names ended with a slash.
  const sortKey = ({path, type}: GitEntry) => (type === 'tree' ? `${path}/` : path)
  const sorted = [...entries.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
  const bytes = Buffer.concat(
    sorted.map(({mode, path, sha}) => Buffer.concat([Buffer.from(`${mode.replace(/^0/, '')} ${path}\0`), Buffer.from(sha, 'hex')]))
  )
  const sha = hashOf('tree', bytes)
  git.trees.set(sha, sorted)
  return sha
}

/** Everything below a tree, folders too. */
export function walkTree(git: GitState, sha: string, prefix = ''): GitEntry[] {
  return (git.trees.get(sha) ?? []).flatMap(entry => {
    const shown = {...entry, path: prefix + entry.path}
    return entry.type === 'tree' ? [shown, ...walkTree(git, entry.sha, `${prefix}${entry.path}/`)] : [shown]
  })
}

/** The entry at a path. */
export function entryAt(git: GitState, tree: string, path: string): GitEntry | undefined {
  const [first, ...rest] = path.split('/')
  const entry = git.trees.get(tree)?.find(one => one.path === first)
  return rest.length === 0 || entry === undefined ? entry : entryAt(git, entry.sha, rest.join('/'))
}

export function moveRef(git: GitState, ref: string, to: string): void {
  const from = git.refs.get(ref)
  if (from !== undefined && from !== to) git.before.set(ref, [...(git.before.get(ref) ?? []), from])
  git.refs.set(ref, to)
}

/** Where a reader sees a branch. */
export function seenRef(git: GitState, ref: string, read: 'tree' | 'branch' | 'commits' | 'ref'): string | undefined {
  if (!ref.startsWith('heads/') || git.stale === 0 || git.staleOf?.(read) === false) return git.refs.get(ref)
  git.stale -= 1
  return git.before.get(ref)?.at(-1)
}

export function isAncestor(git: GitState, ancestor: string, of: string): boolean {
  let [at, left]: [string | undefined, number] = [of, 100_000]
  while (at !== undefined && at !== ancestor && left > 0) {
    at = git.commits.get(at)?.parents[0]
    left -= 1
  }
  return at === ancestor
}

/** The files of a branch, for tests to look at. */
export function filesOn(git: GitState, branch: string): ReadonlyMap<string, string> {
  const commit = git.commits.get(git.refs.get(`heads/${branch}`) ?? '')
  const entries = commit === undefined ? [] : walkTree(git, commit.tree)
  return new Map(entries.filter(({type}) => type === 'blob').map(({path, sha}) => [path, git.blobs.get(sha)?.toString() ?? '']))
}

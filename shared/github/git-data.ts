import {isUtf8} from 'node:buffer'
import {asking} from './answers.js'
import {ApiError, isRecord} from './api-error.js'
import {type Access, coordinates} from './client.js'

export interface Head {
  readonly commit: string
  readonly tree: string
}

export interface Commit {
  readonly sha: string
  readonly tree: string
  readonly message: string
}

export interface FileChange {
  readonly branch: string
  readonly path: string
  /** null: removed */
  readonly bytes: Uint8Array | null
  /** of the blob that is replaced; null: none may be there */
  readonly replaces: string | null
  readonly message: string
}

/** Branches, trees and files of a repository. Everything throws ApiError; what writes is asked once and never again. */
export interface GitData {
  /** paths and blobs' shas of a branch or a tree; undefined: there is none, or nothing in the repository */
  list(treeish: string): Promise<ReadonlyMap<string, string> | undefined>
  blob(sha: string): Promise<Buffer>
  /** undefined: no such branch */
  head(branch: string): Promise<Head | undefined>
  /** whether the repository is there for this token at all */
  visible(): Promise<boolean>
  /** a hundred commits, from this one back: page 1 begins with it, the last page has fewer; undefined: GitHub does not know it, or not yet */
  commits(from: string, page: number): Promise<readonly Commit[] | undefined>
  /** names below refs/tags/ that start so */
  tags(prefix: string): Promise<readonly string[]>
  /** what is gone already is as good as removed */
  removeTag(tag: string): Promise<void>
  /** a tree with files added to another one; gives its sha */
  makeTree(base: string | undefined, files: readonly {readonly path: string; readonly bytes: Uint8Array}[]): Promise<string>
  makeCommit(given: {readonly tree: string; readonly parents: readonly string[]; readonly message: string}): Promise<string>
  /** moves a branch forward to a commit, never otherwise; `create`: the branch must not be there */
  moveBranch(branch: string, commit: string, how: 'create' | 'forward'): Promise<void>
  /** one file in one commit; gives the new head */
  changeFile(change: FileChange): Promise<Head>
}

const ONCE = {request: {retries: 0}}

/** A repository's git data through GitHub's REST API. Each call has a budget of its own. */
export function openGitData(access: Access): GitData {
  const place = coordinates(access.repository)
  const ask = asking(access)
  const absent = <T>(call: Promise<T>, ...statuses: readonly number[]): Promise<T | undefined> =>
    call.catch(error => {
      if (error instanceof ApiError && statuses.includes(error.status ?? 0)) return undefined
      throw error
    })
  const tree = (sha: string, deep: boolean) =>
    ask(({rest}) => rest.git.getTree({...place, tree_sha: sha, ...(deep && {recursive: 'true'})})).then(parseTree)
  // Where GitHub does not tell all of a tree at once, it is read folder by folder.
  const walk = async (sha: string, prefix: string, into: Map<string, string>): Promise<void> => {
    const whole = await tree(sha, true)
    const {entries, truncated} = whole.truncated ? {...(await tree(sha, false)), truncated: true} : whole
    for (const {path, type, sha: entry} of entries) {
      if (type === 'blob') into.set(prefix + path, entry)
      else if (truncated && type === 'tree') await walk(entry, `${prefix}${path}/`, into)
    }
  }
  return {
    list: treeish =>
      absent(
        (async () => {
          const files = new Map<string, string>()
          await walk(treeish, '', files)
          return files
        })(),
        404,
        409
      ),
    blob: async sha => {
      const data: unknown = await ask(({rest}) => rest.git.getBlob({...place, file_sha: sha}))
      if (isRecord(data) && data.encoding === 'base64' && typeof data.content === 'string') return Buffer.from(data.content, 'base64')
      throw new ApiError('an answer that is not a blob')
    },
    head: async branch => {
      const data: unknown = await absent<unknown>(
        ask(({rest}) => rest.repos.getBranch({...place, branch})),
        404
      )
      return data === undefined ? undefined : parseBranch(data)
    },
    visible: async () =>
      (await absent(
        ask(({rest}) => rest.repos.get(place)),
        404
      )) !== undefined,
    commits: async (from, page) => {
      const data: unknown = await absent<unknown>(
        ask(({rest}) => rest.repos.listCommits({...place, sha: from, per_page: 100, page})),
        404,
        409
      )
      if (data === undefined || Array.isArray(data)) return data?.map(parseCommit)
      throw new ApiError('an answer that is not a list of commits')
    },
    tags: async prefix => {
      const data: unknown = await absent<unknown>(
        ask(({rest}) => rest.git.listMatchingRefs({...place, ref: `tags/${prefix}`})),
        409
      )
      return Array.isArray(data) ? data.map(one => textOf(one, 'ref').replace(/^refs\/tags\//, '')) : []
    },
    removeTag: async tag => {
      // A ref that is not there is a 422, as a ref that a rule protects is.
      await ask<unknown>(({rest}) => rest.git.deleteRef({...place, ref: `tags/${tag}`})).catch(error => {
        if (!(error instanceof ApiError) || !(error.status === 404 || /does not exist/i.test(error.message))) throw error
      })
    },
    makeTree: async (base, files) => {
      const entries = await Promise.all(
        files.map(async ({path, bytes}) => {
          const entry = {path, mode: '100644', type: 'blob'} as const
          if (isUtf8(bytes)) return {...entry, content: Buffer.from(bytes).toString()}
          const content = Buffer.from(bytes).toString('base64')
          return {...entry, sha: shaOf(await ask(({rest}) => rest.git.createBlob({...place, content, encoding: 'base64'})))}
        })
      )
      return shaOf(await ask(({rest}) => rest.git.createTree({...place, tree: entries, ...(base !== undefined && {base_tree: base})})))
    },
    makeCommit: async ({tree, parents, message}) =>
      shaOf(await ask(({rest}) => rest.git.createCommit({...place, tree, parents: [...parents], message}))),
    moveBranch: async (branch, sha, how) => {
      await ask<unknown>(({rest}) =>
        how === 'create'
          ? rest.git.createRef({...place, ref: `refs/heads/${branch}`, sha, ...ONCE})
          : rest.git.updateRef({...place, ref: `heads/${branch}`, sha, force: false, ...ONCE})
      )
    },
    changeFile: async ({branch, path, bytes, replaces, message}) => {
      const given = {...place, branch, path, message, ...ONCE}
      const data: unknown = await ask<unknown>(({rest}) =>
        bytes === null
          ? rest.repos.deleteFile({...given, sha: replaces ?? ''})
          : rest.repos.createOrUpdateFileContents({
              ...given,
              content: Buffer.from(bytes).toString('base64'),
              ...(replaces !== null && {sha: replaces})
            })
      )
      return parseFileCommit(data)
    }
  }
}

interface TreeEntry {
  readonly path: string
  readonly mode: string
  readonly type: string
  readonly sha: string
}

function parseTree(data: unknown): {entries: readonly TreeEntry[]; truncated: boolean} {
  if (!isRecord(data) || !Array.isArray(data.tree)) throw new ApiError('an answer that is not a tree')
  const entries = data.tree.map(one => ({path: textOf(one, 'path'), mode: textOf(one, 'mode'), type: textOf(one, 'type'), sha: shaOf(one)}))
  return {entries, truncated: data.truncated === true}
}

function parseBranch(data: unknown): Head {
  const commit = isRecord(data) ? data.commit : undefined
  const inner = isRecord(commit) ? commit.commit : undefined
  return {commit: shaOf(commit), tree: shaOf(isRecord(inner) ? inner.tree : undefined)}
}

function parseCommit(data: unknown): Commit {
  const inner = isRecord(data) ? data.commit : undefined
  return {sha: shaOf(data), tree: shaOf(isRecord(inner) ? inner.tree : undefined), message: textOf(inner, 'message')}
}

function parseFileCommit(data: unknown): Head {
  const commit = isRecord(data) ? data.commit : undefined
  return {commit: shaOf(commit), tree: shaOf(isRecord(commit) ? commit.tree : undefined)}
}

function textOf(data: unknown, key: string): string {
  const value = isRecord(data) ? data[key] : undefined
  if (typeof value === 'string') return value
  throw new ApiError(`an answer without ${key}`)
}

function shaOf(data: unknown): string {
  const sha = textOf(data, 'sha')
  if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(sha)) return sha
  throw new ApiError('an answer whose sha is none')
}

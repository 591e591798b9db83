import {UserError} from '#shared/errors'
import type {GitData, Head} from '#shared/github/git-data'
import {blobSha, treeSha} from './git-shas.js'
import {BRANCH, type Purpose, refusalOf} from './github-refusals.js'

/** The registry's files as they were seen at one commit. */
export interface Snapshot {
  /** path to the blob's sha */
  readonly files: ReadonlyMap<string, string>
  /** of the tree that has these files and no others; null: there is no branch yet */
  readonly tree: string | null
  /** the commit, where it is known */
  readonly commit?: string
  /** a commit that the branch had then, where these files may not be all of it */
  readonly behind?: string
}

/** What was written here: the next looks at the branch must show it. */
interface Written {
  readonly before: ReadonlySet<string | undefined>
  readonly after: string | undefined
  readonly atMs: number
}

export interface BranchWorld {
  readonly random: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** how long a look at the branch serves; what is written is compared with the branch as it is in any case. Default 2 s */
  readonly freshMs?: number
}

export interface Branch {
  readonly git: GitData
  /** the files as seen not long ago; `now`: asked anew */
  look(how?: 'now'): Promise<Snapshot>
  /** the same, with its commit, unless there is no branch */
  lookAtHead(how?: 'now'): Promise<Snapshot>
  blob(sha: string): Promise<Buffer>
  /** what a write has made of the branch; `head`: as GitHub answered it */
  wrote(changes: ReadonlyMap<string, Uint8Array | null>, head: Head): void
  /** GitHub's answer, or its refusal as an error for people */
  ask<T>(purpose: Purpose, call: Promise<T>): Promise<T>
}

const FRESH_MS = 2000
const REMEMBERED_MS = 60_000
const STALE_LOOKS = 5

/** The branch of a registry, looked at as seldom as can be: trees are read whole, blobs once. */
export function openBranch(git: GitData, repository: string, {random, sleep, freshMs = FRESH_MS}: BranchWorld): Branch {
  const blobs = new Map<string, Promise<Buffer>>()
  const written = new Map<string, Written>()
  let [seen, seenMs]: [Snapshot | undefined, number] = [undefined, 0]
  let looking: Promise<Snapshot> | undefined

  const ask = async <T>(purpose: Purpose, call: Promise<T>): Promise<T> =>
    await call.catch(error => {
      throw refusalOf(error, purpose, repository)
    })
  const take = (next: Snapshot): Snapshot => {
    seen = next
    seenMs = performance.now()
    return next
  }
  const list = async (): Promise<Snapshot> => {
    const listing = await ask('read', git.list(BRANCH))
    if (listing !== undefined) return {files: listing, tree: treeSha(listing)}
    // A token that sees nothing must not read as a registry without a version.
    if (seen === undefined && !(await ask('read', git.visible())))
      throw new UserError(`registry github (${repository}): GitHub shows this token no such repository`, {
        hint: 'Add to the job:\npermissions:\n  contents: read'
      })
    return {files: new Map(), tree: null}
  }
  const isStale = ({files}: Snapshot): boolean =>
    [...written].some(([path, {before, after, atMs}]) => {
      const now = files.get(path)
      return performance.now() - atMs < REMEMBERED_MS && now !== after && before.has(now)
    })
  const pause = (tried: number) => sleep(random() * 250 * 2 ** tried)
  // GitHub may show a branch for a while as it was before.
  const insist = async (read: () => Promise<Snapshot>): Promise<Snapshot> => {
    for (let tried = 1; ; tried++) {
      const found = await read()
      if (tried >= STALE_LOOKS || !isStale(found)) return take(found)
      await pause(tried)
    }
  }
  // What a commit has is there: where GitHub does not show it yet, nothing may be taken for absent.
  const filesOf = async (tree: string): Promise<Snapshot['files']> => {
    for (let tried = 1; ; tried++) {
      const listing = await ask('read', git.list(tree))
      if (listing !== undefined) return listing
      if (tried >= STALE_LOOKS)
        throw new UserError(`registry github (${repository}): GitHub does not show tree ${tree}, to which the branch ${BRANCH} points`, {
          hint: 'Run this again: what is half done is completed.'
        })
      await pause(tried)
    }
  }
  const readHead = async (known: Snapshot | undefined): Promise<Snapshot> => {
    const head = await ask('read', git.head(BRANCH))
    if (head === undefined) return {files: new Map(), tree: null}
    return {files: known !== undefined && head.tree === known.tree ? known.files : await filesOf(head.tree), ...head}
  }
  const look = async (how?: 'now'): Promise<Snapshot> => {
    if (how === undefined && seen !== undefined && performance.now() - seenMs < freshMs) return seen
    looking ??= insist(list).finally(() => {
      looking = undefined
    })
    return await looking
  }
  return {
    git,
    look,
    ask,
    lookAtHead: async how => {
      if (how === 'now') return await insist(() => readHead(seen))
      const snapshot = await look()
      return snapshot.commit === undefined ? take(await readHead(snapshot)) : snapshot
    },
    blob: async sha => {
      const found = blobs.get(sha) ?? ask('read', git.blob(sha))
      blobs.set(sha, found)
      found.catch(() => blobs.delete(sha))
      const bytes = await found
      if (blobSha(bytes) === sha) return bytes
      blobs.delete(sha)
      throw new UserError(`registry github (${repository}): GitHub returns other bytes than those of blob ${sha}`, {
        hint: 'Run this again.'
      })
    },
    wrote: (changes, head) => {
      const files = new Map(seen?.files)
      for (const [path, bytes] of changes) {
        const after = bytes === null ? undefined : blobSha(bytes)
        if (bytes !== null && after !== undefined) blobs.set(after, Promise.resolve(Buffer.from(bytes)))
        const before = new Set([...(written.get(path)?.before ?? []), written.get(path)?.after, files.get(path)])
        before.delete(after)
        written.set(path, {before, after, atMs: performance.now()})
        if (after === undefined) files.delete(path)
        else files.set(path, after)
      }
      const tree = treeSha(files)
      // Where somebody else wrote in between, these files are not all there is: fit for a short look, not to build a commit on.
      if (tree === head.tree) take({files, ...head})
      else seen = {files, tree, behind: head.commit}
    }
  }
}

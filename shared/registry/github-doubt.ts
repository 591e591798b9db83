import {UserError} from '#shared/errors'
import type {Branch, Snapshot} from './github-branch.js'
import {BRANCH} from './github-refusals.js'

const PAGE = 100
const MOST_PAGES = 10

/** A write to which GitHub gave no answer: it may have been carried out, and others may have built upon it since. */
export interface Doubt {
  /** what the message of its commit says, and that of no other */
  readonly mark: string
  /** a commit, or the tree of one, that the branch had before it; absent: there was no branch */
  readonly before?: string
}

export function doubtOf(mark: string, {commit, behind, tree}: Snapshot): Doubt {
  return {mark, before: commit ?? behind ?? tree ?? undefined}
}

/**
 * What became of such a write, where the branch was seen at a commit at which its place is no longer as the write wants it. Told from the history of
 * that very commit, which never changes, and not from what GitHub lists of the branch by now, which may lag behind: `ours`: it is in there; `lost`: it
 * is not, down to what was there before it, and has come too late for ever; `unseen`: that commit is older than the write.
 */
export async function fateOf(branch: Branch, {commit}: Snapshot, {mark, before}: Doubt): Promise<'ours' | 'lost' | 'unseen'> {
  if (commit === undefined) return 'unseen'
  for (let page = 1; page <= MOST_PAGES; page++) {
    const commits = await branch.ask('read', branch.git.commits(commit, page))
    if (commits === undefined) return 'unseen'
    if (commits.some(({message}) => message.includes(mark))) return 'ours'
    if (before !== undefined && commits.some(({sha, tree}) => sha === before || tree === before)) return 'lost'
    if (commits.length < PAGE) return before === undefined ? 'lost' : 'unseen'
  }
  return 'unseen'
}

/** Nothing may be said to be lost, or won, that can't be told. */
export function untold(key: string, repository: string): UserError {
  return new UserError(
    `registry github (${repository}): whether ${key} was written can't be told: GitHub did not answer, and shows the branch ${BRANCH} as it was before`,
    {hint: 'Run this again: what was written is found then, and what is half done is completed.'}
  )
}

import {UserError} from '#shared/errors'
import {asked} from './answers.js'
import {ApiError, isRecord} from './api-error.js'
import {type Access, coordinates, openClient} from './client.js'
import {needed} from './needed.js'

/** Who made a commit, as logins; undefined where the address in it belongs to no account. */
export interface MadeCommit {
  readonly sha: string
  readonly author?: string
  /** `web-flow` for GitHub itself */
  readonly committer?: string
}

/** A pull request that a commit came by. */
export interface PullOfCommit {
  readonly number: number
  /** login; undefined for an account that is gone */
  readonly author?: string
  readonly merged: boolean
  /** of the commit that merging made */
  readonly mergeSha?: string
}

/** The commits of a repository. Everything throws UserError, with the permission to add where one is missing. */
export interface Commits {
  commit(sha: string): Promise<MadeCommit>
  pulls(sha: string): Promise<readonly PullOfCommit[]>
  /** every commit of a pull request; throws for more than GitHub shows, 250. At most four calls */
  ofPull(number: number): Promise<readonly MadeCommit[]>
}

const PAGE = 100
const MOST_OF_PULL = 250

/** The commits of a repository through GitHub's REST API. */
export function openCommits(access: Access): Commits {
  const {rest} = openClient(access)
  const repository = coordinates(access.repository)
  const readCommit = async (sha: string) => {
    // The list, of one: a commit by itself comes with all that it changed.
    const {data} = await asked(rest.repos.listCommits({...repository, sha, per_page: 1}))
    const commit: unknown = Array.isArray(data) ? data[0] : undefined
    if (!isRecord(commit) || commit.sha !== sha) throw new ApiError('an answer that is not the commit')
    return parseCommit(commit)
  }
  const readPulls = async (sha: string) => {
    const {data} = await asked(rest.repos.listPullRequestsAssociatedWithCommit({...repository, commit_sha: sha, per_page: PAGE}))
    if (!Array.isArray(data)) throw new ApiError('an answer that is not a list of pull requests')
    if (data.length >= PAGE) throw new ApiError(`${PAGE} of them, and perhaps more`)
    return data.map(parsePull)
  }
  const readOfPull = async (number: number) => {
    const found: MadeCommit[] = []
    for (let page = 1; found.length < MOST_OF_PULL; page++) {
      const {data} = await asked(rest.pulls.listCommits({...repository, pull_number: number, per_page: PAGE, page}))
      if (!Array.isArray(data)) throw new ApiError('an answer that is not a list of commits')
      found.push(...data.map(parseCommit))
      if (data.length < PAGE) break
    }
    return found
  }
  const count = async (number: number) => {
    const {data} = await asked(rest.pulls.get({...repository, pull_number: number}))
    if (!isRecord(data) || !Number.isSafeInteger(data.commits)) throw new ApiError('an answer that is not the pull request')
    return Number(data.commits)
  }
  return {
    commit: sha => readCommit(sha).catch(needed(`commit ${sha.slice(0, 12)}`, 'contents: read')),
    pulls: sha => readPulls(sha).catch(needed(`the pull requests of commit ${sha.slice(0, 12)}`, 'pull-requests: read')),
    ofPull: async number => {
      const refused = needed(`the commits of pull request #${number}`, 'pull-requests: read')
      const found = await readOfPull(number).catch(refused)
      const all = found.length < MOST_OF_PULL ? found.length : await count(number).catch(refused)
      if (all <= found.length) return found
      throw new UserError(
        `pull request #${number}: has ${all} commits, of which GitHub shows ${found.length}: who made the others can't be told`,
        {hint: 'Merge less at once, or leave approver-is-not-author out.'}
      )
    }
  }
}

function parseCommit(data: unknown): MadeCommit {
  if (!isRecord(data) || typeof data.sha !== 'string') throw new ApiError('an answer that is not a list of commits')
  return {sha: data.sha, author: loginOf(data.author), committer: loginOf(data.committer)}
}

function parsePull(data: unknown): PullOfCommit {
  if (!isRecord(data) || !Number.isSafeInteger(data.number)) throw new ApiError('an answer that is not a list of pull requests')
  return {
    number: Number(data.number),
    author: loginOf(data.user),
    merged: typeof data.merged_at === 'string',
    mergeSha: typeof data.merge_commit_sha === 'string' ? data.merge_commit_sha : undefined
  }
}

function loginOf(user: unknown): string | undefined {
  return isRecord(user) && typeof user.login === 'string' && user.login !== '' ? user.login : undefined
}

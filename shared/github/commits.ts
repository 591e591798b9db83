import {asked} from './answers.js'
import {ApiError, isRecord} from './api-error.js'
import {type Access, coordinates, openClient} from './client.js'
import {needed} from './needed.js'

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
  /** login of who wrote it; undefined where its address belongs to no account */
  author(sha: string): Promise<string | undefined>
  pulls(sha: string): Promise<readonly PullOfCommit[]>
}

/** The commits of a repository through GitHub's REST API. */
export function openCommits(access: Access): Commits {
  const {rest} = openClient(access)
  const repository = coordinates(access.repository)
  const readAuthor = async (sha: string) => {
    // The list, of one: a commit by itself comes with all that it changed.
    const {data} = await asked(rest.repos.listCommits({...repository, sha, per_page: 1}))
    const commit: unknown = Array.isArray(data) ? data[0] : undefined
    if (!isRecord(commit) || commit.sha !== sha) throw new ApiError('an answer that is not the commit')
    return loginOf(commit.author)
  }
  const readPulls = async (sha: string) => {
    const {data} = await asked(rest.repos.listPullRequestsAssociatedWithCommit({...repository, commit_sha: sha, per_page: 100}))
    if (!Array.isArray(data)) throw new ApiError('an answer that is not a list of pull requests')
    return data.map(parsePull)
  }
  return {
    author: sha => readAuthor(sha).catch(needed(`commit ${sha.slice(0, 12)}`, 'contents: read')),
    pulls: sha => readPulls(sha).catch(needed(`the pull requests of commit ${sha.slice(0, 12)}`, 'pull-requests: read'))
  }
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

import {UserError} from '#shared/errors'
import {baseOf, type RunEvent} from '#shared/event'
import type {BaseCommits} from '#shared/exam/base'
import {asked} from './answers.js'
import {ApiError, isRecord} from './api-error.js'
import type {Access} from './client.js'
import {needed} from './needed.js'

const PAGE = 100
const MOST_PAGES = 10

interface Place {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly event: RunEvent
  readonly run: {readonly repository: string}
}

/** The commits that a run is compared with, through GitHub's REST API: one call for the merge base, and one for each hundred commits, at most ten. */
export function baseCommits({env, event, run}: Place, token: string | undefined, options: Partial<Access> = {}): BaseCommits {
  const base = baseOf(event)
  const access = {...options, apiUrl: env.GITHUB_API_URL || 'https://api.github.com', token: token ?? '', repository: run.repository}
  return {
    start: async () => {
      if (base === undefined) return {none: 'this run is of no pull request and of no push to a branch that was there before'}
      if (!token)
        throw new UserError('there is no github-token to ask GitHub with for the commits before this one', {
          hint: 'Leave github-token out, or give the step  with: {github-token: "${{ github.token }}"}'
        })
      if (base.kind === 'push') return {sha: base.before, name: 'the commit before this push'}
      return {sha: await mergeBase(access, base.base, base.head).catch(refused), name: `the merge base with ${base.branch}`}
    },
    pages: sha => pages(access, sha)
  }
}

const refused = needed('the commits of this repository', 'contents: read')

// The second page of a comparison leaves its files out, which may be megabytes.
async function mergeBase(access: Access, base: string, head: string): Promise<string> {
  const {coordinates, openClient} = await import('./client.js')
  const {rest} = openClient(access)
  const {data} = await asked(
    rest.repos.compareCommitsWithBasehead({...coordinates(access.repository), basehead: `${base}...${head}`, per_page: 1, page: 2})
  )
  const found = isRecord(data) ? data.merge_base_commit : undefined
  if (!isRecord(found) || typeof found.sha !== 'string') throw new ApiError('an answer that is no comparison')
  return found.sha
}

async function* pages(access: Access, from: string): ReturnType<BaseCommits['pages']> {
  const {coordinates, openClient} = await import('./client.js')
  const {rest} = openClient(access)
  for (let page = 1; page <= MOST_PAGES; page++) {
    const request = {...coordinates(access.repository), sha: from, per_page: PAGE, page}
    const commits = await asked(rest.repos.listCommits(request))
      .then(({data}) => parseCommits(data))
      .catch(refused)
    yield commits
    if (commits.length < PAGE) return
  }
}

function parseCommits(data: unknown): {sha: string; at: string}[] {
  if (!Array.isArray(data)) throw new ApiError('an answer that is not a list of commits')
  return data.map((one: unknown) => {
    const committer = isRecord(one) && isRecord(one.commit) && isRecord(one.commit.committer) ? one.commit.committer : undefined
    if (!isRecord(one) || typeof one.sha !== 'string') throw new ApiError('an answer that is not a list of commits')
    return {sha: one.sha, at: typeof committer?.date === 'string' ? committer.date : ''}
  })
}

import {UserError} from '#shared/errors'
import type {Access} from '#shared/github/client'
import {openGitData} from '#shared/github/git-data'
import {openReleases} from '#shared/github/releases'
import {githubBlobs} from './github-blobs.js'
import {openBranch} from './github-branch.js'
import {githubObjects} from './github-objects.js'
import {BRANCH} from './github-refusals.js'
import type {Stores} from './store.js'

export interface GithubWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly githubToken?: string
  readonly fetch?: typeof fetch
  readonly log?: (line: string) => void
  readonly random: () => number
  readonly sleep?: (ms: number) => Promise<void>
}

/** Tuning that only tests need. */
export interface GithubPace extends Pick<Access, 'callMs' | 'budgetMs' | 'paced' | 'secondMs'> {
  readonly stallMs?: number
  readonly freshMs?: number
}

/** The registry of a repository: documents on its branch `trainyard`, files in releases. Throws UserError where repository or token are not given. */
export function githubStores(address: string, world: GithubWorld, pace: GithubPace = {}): Stores {
  const {env} = world
  const repository = env.GITHUB_REPOSITORY ?? ''
  if (!/^[^/\s]+\/[^/\s]+$/.test(repository))
    throw new UserError(
      `registry ${address}: which repository is not known: GITHUB_REPOSITORY is ${repository === '' ? 'not set' : JSON.stringify(repository)}`,
      {
        kind: 'usage',
        hint: 'In a workflow GitHub sets it; elsewhere set GITHUB_REPOSITORY=owner/name, and give a token as github-token.'
      }
    )
  const token = world.githubToken ?? ''
  if (token === '')
    throw new UserError(`registry ${address}: there is no github-token`, {
      kind: 'usage',
      hint: 'In a workflow leave the input out: it is the token of the job. Elsewhere give github-token a token that may write the contents of the repository.'
    })
  const apiUrl = env.GITHUB_API_URL || 'https://api.github.com'
  const sleep = world.sleep ?? (ms => new Promise<void>(resolve => setTimeout(resolve, ms)))
  const access = {...pace, apiUrl, token, repository, fetch: world.fetch, pace: `${apiUrl} ${repository}`}
  const branch = openBranch(openGitData(access), repository, {random: world.random, sleep, freshMs: pace.freshMs})
  const objects = githubObjects(branch, repository, {random: world.random, sleep})
  const throughProxy = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].some(name => Boolean(env[name]))
  const server = env.GITHUB_SERVER_URL || 'https://github.com'
  return {
    address,
    metered: true,
    objects,
    blobs: githubBlobs(
      openReleases({...access, throughProxy}),
      branch,
      repository,
      {random: world.random, sleep, log: world.log ?? (() => undefined)},
      objects.delete
    ),
    urlOf: key => `${server}/${repository}/blob/${BRANCH}/${key}`
  }
}

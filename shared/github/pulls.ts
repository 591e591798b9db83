import {UserError} from '#shared/errors'
import type {FinishedHead} from '#shared/event'
import {ApiError, isRecord, toApiError} from './api-error.js'
import {type Access, coordinates, openClient} from './client.js'
import {needed} from './needed.js'

const MOST_PULLS = 1000

/**
 * The number of the one open pull request whose head is this commit of this repository. Throws UserError when there is none or several, or the
 * fork is gone: nothing is guessed.
 */
export async function findPull(access: Access, {sha, repository, branch}: FinishedHead): Promise<number> {
  if (repository === undefined)
    throw new UserError('the fork that the run was of has been deleted, so its pull request can not be told', {
      hint: 'The report is in the summary and the artifacts of this run.'
    })
  const head = `commit ${sha.slice(0, 12)} of ${repository}`
  const open = await openPulls(access, branch === undefined ? undefined : `${repository.split('/')[0]}:${branch}`)
  const found = open.filter(pull => pull.sha === sha && pull.repository === repository)
  if (found.length === 1) return found[0].number
  if (found.length === 0)
    throw new UserError(`no open pull request has ${head} as its head`, {hint: 'It was closed, or newer commits were pushed meanwhile.'})
  throw new UserError(
    `${found.map(({number}) => `#${number}`).join(' and ')} have ${head} as their head, so which one is meant can not be told`,
    {
      hint: 'Close all but one of them.'
    }
  )
}

interface Pull {
  readonly number: number
  readonly sha: string
  /** undefined: the fork is gone */
  readonly repository?: string
}

async function openPulls(access: Access, head: string | undefined): Promise<Pull[]> {
  const {paginate, rest} = openClient(access)
  const found: Pull[] = []
  try {
    const request = {...coordinates(access.repository), state: 'open' as const, per_page: 100, ...(head !== undefined && {head})}
    for await (const {data} of paginate.iterator(rest.pulls.list, request)) {
      if (!Array.isArray(data)) throw new ApiError('an answer that is not a list of pull requests')
      found.push(...data.map(parsePull))
      if (found.length > MOST_PULLS) throw new ApiError(`more than ${MOST_PULLS} open pull requests`)
    }
  } catch (error) {
    return needed('the open pull requests', 'pull-requests: write')(toApiError(error))
  }
  return found
}

function parsePull(data: unknown): Pull {
  if (!isRecord(data) || !Number.isSafeInteger(data.number) || !isRecord(data.head) || typeof data.head.sha !== 'string')
    throw new ApiError('an answer that is not a list of pull requests')
  const repository = isRecord(data.head.repo) && typeof data.head.repo.full_name === 'string' ? data.head.repo.full_name : undefined
  return {number: Number(data.number), sha: data.head.sha, repository}
}

import {UserError} from '#shared/errors'
import {ApiError} from '#shared/github/api-error'

export const BRANCH = 'trainyard'

/** What a call was for: reading needs less of a token than writing. */
export type Purpose = 'read' | 'write'

/** GitHub's refusal as an error that says what to do about it; `tag`: what the call would have made or removed. */
export function refusalOf(error: unknown, purpose: Purpose, repository: string, tag?: string): unknown {
  if (!(error instanceof ApiError)) return error
  const {status, message} = error
  const said = status === undefined ? message : `${status} ${message}`
  return new UserError(`registry github (${repository}): ${problemOf(status, message, purpose, tag)}: GitHub said "${said}"`, {
    hint: hintOf(status, message, purpose, tag),
    cause: error
  })
}

const VERBS = {read: 'read', write: 'written'} as const

function isProtected(message: string): boolean {
  return /protected|rule violation|pull request/i.test(message)
}

function isLimit(status: number | undefined, message: string): boolean {
  return status === 429 || /rate limit|abuse/i.test(message)
}

/** Whether GitHub has no commit to build on. */
export function isEmptyRepository({status, message}: ApiError): boolean {
  return (status === 409 || status === 422) && /is empty/i.test(message)
}

function problemOf(status: number | undefined, message: string, purpose: Purpose, tag: string | undefined): string {
  if (isLimit(status, message)) return 'the limit of this token is used up'
  if (status === 401) return 'the token is not valid, or not any more'
  if ((status === 409 || status === 422) && /is empty/i.test(message)) return 'the repository has no commit yet'
  if (isProtected(message)) return `the ${tag === undefined ? `branch ${BRANCH}` : `tag ${tag}`} is protected`
  if (status === 403 || status === 404) return `this token may not ${purpose === 'read' ? 'read' : 'write'} the contents of the repository`
  return `it could not be ${VERBS[purpose]}`
}

function hintOf(status: number | undefined, message: string, purpose: Purpose, tag: string | undefined): string {
  if (isLimit(status, message)) return 'Run the job again later.'
  if (status === 401)
    return 'Leave github-token out for the token of the job, which ends with the job, or give one that lasts. Running this again completes it.'
  if ((status === 409 || status === 422) && /is empty/i.test(message)) return 'Push a first commit: a registry is kept beside it.'
  if (isProtected(message) && tag !== undefined)
    return `Let the ruleset for tags (Settings, Rules) except ${tag.replace(/@.*$/, '')}@*, then run this again.`
  if (isProtected(message))
    return `Let a rule of the repository except the branch ${BRANCH} and tags like name@version (Settings, Rules), or use s3://bucket/prefix.`
  if (status === 403 || status === 404) return `Add to the job:\npermissions:\n  contents: ${purpose}`
  return 'Run this again: what is half done is completed. GitHub says at https://www.githubstatus.com what is wrong.'
}

import {ApiError} from './api-error.js'

/** Why a comment could not be written, and what to do about it; never more than a warning. */
export function commentFailure(error: unknown, issue: number): string {
  const start = `The comment on pull request #${issue} was not written; the report is in the job's summary.`
  if (!(error instanceof ApiError)) throw error
  return `${start} ${reason(error, issue)}`
}

function reason({status, message}: ApiError, issue: number): string {
  if (/\blocked\b/i.test(message)) return `#${issue} is locked (${message}). Unlock it, or set comment: never.`
  if (status === 429 || /rate limit|abuse/i.test(message))
    return `GitHub limits how often this token may ask (${message}). Run the job again later.`
  if (status === 401) return `GitHub refused the token (401 ${message}). Give a valid github-token.`
  if (status === 403)
    return (
      `The token may not (403 ${message}). Add to the job:\npermissions:\n  contents: read\n  pull-requests: write\n` +
      'A run for a fork or for Dependabot has a read-only token whatever the job asks for.'
    )
  if (status === 404) return `GitHub finds no #${issue} that this token may see (404 ${message}).`
  if (status === undefined) return `GitHub gave no usable answer (${message}).`
  return `GitHub answered ${status} (${message}).`
}

import {UserError} from '#shared/errors'
import {toApiError} from './api-error.js'

/** What kept something of the repository from being read, as an error that says what to give. */
export function unreadable(error: unknown, what: string): UserError {
  const {status, message, cause} = toApiError(error)
  const options = {hint: hintOf(status), cause}
  if (status === 403 && /rate limit/i.test(message)) return new UserError(`GitHub's limit for this token is used up (${message})`, options)
  if (status === 403) return new UserError(`this token may not read ${what} (403 ${message})`, options)
  if (status === 404) return new UserError(`GitHub shows this token nothing of ${what} (404 ${message})`, options)
  if (status === 401) return new UserError(`GitHub refused the token (401 ${message})`, options)
  return new UserError(`GitHub gave no usable answer about ${what} (${status === undefined ? message : `${status} ${message}`})`, options)
}

function hintOf(status: number | undefined): string {
  if (status === 403 || status === 404) return 'Add to the job:\npermissions:\n  contents: read'
  return status === 401 ? 'Give a valid github-token.' : 'Run the job again later.'
}

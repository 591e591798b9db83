import {UserError} from '#shared/errors'
import {ApiError} from './api-error.js'

/** What to throw where a step can't go on without an answer of GitHub's: `what` could not be read; a missing permission names the lines to add. */
export function needed(what: string, permission: string): (error: unknown) => never {
  return error => {
    if (!(error instanceof ApiError)) throw error
    const {status, message} = error
    throw new UserError(`${what} could not be read (${status === undefined ? message : `${status} ${message}`})`, {
      hint: hintOf(status, message, permission),
      cause: error
    })
  }
}

function hintOf(status: number | undefined, message: string, permission: string): string {
  if (status === 429 || /rate limit|abuse/i.test(message)) return 'GitHub limits how often this token may ask: run the job again later.'
  if (status === 401) return 'Give a valid github-token.'
  if (status === 403 || status === 404) return `Add to the job:\npermissions:\n  ${permission}`
  return 'Run the job again later; GitHub says at https://www.githubstatus.com what is wrong.'
}

import {messageOf} from '#shared/errors'

/** GitHub's refusal or silence: `status` is that of the answer, undefined when there was none or it could not be understood. */
export class ApiError extends Error {
  readonly status?: number

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, {cause})
    this.name = 'ApiError'
    this.status = status
  }
}

/** What octokit threw as one line; pages of HTML and long texts are cut. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const answered = isRecord(error) && isRecord(error.response) && typeof error.response.status === 'number'
  const status = answered && isRecord(error.response) ? Number(error.response.status) : undefined
  const text = messageOf(error)
    .replace(/\s+- https:\/\/docs\.github\.com\S*$/, '')
    .replace(/\s+/g, ' ')
    .trim()
  const page = /^<(!doctype|html|head|body)\b/i.test(text) || text === ''
  return new ApiError(page ? 'an answer that is not GitHub’s' : text.slice(0, 300), status, error)
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

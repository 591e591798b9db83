import {toApiError} from './api-error.js'

/** GitHub's answer. Throws ApiError. */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  return await answer.catch(error => {
    throw toApiError(error)
  })
}

/** GitHub's answer; undefined when what is asked for is not there. Throws ApiError for everything else. */
export async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  return await answer.catch(error => {
    const refusal = toApiError(error)
    if (refusal.status === 404 || refusal.status === 410) return undefined
    throw refusal
  })
}

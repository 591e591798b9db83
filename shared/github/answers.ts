import {toApiError} from './api-error.js'
import {type Access, type Client, openClient} from './client.js'

/** Asks GitHub, each time with a client and so a budget of its own, and gives the data of the answer. Throws ApiError. */
export function asking(access: Access): <T>(call: (client: Client) => Promise<{readonly data: T}>) => Promise<T> {
  const answerTo = async <T>(call: (client: Client) => Promise<T>) => await call(openClient(access))
  return async call => (await asked(answerTo(call))).data
}

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

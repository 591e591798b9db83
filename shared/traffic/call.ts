import type {ReadableStream} from 'node:stream/web'
import {messageOf, UserError} from '#shared/errors'

export interface CallOptions {
  /** of the endpoint, without a trailing slash */
  readonly base: string
  readonly token: string
  readonly fetch: typeof fetch
}

export interface Call {
  readonly method: 'GET' | 'PUT'
  readonly path: string
  readonly timeoutMs: number
  readonly headers?: Readonly<Record<string, string>>
  /** made anew for each attempt */
  readonly body?: () => string | ReadableStream<Uint8Array>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

const MAX_ANSWER_CHARACTERS = 4 << 20

/** One request with its own time limit. Statuses below 500 that the caller knows come back as answers; all else is a UserError that names the host. */
export async function call(
  options: CallOptions,
  {method, path, timeoutMs, headers, body}: Call,
  known: readonly number[]
): Promise<Answer> {
  const where = `${new URL(options.base).host}: ${method} ${path.replace(/[0-9a-f]{64}/, digest => `${digest.slice(0, 12)}…`)}`
  const init: RequestInit & {duplex?: 'half'} = {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    headers: {accept: 'application/json', authorization: `Bearer ${options.token}`, ...headers},
    ...(body === undefined ? {} : {body: body(), duplex: 'half' as const})
  }
  let response: Response
  let text: string
  try {
    response = await options.fetch(`${options.base}${path}`, init)
    text = (await response.text()).slice(0, MAX_ANSWER_CHARACTERS)
  } catch (error) {
    throw unreached(where, error, timeoutMs)
  }
  if (!known.includes(response.status)) throw unexpected(where, response, text)
  return {status: response.status, headers: response.headers, body: parseBody(where, text)}
}

function unreached(where: string, error: unknown, timeoutMs: number): UserError {
  const timeout = error instanceof Error && error.name === 'TimeoutError'
  if (timeout) {
    return new Unreached(`${where}: no answer within ${timeoutMs / 1000} s`, {
      hint: 'Check that the server is up and not overloaded.',
      cause: error
    })
  }
  const reason = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error)
  return new Unreached(`${where}: not reached (${reason})`, {
    hint: 'Check the address in endpoint, and that the runner may reach it.',
    cause: error
  })
}

/** No usable answer: whether the request took effect is unknown until it is read back. */
export class Unreached extends UserError {}

function unexpected(where: string, response: Response, text: string): UserError {
  const {status} = response
  const got = `${where}: ${status}${reasonOf(text)}`
  if (status === 401 || status === 403)
    return new UserError(got, {hint: 'Check endpoint-token: it must be the token that the server was started with.'})
  if (status === 404 || status === 405)
    return new UserError(got, {hint: 'This does not look like a model server: check the address in endpoint.'})
  if (status >= 300 && status < 400) {
    const target = hostOf(response.headers.get('location'), response.url)
    return new UserError(`${got}, redirected to ${target}; not followed, so that the token goes nowhere else`, {
      hint: 'Give the final address as endpoint.'
    })
  }
  if (status >= 500) return new Unreached(got, {hint: 'The server failed: its log says why.'})
  return new UserError(got, {hint: 'Check that this is the model server, in a version that fits.'})
}

function reasonOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text)
    const {error} = Object(body) as {error?: unknown}
    return typeof error === 'string' ? ` (${error.slice(0, 500)})` : ''
  } catch {
    return ''
  }
}

function hostOf(location: string | null, base: string): string {
  return URL.canParse(location ?? '', base || 'http://unknown') ? new URL(location ?? '', base || 'http://unknown').host : 'nowhere'
}

function parseBody(where: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const kind = /^\s*</.test(text) ? 'HTML' : `${text.length} characters that are none`
    throw new UserError(`${where}: expected JSON, got ${kind}`, {
      hint: 'This is not the model server: a proxy or a sign-in page may answer in its place. Check the address in endpoint.'
    })
  }
}

import {messageOf, UserError} from '#shared/errors'
import type {RemoteFile, RemoteWorld} from './remote.js'

const ANSWER_MS = 30_000
const IDLE_MS = 60_000
const MOST_REDIRECTS = 5
const RESUMES = 3

/**
 * A file of a web server. No credentials are ever sent, but those that a presigned address holds in itself. Redirects are followed five times at
 * most and never to plain http. A connection that breaks off is taken up again where the server has a strong ETag and ranges.
 */
export async function openHttps(address: string, name: string, {fetch}: RemoteWorld): Promise<RemoteFile> {
  const url = parseUrl(address, name)
  const first = await follow(url, name, fetch, {})
  const {headers} = first.answer
  if (first.answer.status !== 200) throw refused(name, first.answer)
  if (/^text\/html|^application\/xhtml/i.test(headers.get('content-type') ?? ''))
    throw new UserError(`${name}: expected data, got a web page`, {hint: 'Often a page to sign in: use an address that needs no session.'})
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity')
    throw new UserError(`${name}: comes encoded (${encoding}), so its bytes are not those of the file`, {
      hint: 'Let the server send the file as it is.'
    })
  const length = headers.get('content-length')
  const size = length === null ? undefined : Number(length)
  return {size, stream: resumed(first, {name, fetch, size, etag: strong(headers.get('etag'))})}
}

interface Answered {
  readonly url: URL
  readonly answer: Response
  readonly abort: AbortController
}

function parseUrl(address: string, name: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined) throw new UserError(`${name}: not an address`, {kind: 'usage', hint: 'Write https://host/path/file.csv.'})
  if (url.username !== '' || url.password !== '')
    throw new UserError(`${name}: credentials in an address end up in logs`, {
      kind: 'usage',
      hint: 'Take them out: use a presigned address from a secret, or s3:// with a role.'
    })
  refusePlain(url, name)
  return url
}

function refusePlain(url: URL, name: string): void {
  const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && loopback)) return
  throw plain(url, name)
}

function plain({protocol, host}: URL, name: string): UserError {
  return new UserError(`${name}: ${protocol}//${host} is not encrypted, so anybody on the way may change the data`, {
    kind: 'usage',
    hint: 'Use https://.'
  })
}

async function follow(start: URL, name: string, fetched: typeof fetch, headers: Readonly<Record<string, string>>): Promise<Answered> {
  let url = start
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS)
    const answer = await fetched(url.href, {redirect: 'manual', signal: abort.signal, headers: {'accept-encoding': 'identity', ...headers}})
      .catch(error => {
        throw unreachable(name, url, error)
      })
      .finally(() => clearTimeout(timer))
    const location = answer.headers.get('location')
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) return {url, answer, abort}
    abort.abort()
    if (!URL.canParse(location, url.href))
      throw new UserError(`${name}: is redirected to what is no address`, {hint: 'Use the address of the file.'})
    url = new URL(location, url.href)
    if (start.protocol === 'https:' && url.protocol !== 'https:') throw plain(url, name)
    refusePlain(url, name)
  }
  throw new UserError(`${name}: is redirected more than ${MOST_REDIRECTS} times`, {hint: 'Use the address of the file itself.'})
}

interface Whole {
  readonly name: string
  readonly fetch: typeof fetch
  readonly size?: number
  readonly etag?: string
}

async function* resumed(first: Answered, {name, fetch, size, etag}: Whole): AsyncGenerator<Uint8Array> {
  let current = first
  let at = 0
  for (let resumes = 0; ; resumes++) {
    let broken: unknown
    try {
      for await (const chunk of lively(current)) {
        at += chunk.length
        resumes = 0
        yield chunk
      }
      if (size === undefined || at >= size) return
      broken = new Error(`ended after ${at} of ${size} bytes`)
    } catch (error) {
      broken = error
    }
    if (etag === undefined || resumes === RESUMES)
      throw new UserError(`${name}: broke off after ${at}${size === undefined ? '' : ` of ${size}`} bytes (${reasonOf(broken)})`, {
        hint: 'Run this again.'
      })
    current = await follow(first.url, name, fetch, {range: `bytes=${at}-`, 'if-match': etag})
    const {status, headers} = current.answer
    if (status === 412 || status === 404 || (status < 300 && strong(headers.get('etag')) !== etag)) throw changed(name, at)
    if (status !== 206 || !headers.get('content-range')?.startsWith(`bytes ${at}-`)) throw refused(name, current.answer)
  }
}

async function* lively({answer, abort}: Answered): AsyncGenerator<Uint8Array> {
  if (answer.body === null) return
  const late = () => abort.abort(new Error(`no byte for ${IDLE_MS / 1000} s`))
  let timer = setTimeout(late, IDLE_MS)
  try {
    for await (const chunk of answer.body) {
      clearTimeout(timer)
      yield chunk
      timer = setTimeout(late, IDLE_MS)
    }
  } finally {
    clearTimeout(timer)
    abort.abort()
  }
}

function strong(etag: string | null): string | undefined {
  return etag === null || etag.startsWith('W/') ? undefined : etag
}

function refused(name: string, {status, statusText}: Response): UserError {
  const denied = status === 401 || status === 403
  return new UserError(`${name}: the server answers ${status} ${statusText}`.trim(), {
    hint: denied
      ? 'A presigned address expires: make a new one. What needs a session can be had by s3:// with a role, or by a step before this one.'
      : status === 404
        ? 'Check the address.'
        : 'Run this again.'
  })
}

function changed(name: string, at: number): UserError {
  return new UserError(`${name}: changed while it was read, after ${at} bytes`, {
    hint: 'Let what writes it end first, then run this again.'
  })
}

function unreachable(name: string, {host}: URL, error: unknown): UserError {
  return new UserError(`${name}: ${host} can't be reached (${reasonOf(error)})`, {
    hint: 'Check the host and the network of this runner. The file of an authority of your own is named by NODE_EXTRA_CA_CERTS.'
  })
}

/** fetch keeps the reason in the cause. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error)
}

import {getOctokit} from '@actions/github'
import {retry} from '@octokit/plugin-retry'
import {throttling} from '@octokit/plugin-throttling'

/** How to reach one repository's API, and how long to try. */
export interface Access {
  /** `https://api.github.com`, or GITHUB_API_URL of a server of one's own */
  readonly apiUrl: string
  readonly token: string
  /** `owner/name` */
  readonly repository: string
  /** limit of one request, its body included; default 15 s */
  readonly callMs?: number
  /** limit of everything together, waits included; default 90 s */
  readonly budgetMs?: number
  /** whether to wait between writes and at limits as GitHub asks; off only in tests */
  readonly paced?: boolean
  /** what GitHub calls a second when it asks to wait; shorter in tests */
  readonly secondMs?: number
  /** default: through the proxy of the environment */
  readonly fetch?: typeof fetch
  /** clients of one pace wait for each other's writes; default: each has its own */
  readonly pace?: string
}

export type Client = ReturnType<typeof getOctokit>

/** A client that waits as GitHub asks it to, tries again what may pass, and gives up when its time is spent. */
export function openClient({
  apiUrl,
  token,
  callMs = 15_000,
  budgetMs = 90_000,
  secondMs = 1000,
  paced = true,
  fetch: given,
  pace
}: Access): Client {
  const deadline = performance.now() + budgetMs
  const worthWaiting = (seconds: number, _options: unknown, _client: unknown, retries: number) =>
    retries < 3 && performance.now() + seconds * secondMs < deadline
  const options = {
    baseUrl: apiUrl,
    userAgent: 'trainyard',
    log: {debug() {}, info() {}, warn() {}, error() {}},
    request: {fetch: limited(given ?? proxied(token), callMs, deadline)},
    retry: {retries: 3, retryAfterBaseValue: secondMs},
    throttle: {
      enabled: paced,
      id: pace ?? `${apiUrl} ${deadline}`,
      onRateLimit: worthWaiting,
      onSecondaryRateLimit: worthWaiting,
      retryAfterBaseValue: secondMs
    }
  }
  return getOctokit(token, options, retry, throttling)
}

/** What the runner's toolkit asks with: through the proxy that the environment names. */
function proxied(token: string): typeof fetch {
  return getOctokit(token).request.endpoint.DEFAULTS.request?.fetch ?? globalThis.fetch
}

/**
 * A request that stalls, in its headers or in its body, or whose answer is no JSON fails and is tried again; past the deadline none is begun and none
 * retried. Who gives a signal of his own watches over the time himself: bodies may be large, and bytes that were asked for are handed on as they come.
 */
function limited(ask: typeof fetch, callMs: number, deadline: number): typeof fetch {
  return async (url, options) => {
    const left = deadline - performance.now()
    if (left <= 0) throw new DOMException('the time for GitHub is spent', 'AbortError')
    const signal = options?.signal ?? AbortSignal.timeout(Math.ceil(Math.min(callMs, left)))
    const response = await ask(url, {...options, signal})
    if (options?.signal && new Headers(options.headers).get('accept') === 'application/octet-stream' && response.status < 400)
      return response
    const body = await response.arrayBuffer()
    const {status, statusText, headers} = response
    const json = /^application\/([\w.]+\+)?json\b/.test(headers.get('content-type') ?? '')
    if (response.ok && body.byteLength > 0 && !json) throw new TypeError('an answer that is not GitHub’s')
    return new Response(body.byteLength === 0 ? null : body, {status, statusText, headers: new Headers([...headers])})
  }
}

/** `{owner, repo}` of `owner/name`. Throws RangeError for anything else. */
export function coordinates(repository: string): {readonly owner: string; readonly repo: string} {
  const [owner, repo, rest] = repository.split('/')
  if (!owner || !repo || rest !== undefined) throw new RangeError(`${repository}: expected owner/name`)
  return {owner, repo}
}

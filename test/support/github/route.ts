import type {FakeGitHub} from './fake.js'

export interface Asked {
  readonly method: string
  /** without the query */
  readonly path: string
  readonly query: URLSearchParams
  /** the parsed JSON of the body; undefined without one and for bytes */
  readonly body: unknown
  /** the body as it came */
  readonly bytes: Buffer
  /** names in lower case */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** what stands at the `{names}` of the route's path, decoded */
  readonly at: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  /** sent as JSON; text is sent as HTML */
  readonly body?: unknown
  /** sent as it is, instead of `body` */
  readonly bytes?: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export interface Route {
  /** `GET /repos/octo/wages/git/blobs/{sha}`; `{name+}` stands for one or more segments */
  readonly on: string
  /** what the token must have, like `contents: write` */
  readonly needs?: `${string}: ${'read' | 'write'}`
  /** a path that is no part of GitHub's API, which its description does not know */
  readonly outside?: true
  /** 404: where another route has the same path, that one is asked too */
  readonly answer: (fake: FakeGitHub, asked: Asked) => Answer | Promise<Answer>
  /** what is left of a request whose body broke off */
  readonly broken?: (fake: FakeGitHub, asked: Asked) => void
}

export const REPOSITORY = 'octo/wages'
export const REPO = `/repos/${REPOSITORY}`

/** What a topic keeps for each fake: `const runsOf = perFake(() => ({runs: []}))`, then `runsOf(fake)`. */
export function perFake<T>(create: (fake: FakeGitHub) => T): (fake: FakeGitHub) => T {
  const kept = new WeakMap<object, T>()
  return fake => {
    const found = kept.get(fake.state) ?? create(fake)
    kept.set(fake.state, found)
    return found
  }
}

export function refusal(status: number, message: string, more: object = {}): Answer {
  return {status, body: {message, ...more, documentation_url: 'https://docs.github.com/rest', status: String(status)}}
}

/** A field of a request's JSON. */
export function fieldOf(body: unknown, key: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[key] : undefined
}

export function textOf(body: unknown, key: string): string {
  const value = fieldOf(body, key)
  return typeof value === 'string' ? value : ''
}

/** A page of a list, with the headers that name the others. */
export function paged(fake: FakeGitHub, {path, query}: Asked, items: readonly unknown[]): Answer {
  const size = Math.min(100, Number(query.get('per_page') ?? 30))
  const number = Number(query.get('page') ?? 1)
  const last = Math.max(1, Math.ceil(items.length / size))
  const link = (to: number, rel: string) => `<${fake.url}${path}?per_page=${size}&page=${to}>; rel="${rel}"`
  const headers = number < last ? {link: `${link(number + 1, 'next')}, ${link(last, 'last')}`} : undefined
  return {status: 200, headers, body: items.slice((number - 1) * size, number * size)}
}

/** A user as the API shows one. */
export function account(url: string, login: string): object {
  const api = `${url}/users/${encodeURIComponent(login)}`
  const parts = ['followers', 'subscriptions', 'organizations', 'repos', 'received_events'].map(part => [`${part}_url`, `${api}/${part}`])
  return {
    login,
    id: 41898282,
    node_id: 'MDM6Qm90NDE4OTgyODI=',
    avatar_url: `${url}/avatars/1`,
    gravatar_id: '',
    url: api,
    html_url: `https://github.com/${encodeURIComponent(login)}`,
    ...Object.fromEntries(parts),
    following_url: `${api}/following{/other_user}`,
    gists_url: `${api}/gists{/gist_id}`,
    starred_url: `${api}/starred{/owner}{/repo}`,
    events_url: `${api}/events{/privacy}`,
    type: login.endsWith('[bot]') ? 'Bot' : 'User',
    site_admin: false
  }
}

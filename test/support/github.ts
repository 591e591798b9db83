import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {apiDescription} from './github-description.js'

export interface FakeComment {
  readonly id: number
  body: string
  readonly login: string
  readonly createdAt: string
}

/** What happens to the next requests that match instead of, or after, the usual answer. */
export interface Fault {
  readonly method: string
  readonly path: RegExp
  /** how often; default once */
  times?: number
  /** matching requests that are let through first */
  skip?: number
  /** the request is carried out although the answer says otherwise */
  readonly applied?: boolean
  readonly answer:
    | 'stall'
    | 'stall in the body'
    | 'reset'
    | {readonly status: number; readonly body?: string | object; readonly headers?: Readonly<Record<string, string>>}
}

export interface FakeGitHub {
  readonly url: string
  readonly comments: FakeComment[]
  readonly faults: Fault[]
  /** `GET /repos/octo/wages/issues/7/comments?page=2`, in order of arrival */
  readonly requests: string[]
  /** where a request or an answer does not fit GitHub's description of its API */
  readonly misfits: string[]
  /** whether the description is there to check against */
  readonly checked: boolean
  /** newest comments that lists do not show yet */
  lag: number
  login: string
  /** called before a request is carried out */
  before?: (request: string) => void | Promise<void>
  add(body: string, login?: string): FakeComment
  close(): Promise<void>
}

const REPOSITORY = 'octo/wages'
const HIGHEST = 65_536

/** The part of GitHub's API that a comment needs, for one repository `octo/wages` with a pull request 7, on loopback. */
export async function fakeGitHub(): Promise<FakeGitHub> {
  const description = await apiDescription()
  let next = 1000
  const server = createServer((request, response) => void answer(fake, description, request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeGitHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    comments: [],
    faults: [],
    requests: [],
    misfits: [],
    checked: description !== undefined,
    lag: 0,
    login: 'github-actions[bot]',
    add(body, login = fake.login) {
      next += 1
      const comment = {id: next, body, login, createdAt: new Date(next * 1000).toISOString()}
      fake.comments.push(comment)
      return comment
    },
    close: () => closed(server)
  }
  return fake
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise(resolve => server.close(() => resolve()))
}

interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

type Description = Awaited<ReturnType<typeof apiDescription>>

async function answer(fake: FakeGitHub, description: Description, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const line = `${request.method} ${request.url}`
  fake.requests.push(line)
  await fake.before?.(line)
  const body = await bodyOf(request)
  const fault = takeFault(fake, request)
  const usual = fault === undefined || fault.applied ? route(fake, request, body) : undefined
  if (usual !== undefined) fake.misfits.push(...(description?.misfits(request.method ?? '', pathOf(request), body, usual) ?? []))
  if (fault === undefined) return send(response, usual ?? {status: 500})
  if (fault.answer === 'stall') return
  if (fault.answer === 'reset') return void request.socket.destroy()
  if (fault.answer === 'stall in the body') return void response.writeHead(200, {'content-type': 'application/json'}).write('[{"id":')
  send(response, fault.answer)
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
}

function takeFault(fake: FakeGitHub, request: IncomingMessage): Fault | undefined {
  const found = fake.faults.find(({method, path, times = 1}) => method === request.method && path.test(request.url ?? '') && times > 0)
  if (found === undefined) return undefined
  if ((found.skip ?? 0) > 0) {
    found.skip = (found.skip ?? 0) - 1
    return undefined
  }
  found.times = (found.times ?? 1) - 1
  return found
}

function send(response: ServerResponse, {status, body, headers}: Answer): void {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8'
  response.writeHead(status, {...(text !== '' && {'content-type': type}), ...headers}).end(text)
}

function pathOf(request: IncomingMessage): string {
  return new URL(request.url ?? '/', 'http://fake').pathname
}

function route(fake: FakeGitHub, request: IncomingMessage, body: unknown): Answer {
  const url = new URL(request.url ?? '/', fake.url)
  const [, issue] = /^\/repos\/octo\/wages\/issues\/(\d+)\/comments$/.exec(url.pathname) ?? []
  const [, comment] = /^\/repos\/octo\/wages\/issues\/comments\/(\d+)$/.exec(url.pathname) ?? []
  if (request.method === 'POST' && url.pathname === '/graphql') return {status: 200, body: {data: {viewer: {login: fake.login}}}}
  if (issue !== undefined && issue !== '7') return refusal(404, 'Not Found')
  if (issue !== undefined) return request.method === 'POST' ? create(fake, textOf(body)) : page(fake, url)
  if (comment !== undefined) return one(fake, Number(comment), request.method ?? '', body)
  return refusal(404, 'Not Found')
}

function textOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'body' in body && typeof body.body === 'string' ? body.body : ''
}

function create(fake: FakeGitHub, text: string): Answer {
  const bad = tooLong(text)
  return bad ?? {status: 201, body: shown(fake, fake.add(text))}
}

function one(fake: FakeGitHub, id: number, method: string, body: unknown): Answer {
  const at = fake.comments.findIndex(comment => comment.id === id)
  if (at < 0) return refusal(404, 'Not Found')
  if (method === 'GET') return {status: 200, body: shown(fake, fake.comments[at])}
  if (method === 'DELETE') {
    fake.comments.splice(at, 1)
    return {status: 204}
  }
  const bad = tooLong(textOf(body))
  if (bad !== undefined) return bad
  fake.comments[at].body = textOf(body)
  return {status: 200, body: shown(fake, fake.comments[at])}
}

function tooLong(text: string): Answer | undefined {
  if (text.length <= HIGHEST && text !== '') return undefined
  const error = {
    resource: 'IssueComment',
    code: 'unprocessable',
    field: 'data',
    message: `Body is too long (maximum is ${HIGHEST} characters)`
  }
  return {status: 422, body: {message: 'Validation Failed', errors: [error], documentation_url: 'https://docs.github.com/rest'}}
}

function page(fake: FakeGitHub, url: URL): Answer {
  const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30))
  const number = Number(url.searchParams.get('page') ?? 1)
  const visible = fake.comments.toSorted((a, b) => a.id - b.id).slice(0, fake.comments.length - fake.lag)
  const last = Math.max(1, Math.ceil(visible.length / size))
  const link = (to: number, rel: string) => `<${url.origin}${url.pathname}?per_page=${size}&page=${to}>; rel="${rel}"`
  const headers = number < last ? {link: `${link(number + 1, 'next')}, ${link(last, 'last')}`} : undefined
  return {status: 200, headers, body: visible.slice((number - 1) * size, number * size).map(comment => shown(fake, comment))}
}

function refusal(status: number, message: string): Answer {
  return {status, body: {message, documentation_url: 'https://docs.github.com/rest', status: String(status)}}
}

function shown({url}: FakeGitHub, {id, body, login, createdAt}: FakeComment): object {
  const api = `${url}/repos/${REPOSITORY}`
  return {
    id,
    node_id: `IC_${id}`,
    url: `${api}/issues/comments/${id}`,
    html_url: `https://github.com/${REPOSITORY}/pull/7#issuecomment-${id}`,
    issue_url: `${api}/issues/7`,
    body,
    user: account(url, login),
    created_at: createdAt,
    updated_at: createdAt,
    author_association: login.endsWith('[bot]') ? 'NONE' : 'CONTRIBUTOR',
    performed_via_github_app: null
  }
}

function account(url: string, login: string): object {
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

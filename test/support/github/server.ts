import type {IncomingMessage, ServerResponse} from 'node:http'
import type {ApiDescription} from './description.js'
import type {FakeGitHub, Fault} from './fake.js'
import {type Answer, type Asked, type Route, refusal} from './route.js'
import {ROUTES} from './routes.js'

/** Answers one request: faults first, then the token and its permissions, then the route, held to GitHub's description. */
export async function answer(
  fake: FakeGitHub,
  description: ApiDescription | undefined,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const line = `${request.method} ${request.url}`
  if (!request.url?.startsWith('/_/')) fake.requests.push(line)
  await fake.before?.(line)
  const bytes = await bytesOf(request)
  if (bytes === undefined) return broken(fake, request)
  const fault = takeFault(fake, request)
  const carriedOut = fault === undefined || fault.applied || fault.answer === 'cut'
  const usual = carriedOut ? await route(fake, description, request, bytes) : undefined
  if (fault === undefined) return send(response, usual ?? {status: 500})
  if (fault.answer === 'stall') return
  if (fault.answer === 'reset') return void request.socket.destroy()
  if (fault.answer === 'stall in the body') return void response.writeHead(200, {'content-type': 'application/json'}).write('[{"id":')
  if (fault.answer === 'cut') return cut(response, usual ?? {status: 500})
  send(response, fault.answer)
}

// Undefined: whoever asked is gone.
async function bytesOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch {
    return undefined
  }
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

function render({status, body, bytes, headers}: Answer): {status: number; payload: Buffer; headers: Record<string, string>} {
  const payload = bytes ?? Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body))
  const type = bytes !== undefined ? 'application/octet-stream' : typeof body === 'string' ? 'text/html' : 'application/json'
  const typed: Record<string, string> = payload.length > 0 ? {'content-type': bytes === undefined ? `${type}; charset=utf-8` : type} : {}
  return {status, payload, headers: {...typed, ...headers}}
}

function send(response: ServerResponse, given: Answer): void {
  const {status, payload, headers} = render(given)
  const length: Record<string, string> = status === 204 || status === 304 ? {} : {'content-length': String(payload.length)}
  response.writeHead(status, {...length, ...headers}).end(payload)
}

function cut(response: ServerResponse, given: Answer): void {
  const {status, payload, headers} = render(given)
  response.writeHead(status, {...headers, 'content-length': String(payload.length)})
  response.write(payload.subarray(0, Math.ceil(payload.length / 2)), () => setTimeout(() => response.destroy(), 20))
}

const COMPILED = ROUTES.map(one => ({one, ...compiled(one)}))

function compiled({on}: Route): {method: string; pattern: RegExp} {
  const [method, path] = on.split(' ')
  const source = path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)').replace(/\{(\w+)\+\}/g, '(?<$1>.+)')
  return {method, pattern: new RegExp(`^${source}$`)}
}

function askedOf(request: IncomingMessage, bytes: Buffer) {
  const {pathname, searchParams} = new URL(request.url ?? '/', 'http://fake')
  const method = request.method ?? ''
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const found = COMPILED.filter(({method: given, pattern}) => given === method && pattern.test(pathname))
  const body = parsed(bytes, headers['content-type'])
  const askedOn = (pattern: RegExp): Asked => {
    const at = Object.entries({...pattern.exec(pathname)?.groups}).map(([name, value]) => [name, decodeURIComponent(value)])
    return {method, path: pathname, query: searchParams, body, bytes, headers, at: Object.fromEntries(at)}
  }
  return {method, pathname, body, found: found.map(({one, pattern}) => ({one, asked: askedOn(pattern)}))}
}

function broken(fake: FakeGitHub, request: IncomingMessage): void {
  for (const {one, asked} of askedOf(request, Buffer.alloc(0)).found) one.broken?.(fake, asked)
}

async function route(fake: FakeGitHub, description: ApiDescription | undefined, request: IncomingMessage, bytes: Buffer): Promise<Answer> {
  const {method, pathname, body, found} = askedOf(request, bytes)
  if (found.length === 0 && !knownAnyway(pathname)) fake.misfits.push(`${method} ${pathname}: the fake knows no such route`)
  let given = refusal(404, 'Not Found')
  for (const {one, asked} of found) {
    given = denied(fake, one, asked) ?? (await one.answer(fake, asked))
    if (given.status !== 404) break
  }
  if (found[0]?.one.outside === undefined) fake.misfits.push(...(description?.misfits(method, pathname, body, given) ?? []))
  return given
}

// Who asks for another repository's things gets what GitHub says of what it does not show.
function knownAnyway(path: string): boolean {
  return !path.startsWith('/repos/octo/wages')
}

function parsed(bytes: Buffer, type: string | undefined): unknown {
  if (bytes.length === 0 || type?.startsWith('application/octet-stream')) return undefined
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

function denied(fake: FakeGitHub, one: Route, {headers}: Asked): Answer | undefined {
  const token = headers.authorization?.replace(/^(?:token|bearer) /i, '')
  if (one.outside === undefined && fake.token !== undefined && token !== fake.token) return refusal(401, 'Bad credentials')
  if (one.needs === undefined || one.needs === 'metadata: read' || fake.permissions === undefined) return undefined
  const [what, level] = one.needs.split(': ')
  const has = fake.permissions[what]
  return has === 'write' || has === level ? undefined : refusal(403, 'Resource not accessible by integration')
}

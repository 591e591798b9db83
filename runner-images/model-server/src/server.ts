import {createHash, timingSafeEqual} from 'node:crypto'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import {answer, answerEarly, Refusal} from './answers.js'
import {counters as makeCounters} from './counters.js'
import type {Options} from './options.js'
import {type Route, routes} from './routes.js'
import {openServing, type Serving, type ServingWorld} from './serving.js'

export interface ModelServer {
  readonly server: Server
  readonly serving: Serving
  /** takes no new connections, lets running requests end, cuts them off after `timeoutMs`, then unloads */
  drain(timeoutMs: number): Promise<void>
}

/** A model server over a data folder, not yet listening. Throws UserError when its state can't be restored. */
export async function createModelServer(options: Omit<Options, 'port' | 'host'>, world: ServingWorld): Promise<ModelServer> {
  const counters = makeCounters()
  const serving = await openServing(options, world, counters)
  const table = routes(serving, counters, {bodyLimit: options.bodyLimit, monotonicMs: world.monotonicMs})
  const authorised = authorise(options.token)
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const {route, segment} = find(table, request)
    if (route.guarded && !authorised(request.headers.authorization))
      throw new Refusal(401, 'authorization: expected "Bearer <token>" with the token of this server', {'www-authenticate': 'Bearer'})
    await route.run(request, response, segment)
  }
  const server = createServer({requestTimeout: 600_000, headersTimeout: 10_000, keepAliveTimeout: 65_000}, (request, response) => {
    respond(request, response).catch(error => fail(request, response, error, world.log))
  })
  return {server, serving, drain: timeoutMs => drain(server, serving, timeoutMs)}
}

// Digests are compared, all of one length, so that time tells neither the token's length nor its first letters.
function authorise(token: string): (header: string | undefined) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(`Bearer ${token}`)
  return header => timingSafeEqual(digest(header ?? ''), expected)
}

function find(table: readonly Route[], {method = '', url = '/'}: IncomingMessage): {route: Route; segment: string} {
  const path = url.split('?', 1)[0]
  const here = table.filter(route => (route.path.endsWith('/') ? path.startsWith(route.path) : path === route.path))
  const route = here.find(candidate => candidate.method === method)
  if (route !== undefined) return {route, segment: path.slice(route.path.length)}
  const methods = here.map(candidate => candidate.method)
  if (methods.length > 0) throw new Refusal(405, `${here[0].path}: expected ${methods.join(' or ')}`, {allow: methods.join(', ')})
  throw new Refusal(404, `${path.slice(0, 200)}: no such path; there is ${table.map(known => `${known.method} ${known.path}`).join(', ')}`)
}

function fail(request: IncomingMessage, response: ServerResponse, error: unknown, log: (line: string) => void): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const refusal = error instanceof Refusal ? error : new Refusal(500, 'internal error; the reason is in the log')
  if (refusal !== error) log(`${request.method} ${request.url}: ${error instanceof Error ? error.stack : String(error)}`)
  if (request.complete) answer(response, refusal.status, {error: refusal.message}, refusal.headers)
  else answerEarly(request, response, refusal.status, {error: refusal.message}, refusal.headers)
}

async function drain(server: Server, serving: Serving, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs)
  // A connection becomes idle when its running request has ended.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  await new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(timer)
  clearInterval(idle)
  await serving.versions.close()
}

import type {IncomingMessage, ServerResponse} from 'node:http'
import {answer, Refusal} from './answers.js'
import {readJson} from './bodies.js'
import type {Counters} from './counters.js'
import {parseRows} from './rows.js'
import type {Serving} from './serving.js'
import {DIGEST, parseIfMatch, parseWeights, type WeightState} from './weights.js'

export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST'
  /** a path that ends in `/` takes one more segment */
  readonly path: string
  /** whether it asks for the token */
  readonly guarded: boolean
  run(request: IncomingMessage, response: ServerResponse, segment: string): Promise<void> | void
}

export interface RouteOptions {
  readonly bodyLimit: number
  readonly monotonicMs: () => number
}

/** Every path of the server, by how often it is asked for. */
export function routes(serving: Serving, counters: Counters, {bodyLimit, monotonicMs}: RouteOptions): readonly Route[] {
  return [
    {
      ...{method: 'POST', path: '/predict', guarded: false},
      run: async (request, response) => {
        const body = await readJson(request, bodyLimit)
        const {version, scores} = await serving.predict(parseRows(body), monotonicMs())
        answer(response, 200, {scores: Array.from(scores)}, {'x-model-version': version})
      }
    },
    {
      ...{method: 'GET', path: '/metrics', guarded: false},
      run: async (_, response) => void response.writeHead(200, {'content-type': counters.contentType}).end(await counters.text())
    },
    {...{method: 'GET', path: '/healthz', guarded: false}, run: (_, response) => answer(response, 200, {status: 'ok'})},
    {
      ...{method: 'GET', path: '/versions', guarded: true},
      run: (_, response) =>
        answer(response, 200, {versions: serving.versions.list().map(({digest, size, loadedAt}) => ({digest, size, loadedAt}))})
    },
    {
      ...{method: 'PUT', path: '/versions/', guarded: true},
      run: (request, response, digest) => putVersion(serving, request, response, digest)
    },
    {
      ...{method: 'GET', path: '/weights', guarded: true},
      run: (_, response) => answer(response, 200, serving.weights().weights, etag(serving.weights()))
    },
    {
      ...{method: 'PUT', path: '/weights', guarded: true},
      run: async (request, response) => {
        const expected = parseIfMatch(request.headers['if-match'])
        const state = await serving.move(parseWeights(await readJson(request, bodyLimit)), expected)
        answer(response, 200, state.weights, etag(state))
      }
    }
  ]
}

async function putVersion(serving: Serving, request: IncomingMessage, response: ServerResponse, digest: string): Promise<void> {
  if (!DIGEST.test(digest)) throw new Refusal(400, `version: expected 64 lower-case hex digits, got ${JSON.stringify(digest.slice(0, 80))}`)
  const added = await serving.versions.add(request, digest)
  if (added) await serving.trim()
  request.resume()
  answer(response, added ? 201 : 200, {digest})
}

function etag({generation}: WeightState): Record<string, string> {
  return {etag: `"${generation}"`}
}

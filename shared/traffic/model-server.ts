import {createReadStream} from 'node:fs'
import {stat} from 'node:fs/promises'
import {Readable} from 'node:stream'
import type {ReadableStream} from 'node:stream/web'
import {UserError} from '#shared/errors'
import {type Answer, type Call, type CallOptions, call, Unreached} from './call.js'
import type {Endpoint, Split, Weights} from './endpoint.js'

export interface ModelServerOptions {
  /** `https://models.example`, perhaps with a path */
  readonly address: string
  readonly token: string
  readonly fetch: typeof fetch
  readonly sleep: (ms: number) => Promise<void>
  /** of one call; an upload gets ten times as much and its size on top */
  readonly timeoutMs?: number
}

/** The generation that a change named is no longer the endpoint's: somebody else moved the weights. */
export class StaleWeights extends UserError {}

const DIGEST = /^[0-9a-f]{64}$/
const ATTEMPTS = 3

/** The model server of this suite as an endpoint. Throws UserError for an address or a token that can't be one. */
export function modelServer({address, token, fetch, sleep, timeoutMs = 10_000}: ModelServerOptions): Endpoint {
  const base = parseAddress(address)
  requireToken(token, base)
  const options: CallOptions = {base, token, fetch}
  const repeated = (request: Call, known: readonly number[]) => repeat(() => call(options, request, known), sleep)
  return {
    name: base,
    versions: async () => parseVersions(base, await repeated({method: 'GET', path: '/versions', timeoutMs}, [200])),
    upload: async (digest, path) => {
      const {status, body: reason} = await repeated(await uploadOf(digest, path, timeoutMs), [200, 201, 413, 422])
      if (status >= 400) throw refused(base, digest, reason)
    },
    weights: async () => parseSplit(base, await repeated({method: 'GET', path: '/weights', timeoutMs}, [200])),
    setWeights: async (weights, generation) => {
      const headers = {'if-match': generation, 'content-type': 'application/json'}
      const answer = await call(
        options,
        {method: 'PUT', path: '/weights', timeoutMs, headers, body: () => JSON.stringify(weights)},
        [200, 412]
      )
      if (answer.status === 412) throw new StaleWeights(`${new URL(base).host}: the weights were moved by somebody else meanwhile`)
      return parseSplit(base, answer)
    },
    command: weights => manualCommand(base, weights)
  }
}

function requireToken(token: string, base: string): void {
  if (/^[\x21-\x7e]+$/.test(token)) return
  const got = token === '' ? 'none' : 'characters that no header takes'
  throw new UserError(`endpoint-token: expected the token of ${new URL(base).host}, got ${got}`, {
    kind: 'usage',
    hint: 'Give endpoint-token: ${{ secrets.MODEL_SERVER_TOKEN }}, or set TRAINYARD_ENDPOINT_TOKEN.'
  })
}

async function uploadOf(digest: string, file: string, timeoutMs: number): Promise<Call> {
  const {size} = await stat(file)
  return {
    method: 'PUT',
    path: `/versions/${digest}`,
    timeoutMs: timeoutMs * 10 + Math.ceil(size / 1000),
    body: () => Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>,
    headers: {'content-type': 'application/octet-stream'}
  }
}

function parseAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.password !== '' ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw new UserError(
      `endpoint: expected https://host or http://host without user, query or fragment, got ${JSON.stringify(shown(address))}`,
      {
        kind: 'usage',
        hint: 'Give the address of the model server; the token goes into endpoint-token.'
      }
    )
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

// What stands before an @ may be a secret.
function shown(address: string): string {
  return address.replace(/\/\/[^/]*@/, '//…@').replace(/[?#].*$/, '')
}

// Only what may be done twice: reads, and uploads under their own digest.
async function repeat(work: () => Promise<Answer>, sleep: (ms: number) => Promise<void>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Unreached) || attempt === ATTEMPTS) throw error
      await sleep(200 * 4 ** (attempt - 1))
    }
  }
}

function parseVersions(base: string, {body}: Answer): readonly string[] {
  const versions = isRecord(body) ? body.versions : undefined
  const digests = Array.isArray(versions) ? versions.map(version => (isRecord(version) ? version.digest : undefined)) : [undefined]
  return digests.map(digest => {
    if (typeof digest === 'string' && DIGEST.test(digest)) return digest
    throw strange(base, '/versions', '{"versions": [{"digest"}]}')
  })
}

function parseSplit(base: string, {body, headers}: Answer): Split {
  const generation = headers.get('etag')
  if (generation === null) throw strange(base, '/weights', 'an ETag')
  if (!isRecord(body)) throw strange(base, '/weights', '{"<sha256>": percent}')
  const weights: Record<string, number> = {}
  for (const [digest, percent] of Object.entries(body)) {
    if (!DIGEST.test(digest) || typeof percent !== 'number' || !Number.isInteger(percent) || percent < 0 || percent > 100)
      throw strange(base, '/weights', '{"<sha256>": percent}')
    if (percent > 0) weights[digest] = percent
  }
  const sum = Object.values(weights).reduce((total, percent) => total + percent, 0)
  if (sum !== 100 && sum !== 0) throw strange(base, '/weights', 'weights that sum to 100')
  return {weights, generation}
}

function strange(base: string, path: string, expected: string): UserError {
  return new UserError(`${new URL(base).host}: GET ${path}: expected ${expected}, got something else`, {
    hint: 'This does not look like a model server: check the address in endpoint.'
  })
}

function refused(base: string, digest: string, body: unknown): UserError {
  const reason = isRecord(body) && typeof body.error === 'string' ? body.error.slice(0, 1000) : 'no reason given'
  return new UserError(`${new URL(base).host}: refuses model ${digest.slice(0, 12)}…: ${reason}`, {
    hint: 'No traffic was moved. Mend the model, or the limits of the server.'
  })
}

function manualCommand(base: string, weights: Weights): string {
  const auth = '-H "Authorization: Bearer $MODEL_SERVER_TOKEN"'
  return [
    `ETAG=$(curl -fsSi ${auth} '${base}/weights' | tr -d '\\r' | awk 'tolower($1) == "etag:" {print $2}')`,
    `curl -fsS -X PUT ${auth} -H "If-Match: $ETAG" -d '${JSON.stringify(weights)}' '${base}/weights'`
  ].join('; ')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import type {S3Client} from '@aws-sdk/client-s3'
import {UserError} from '#shared/errors'
import {credentialsOf} from './credentials.js'
import {type Fault, faultOf} from './fault.js'
import {refusal} from './refusal.js'

export type Sdk = typeof import('@aws-sdk/client-s3')

export interface S3World {
  readonly env: Readonly<Record<string, string | undefined>>
  /** in [0, 1); spreads retries */
  readonly random: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly fetch?: typeof fetch
  /** of a call that says nothing else; default: 30 s */
  readonly limitMs?: number
}

export interface Call<T> {
  /** as IAM calls it: `s3:GetObject` */
  readonly action: string
  /** the key, or the prefix of a listing */
  readonly key: string
  /** default: that of the world */
  readonly limitMs?: number
  readonly send: (client: S3Client, sdk: Sdk, signal: AbortSignal) => Promise<T>
}

export type Answer<T> = {readonly value: T} | {readonly fault: Fault}

/** A bucket at a server. */
export interface Connection {
  readonly bucket: string
  readonly region: string
  /** as it was given; undefined: AWS */
  readonly endpoint?: string
  /** Once, within the call's limit; with new credentials a second time when the old ones were not taken. */
  ask<T>(call: Call<T>): Promise<Answer<T>>
  /** For calls that may happen twice: again, at most four times, while the fault may pass. */
  insist<T>(call: Call<T>): Promise<Answer<T>>
  /** As `insist`; a fault is thrown as UserError. */
  demand<T>(call: Call<T>): Promise<T>
  refusal(call: Pick<Call<unknown>, 'action' | 'key'>, fault: Fault): UserError
}

const LIMIT_MS = 30_000
const ATTEMPTS = 4
const CHECKSUMS = ['x-amz-checksum-sha256', 'x-amz-checksum-crc32']
const SILENT = {debug: () => {}, info: () => {}, warn: () => {}, error: () => {}}

/** Opens nothing yet: the SDK is loaded and the server asked by the first call. Throws UserError on an endpoint that is no address. */
export function connectionTo(bucket: string, world: S3World): Connection {
  const {env, random, sleep} = world
  const endpoint = parseEndpoint(env)
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1'
  let opened: Promise<{client: S3Client; sdk: Sdk}> | undefined
  let answered = false
  const attempt = async <T>(call: Call<T>): Promise<Answer<T>> => {
    const limitMs = Math.ceil(call.limitMs ?? world.limitMs ?? LIMIT_MS)
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), limitMs)
    const {signal} = limit
    try {
      opened ??= open(world, region, endpoint)
      const {client, sdk} = await opened
      const value = await call.send(client, sdk, signal)
      answered = true
      return {value}
    } catch (error) {
      const fault = faultOf(error)
      if (!signal.aborted) return {fault}
      return {fault: {...fault, kind: 'passing', status: 0, code: 'TimeoutError', message: `no answer within ${limitMs / 1000} s`}}
    } finally {
      // The SDK goes on listening while a body is read, which may take as long as it is large.
      clearTimeout(timer)
    }
  }
  const ask = async <T>(call: Call<T>): Promise<Answer<T>> => {
    const first = await attempt(call)
    if (!('fault' in first) || !renewable(first.fault, answered)) return first
    opened = undefined
    return await attempt(call)
  }
  const insist = async <T>(call: Call<T>): Promise<Answer<T>> => {
    for (let tried = 1; ; tried++) {
      const answer = await ask(call)
      if (!('fault' in answer) || tried === ATTEMPTS || !['passing', 'corrupted'].includes(answer.fault.kind)) return answer
      await sleep((0.5 + random() / 2) * 250 * 2 ** tried)
    }
  }
  const asRefusal: Connection['refusal'] = ({action, key}, fault) =>
    refusal({action, key, bucket, endpoint, region, onRunner: env.GITHUB_ACTIONS === 'true'}, fault)
  const demand = async <T>(call: Call<T>): Promise<T> => {
    const answer = await insist(call)
    if ('fault' in answer) throw asRefusal(call, answer.fault)
    return answer.value
  }
  return {bucket, region, endpoint, ask, insist, demand, refusal: asRefusal}
}

/** Expired, or not taken any more by a server that took them before. */
function renewable({kind, code}: Fault, answered: boolean): boolean {
  return /^(?:ExpiredToken|ExpiredTokenException|TokenRefreshRequired)$/.test(code) || (kind === 'denied' && answered)
}

async function open(world: S3World, region: string, endpoint: string | undefined): Promise<{client: S3Client; sdk: Sdk}> {
  // It would tell users of this release that later releases of itself need another Node.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const sdk = await import('@aws-sdk/client-s3')
  const credentials = credentialsOf(world.env, world.fetch ?? fetch, region)
  const client = new sdk.S3Client({
    region,
    ...(endpoint !== undefined && {endpoint, forcePathStyle: true}),
    ...(credentials && {credentials}),
    // Whoever asks decides what may be asked twice, and gives the checksums that it has anyway.
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Servers that do not know it would let each part wait.
    expectContinueHeader: false,
    // What fails is said by whoever asked.
    logger: SILENT,
    requestHandler: {connectionTimeout: 10_000, requestTimeout: 0}
  })
  client.middlewareStack.add(
    next => async args => {
      const {request} = args
      // The checksum of a body is signed with the other headers and proved by the server: hashing the body for the signature too proves nothing more.
      if (isRequest(request) && request.body !== undefined && CHECKSUMS.some(name => name in request.headers))
        request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
      return await next(args)
    },
    {step: 'build', name: 'trainyardPayload', priority: 'low'}
  )
  return {client, sdk}
}

function isRequest(value: unknown): value is {headers: Record<string, string>; body?: unknown} {
  return typeof value === 'object' && value !== null && 'headers' in value
}

/** As the SDK reads it: of S3 before of all. */
function parseEndpoint(env: S3World['env']): string | undefined {
  const [name, given] = env.AWS_ENDPOINT_URL_S3
    ? ['AWS_ENDPOINT_URL_S3', env.AWS_ENDPOINT_URL_S3]
    : ['AWS_ENDPOINT_URL', env.AWS_ENDPOINT_URL]
  if (!given) return undefined
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '') return given
  throw new UserError(`${name}: expected an address like https://minio.example.com:9000, without credentials or a query`, {
    kind: 'usage',
    hint: 'Credentials come by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'
  })
}

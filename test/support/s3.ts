import {createHash} from 'node:crypto'
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {crc32} from 'node:zlib'
import {BUCKET, KEYS, type S3Server} from './s3-servers.js'

/** A call as a test may want to spoil it. */
export interface S3Call {
  readonly method: string
  /** empty: of the bucket */
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  /** from 1 */
  readonly number: number
}

export interface S3Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** What to do with a call instead of answering it: a reply of one's own, before or after the call took effect, or no answer at all. */
export type Spoil =
  | {readonly instead: S3Reply}
  | {readonly after: S3Reply}
  | {readonly hang: true}
  | {readonly afterwards: 'hang'}
  | {readonly cut: number}
  | {readonly stall: number}
  | {readonly ignoreConditions: true}
  | {readonly believeChecksums: true}
  | {readonly forgetChecksums: true}
  | {readonly none: true}

export interface FakeS3 extends S3Server {
  /** every call, in order */
  readonly calls: S3Call[]
  /** by key */
  readonly objects: Map<string, Stored>
  readonly uploads: Map<string, Upload>
  /** undefined: the call is answered as it should be */
  spoil: (call: S3Call) => Spoil | undefined
}

interface Stored {
  readonly bytes: Buffer
  readonly etag: string
  readonly sha256?: string
  readonly crc32?: string
}

interface Upload {
  readonly key: string
  readonly begun: Date
  readonly algorithm?: string
  readonly parts: Map<number, Stored>
}

/**
 * A stand-in for S3 at the network's edge: conditions, checksums, listings and uploads in parts as the real servers have them, which the same tests
 * are run against. Signatures are not looked at.
 */
export async function fakeS3(): Promise<FakeS3> {
  const calls: S3Call[] = []
  const objects = new Map<string, Stored>()
  const uploads = new Map<string, Upload>()
  const server = createServer((request, response) => {
    void answer(fake, request, response).catch(error => response.destroy(error instanceof Error ? error : undefined))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const fake: FakeS3 = {
    url,
    env: {...KEYS, AWS_ENDPOINT_URL_S3: url},
    folder: '',
    calls,
    objects,
    uploads,
    spoil: () => undefined,
    stop: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }
  return fake
}

async function answer(fake: FakeS3, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const {pathname, searchParams: query} = new URL(request.url ?? '/', fake.url)
  const [, bucket, ...rest] = decodeURIComponent(pathname).split('/')
  const call = {method: request.method ?? '', key: rest.join('/'), query, headers: request.headers, number: fake.calls.length + 1}
  fake.calls.push(call)
  const body = Buffer.concat(await request.toArray())
  const spoil: Spoil = fake.spoil(call) ?? {none: true}
  if ('hang' in spoil) return
  if ('instead' in spoil) return send(response, call, spoil.instead)
  const reply = bucket === BUCKET ? take(fake, call, body, spoil) : refusal(404, 'NoSuchBucket')
  if ('afterwards' in spoil) return
  if ('cut' in spoil) return cut(response, reply, spoil.cut)
  if ('stall' in spoil) return begin(response, reply, spoil.stall)
  send(response, call, 'after' in spoil ? spoil.after : reply)
}

function begin(response: ServerResponse, {status, headers, body = ''}: S3Reply, bytes: number): void {
  response.writeHead(status, {...headers, 'content-length': String(Buffer.byteLength(body))})
  response.write(Buffer.from(body).subarray(0, bytes))
}

function cut(response: ServerResponse, reply: S3Reply, bytes: number): void {
  begin(response, reply, bytes)
  // Long enough for what was written to be read.
  setTimeout(() => response.destroy(), 300)
}

function send(response: ServerResponse, {method}: S3Call, {status, headers, body = ''}: S3Reply): void {
  const length = {'content-length': String(Buffer.byteLength(body))}
  response.writeHead(status, {'content-type': 'application/xml', ...(status === 204 ? {} : length), ...headers})
  response.end(method === 'HEAD' ? undefined : body)
}

function take(fake: FakeS3, call: S3Call, body: Buffer, spoil: Spoil): S3Reply {
  const {method, key, query} = call
  if (key === '') return query.has('uploads') ? listUploads(fake, query) : listObjects(fake, query)
  const id = query.get('uploadId')
  if (method === 'POST' && query.has('uploads')) return beginUpload(fake, call)
  if (id !== null) {
    const upload = fake.uploads.get(id)
    if (upload === undefined || upload.key !== key) return refusal(404, 'NoSuchUpload')
    if (method === 'PUT') return putPart(upload, Number(query.get('partNumber')), body, call, spoil)
    if (method === 'POST') return complete(fake, id, upload)
    if (method === 'GET') return listParts(upload, query)
    fake.uploads.delete(id)
    return {status: 204}
  }
  if (method === 'PUT') return putObject(fake, call, body, spoil)
  if (method === 'DELETE') {
    fake.objects.delete(key)
    return {status: 204}
  }
  return getObject(fake, call)
}

function putObject({objects}: FakeS3, {key, headers}: S3Call, body: Buffer, spoil: Spoil): S3Reply {
  const careless = 'ignoreConditions' in spoil
  const there = objects.get(key)
  const match = headers['if-match']
  if (!careless && headers['if-none-match'] === '*' && there) return refusal(412, 'PreconditionFailed')
  if (!careless && match !== undefined && !there) return refusal(404, 'NoSuchKey')
  if (!careless && match !== undefined && there?.etag !== match) return refusal(412, 'PreconditionFailed')
  const stored = storedOf(body, headers, spoil)
  if (stored === undefined) return refusal(400, 'BadDigest')
  objects.set(key, stored)
  return {status: 200, headers: {etag: stored.etag}}
}

function getObject({objects}: FakeS3, {key, headers}: S3Call): S3Reply {
  const there = objects.get(key)
  if (there === undefined) return refusal(404, 'NoSuchKey')
  if (headers['if-match'] !== undefined && headers['if-match'] !== there.etag) return refusal(412, 'PreconditionFailed')
  const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
  const checksum: Record<string, string> =
    headers['x-amz-checksum-mode'] === 'ENABLED'
      ? {
          ...(there.sha256 && {'x-amz-checksum-sha256': there.sha256}),
          ...(there.crc32 && {'x-amz-checksum-crc32': there.crc32})
        }
      : {}
  const common = {etag: there.etag, 'content-type': 'binary/octet-stream', ...checksum}
  if (from === undefined) return {status: 200, headers: common, body: there.bytes}
  const end = Math.min(last === '' ? Number.POSITIVE_INFINITY : Number(last) + 1, there.bytes.length)
  const range = `bytes ${from}-${end - 1}/${there.bytes.length}`
  return {status: 206, headers: {...common, 'content-range': range}, body: there.bytes.subarray(Number(from), end)}
}

function listObjects({objects}: FakeS3, query: URLSearchParams): S3Reply {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? ''
  const keys = [...objects.keys()].filter(key => key.startsWith(prefix) && key > after).sort()
  const page = keys.slice(0, 1000)
  const more = keys.length > page.length
  const token = more ? `<NextContinuationToken>${page[page.length - 1]}</NextContinuationToken>` : ''
  const contents = page.map(key => `<Contents><Key>${key}</Key></Contents>`).join('')
  return xml(`<ListBucketResult><Name>${BUCKET}</Name><IsTruncated>${more}</IsTruncated>${token}${contents}</ListBucketResult>`)
}

function beginUpload({uploads}: FakeS3, {key, headers}: S3Call): S3Reply {
  const id = `upload-${uploads.size + 1}-${Date.now()}`
  const algorithm = headers['x-amz-checksum-algorithm']
  uploads.set(id, {key, begun: new Date(), parts: new Map(), ...(typeof algorithm === 'string' && {algorithm})})
  return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
}

function putPart({parts}: Upload, number: number, body: Buffer, {headers}: S3Call, spoil: Spoil): S3Reply {
  const stored = storedOf(body, headers, spoil)
  if (stored === undefined) return refusal(400, 'BadDigest')
  parts.set(number, stored)
  return {status: 200, headers: {etag: stored.etag}}
}

function complete({objects, uploads}: FakeS3, id: string, {key, parts}: Upload): S3Reply {
  const sorted = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part)
  const sums = Buffer.concat(sorted.map(part => Buffer.from(part.crc32 ?? '', 'base64')))
  const composed = `${crc32Of(sums)}-${sorted.length}`
  const bytes = Buffer.concat(sorted.map(part => part.bytes))
  const known = sorted.every(part => part.crc32 !== undefined)
  objects.set(key, {bytes, etag: `"${md5(bytes)}-${sorted.length}"`, ...(known && {crc32: composed})})
  uploads.delete(id)
  return xml('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>')
}

function listParts({parts}: Upload, query: URLSearchParams): S3Reply {
  const after = Number(query.get('part-number-marker') ?? 0)
  const listed = [...parts].filter(([number]) => number > after).sort(([a], [b]) => a - b)
  const page = listed.slice(0, 2)
  const more = listed.length > page.length
  const items = page.map(
    ([number, {bytes, etag, crc32}]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag><Size>${bytes.length}</Size><ChecksumCRC32>${crc32}</ChecksumCRC32></Part>`
  )
  const next = more ? `<NextPartNumberMarker>${page[page.length - 1][0]}</NextPartNumberMarker>` : ''
  return xml(`<ListPartsResult><IsTruncated>${more}</IsTruncated>${next}${items.join('')}</ListPartsResult>`)
}

function listUploads({uploads}: FakeS3, query: URLSearchParams): S3Reply {
  const items = [...uploads]
    .filter(([, {key}]) => key.startsWith(query.get('prefix') ?? ''))
    .map(([id, {key, begun, algorithm}]) => {
      const kind = algorithm === undefined ? '' : `<ChecksumAlgorithm>${algorithm}</ChecksumAlgorithm>`
      return `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${begun.toISOString()}</Initiated>${kind}</Upload>`
    })
  return xml(`<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${items.join('')}</ListMultipartUploadsResult>`)
}

function storedOf(bytes: Buffer, headers: S3Call['headers'], spoil: Spoil): Stored | undefined {
  const etag = `"${md5(bytes)}"`
  const claimed = {sha256: headers['x-amz-checksum-sha256'], crc32: headers['x-amz-checksum-crc32']}
  if ('forgetChecksums' in spoil) return {bytes, etag}
  const own = {sha256: createHash('sha256').update(bytes).digest('base64'), crc32: crc32Of(bytes)}
  const kept: Record<string, string> = {}
  for (const name of ['sha256', 'crc32'] as const) {
    const value = claimed[name]
    if (typeof value !== 'string') continue
    if (!('believeChecksums' in spoil) && value !== own[name]) return undefined
    kept[name] = value
  }
  return {bytes, etag, ...kept}
}

/** As S3 writes it. */
export function crc32Of(bytes: Buffer): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum.toString('base64')
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}

/** An error as S3 words it. */
export function refusal(status: number, code: string, headers: Readonly<Record<string, string>> = {}): S3Reply {
  return {status, headers, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`}
}

function xml(body: string): S3Reply {
  return {status: 200, body: `<?xml version="1.0"?>${body}`}
}

import {Readable} from 'node:stream'
import {UserError} from '#shared/errors'
import type {Call, Connection} from '#shared/s3/connection'
import {headOf} from '#shared/s3/head'
import {CHUNK_BYTES, giveBack} from './chunk-pool.js'
import {megabytes, tenths} from './progress.js'
import {
  abortedByOthers,
  abortUpload,
  abortUploads,
  beginUpload,
  completeUpload,
  findUpload,
  type SentPart,
  type Upload
} from './s3-multipart.js'
import {composite, forEachPart, isReadingFailure, type Part} from './s3-parts.js'

export interface Progress {
  readonly key: string
  /** bytes */
  readonly size: number
  readonly log: (line: string) => void
}

const WIDTH = 4
/** what a slow line sends at least */
const SLOWEST_BYTES_A_MS = 64

/** A small blob in one request. The server compares its bytes with the digest that the evidence names. */
export async function uploadWhole(s3: Connection, key: string, sha256: string, stream: Readable): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const Body = Buffer.concat(chunks)
  const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64')
  await s3.demand({
    action: 's3:PutObject',
    key,
    limitMs: 30_000 + Body.length / SLOWEST_BYTES_A_MS,
    send: async (client, {PutObjectCommand}, abortSignal) =>
      void (await client.send(new PutObjectCommand({Bucket: s3.bucket, Key: key, Body, ContentLength: Body.length, ChecksumSHA256}), {
        abortSignal
      }))
  })
}

/**
 * Sends a blob in parts, several at a time, and gives the checksum of its parts. Parts that an interrupted upload of the same blob has brought over
 * are not sent again. A stream that fails aborts the upload; a server that fails leaves it for the next run.
 */
export async function uploadParts(s3: Connection, progress: Progress, stream: Readable, partBytes: number): Promise<string> {
  const {key, size, log} = progress
  const upload = (await findUpload(s3, key)) ?? (await beginUpload(s3, key))
  const sent: SentPart[] = []
  const advance = progressOf(progress)
  // Another process that sends the same blob may end the upload that both go on with; then what it made is compared.
  let ended = false
  try {
    await forEachPart(stream, partBytes, WIDTH, async part => {
      const there = sameAs(part, upload)
      const arrived = there ?? (ended ? undefined : await sendPart(s3, upload, part))
      ended ||= arrived === undefined
      sent[part.number - 1] = arrived ?? {number: part.number, etag: '', size: part.size, crc32: part.crc32}
      giveBack(part.chunks)
      advance(part.size, there !== undefined)
    })
  } catch (error) {
    throw await afterFailure(s3, upload, error)
  }
  const checksum = composite(sent.map(part => part.crc32))
  if (ended && (await headOf(s3, key))?.crc32 !== checksum) throw abortedByOthers(s3, upload)
  if (!ended) await completeUpload(s3, upload, sent, size)
  await abortUploads(s3, key, log)
  return checksum
}

function sameAs({number, size, crc32}: Part, {parts}: Upload): SentPart | undefined {
  const there = parts.get(number)
  return there?.size === size && there.crc32.equals(crc32) ? there : undefined
}

/** Undefined: the upload is there no more. */
async function sendPart(s3: Connection, {key, id}: Upload, {number, chunks, size, crc32}: Part): Promise<SentPart | undefined> {
  const call: Call<string> = {
    action: 's3:PutObject',
    key,
    limitMs: 30_000 + size / SLOWEST_BYTES_A_MS,
    send: async (client, {UploadPartCommand}, abortSignal) => {
      const command = new UploadPartCommand({
        Bucket: s3.bucket,
        Key: key,
        UploadId: id,
        PartNumber: number,
        Body: Readable.from(chunks, {objectMode: false, highWaterMark: CHUNK_BYTES}),
        ContentLength: size,
        ChecksumCRC32: crc32.toString('base64')
      })
      const {ETag} = await client.send(command, {abortSignal})
      if (!ETag) throw new Error('an answer without an ETag')
      return ETag
    }
  }
  const answer = await s3.insist(call)
  if ('value' in answer) return {number, etag: answer.value, size, crc32}
  if (answer.fault.code === 'NoSuchUpload') return undefined
  throw s3.refusal(call, answer.fault)
}

/** What could not be read is no blob; what could not be sent is gone on with by the next run. */
async function afterFailure(s3: Connection, upload: Upload, error: unknown): Promise<unknown> {
  if (isReadingFailure(error)) {
    await abortUpload(s3, upload)
    return error.reading
  }
  if (!(error instanceof UserError)) return error
  return new UserError(error.message, {
    hint: `${error.hint ?? ''} What had arrived is kept as the upload ${upload.id} of ${upload.key}: the next run goes on with it.`.trim(),
    kind: error.kind,
    cause: error
  })
}

function progressOf({key, size, log}: Progress): (bytes: number, there: boolean) => void {
  const advance = tenths({label: `sha256 ${key.slice(-64, -52)}…`, size, verb: 'sent', log})
  let known = 0
  return (bytes, there) => {
    if (there) known += bytes
    advance(bytes, known > 0 ? `, ${megabytes(known)} of them were there` : '')
  }
}

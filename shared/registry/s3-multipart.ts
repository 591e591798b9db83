import {UserError} from '#shared/errors'
import type {Call, Connection} from '#shared/s3/connection'
import {headOf} from '#shared/s3/head'

/** A part as it lies at the server, by the CRC-32 that the server has proved. */
export interface SentPart {
  readonly number: number
  readonly etag: string
  readonly size: number
  readonly crc32: Buffer
}

/** An upload in parts that is not complete. */
export interface Upload {
  readonly key: string
  readonly id: string
  readonly parts: ReadonlyMap<number, SentPart>
}

const COMPLETE_MS = 600_000
const MOST_PAGES = 100

export async function beginUpload(s3: Connection, key: string): Promise<Upload> {
  const id = await s3.demand({
    action: 's3:PutObject',
    key,
    send: async (client, {CreateMultipartUploadCommand}, abortSignal) => {
      const command = new CreateMultipartUploadCommand({
        Bucket: s3.bucket,
        Key: key,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'COMPOSITE'
      })
      const {UploadId} = await client.send(command, {abortSignal})
      if (!UploadId) throw new Error('an answer without an upload id')
      return UploadId
    }
  })
  return {key, id, parts: new Map()}
}

/** The newest interrupted upload of a key with the parts that arrived; undefined when there is none, or the server does not tell. */
export async function findUpload(s3: Connection, key: string): Promise<Upload | undefined> {
  const [newest] = await listUploads(s3, key, resumable)
  if (newest === undefined) return undefined
  const parts = await listParts(s3, key, newest)
  return parts && {key, id: newest, parts}
}

/** Removes an upload with its parts; one that is gone is no error. */
export async function abortUpload(s3: Connection, {key, id}: Pick<Upload, 'key' | 'id'>): Promise<void> {
  await s3.insist({
    action: 's3:AbortMultipartUpload',
    key,
    send: async (client, {AbortMultipartUploadCommand}, abortSignal) =>
      void (await client.send(new AbortMultipartUploadCommand({Bucket: s3.bucket, Key: key, UploadId: id}), {abortSignal}))
  })
}

/** Removes what is left of other uploads of a key that is complete, and names what lies half-sent beside it: that is somebody else's. */
export async function abortUploads(s3: Connection, key: string, log: (line: string) => void): Promise<void> {
  for (const id of await listUploads(s3, key)) await abortUpload(s3, {key, id})
  const folder = key.slice(0, key.lastIndexOf('/') + 1)
  const others = await unfinished(s3, folder)
  if (others.length > 0)
    log(
      `s3://${s3.bucket}/${folder}: ${others.length} unfinished uploads of others, the first of ${others[0].key.slice(folder.length)}; a lifecycle rule (AbortIncompleteMultipartUpload) clears them away`
    )
}

/**
 * Puts the parts together. Throws UserError when the server refuses; where an answer was lost, or another process was quicker with the same blob,
 * what lies there decides.
 */
export async function completeUpload(s3: Connection, {key, id}: Upload, sent: readonly SentPart[], size: number): Promise<void> {
  const call: Call<void> = {
    action: 's3:PutObject',
    key,
    limitMs: COMPLETE_MS,
    send: async (client, {CompleteMultipartUploadCommand}, abortSignal) => {
      const Parts = sent.map(({number, etag, crc32}) => ({PartNumber: number, ETag: etag, ChecksumCRC32: crc32.toString('base64')}))
      const command = new CompleteMultipartUploadCommand({Bucket: s3.bucket, Key: key, UploadId: id, MultipartUpload: {Parts}})
      await client.send(command, {abortSignal})
    }
  }
  const answer = await s3.insist(call)
  if ('value' in answer) return
  if ((await headOf(s3, key))?.size === size) return
  throw answer.fault.code === 'NoSuchUpload' ? abortedByOthers(s3, {key, id}) : s3.refusal(call, answer.fault)
}

export function abortedByOthers({bucket}: Connection, {key, id}: Pick<Upload, 'key' | 'id'>): UserError {
  return new UserError(`s3://${bucket}/${key}: the upload ${id} was aborted by somebody else before it was complete`, {
    hint: 'Run this again. If it happens each time, a lifecycle rule clears uploads away too early.'
  })
}

/** One that was begun with another checksum takes none of ours; servers that say nothing of it are believed. */
const resumable = ({algorithm}: Unfinished): boolean => algorithm === undefined || algorithm === 'CRC32'

/** The newest first. */
async function listUploads(s3: Connection, key: string, fits: (upload: Unfinished) => boolean = () => true): Promise<string[]> {
  const found = (await unfinished(s3, key)).filter(upload => upload.key === key && fits(upload))
  return found.sort((a, b) => b.begun - a.begun).map(({id}) => id)
}

interface Unfinished {
  readonly key: string
  readonly id: string
  /** ms since 1970 */
  readonly begun: number
  readonly algorithm?: string
}

/** Uploads below a prefix; none when the server does not tell, since only time is lost without them. */
async function unfinished(s3: Connection, prefix: string): Promise<Unfinished[]> {
  const answer = await s3.insist({
    action: 's3:ListBucketMultipartUploads',
    key: prefix,
    send: (client, {ListMultipartUploadsCommand}, abortSignal) =>
      client.send(new ListMultipartUploadsCommand({Bucket: s3.bucket, Prefix: prefix}), {abortSignal})
  })
  if ('fault' in answer) return []
  return (answer.value.Uploads ?? []).flatMap(({Key, UploadId, Initiated, ChecksumAlgorithm}) =>
    Key && UploadId ? [{key: Key, id: UploadId, begun: Initiated?.getTime() ?? 0, algorithm: ChecksumAlgorithm}] : []
  )
}

async function listParts(s3: Connection, key: string, id: string): Promise<Map<number, SentPart> | undefined> {
  const parts = new Map<number, SentPart>()
  let marker: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await s3.insist({
      action: 's3:ListMultipartUploadParts',
      key,
      send: (client, {ListPartsCommand}, abortSignal) =>
        client.send(new ListPartsCommand({Bucket: s3.bucket, Key: key, UploadId: id, PartNumberMarker: marker}), {abortSignal})
    })
    if ('fault' in answer) return undefined
    for (const {PartNumber, ETag, Size, ChecksumCRC32} of answer.value.Parts ?? [])
      if (PartNumber && ETag && Size !== undefined && ChecksumCRC32)
        parts.set(PartNumber, {number: PartNumber, etag: ETag, size: Size, crc32: Buffer.from(ChecksumCRC32, 'base64')})
    if (!answer.value.IsTruncated || !answer.value.NextPartNumberMarker) return parts
    marker = answer.value.NextPartNumberMarker
  }
  return parts
}

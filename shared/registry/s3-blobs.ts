import {createHash} from 'node:crypto'
import type {Readable} from 'node:stream'
import {UserError} from '#shared/errors'
import type {Connection} from '#shared/s3/connection'
import {openObject} from '#shared/s3/download'
import {headOf} from '#shared/s3/head'
import {listKeys} from '#shared/s3/listing'
import {giveBack} from './chunk-pool.js'
import {checksumProbe} from './s3-checksum-probe.js'
import {composite, forEachPart, partBytesFor} from './s3-parts.js'
import {type Progress, uploadParts, uploadWhole} from './s3-upload.js'
import type {BlobStore} from './store.js'

interface Blob {
  readonly sha256: string
  /** bytes */
  readonly size: number
}

/** One copy of each content for all models, `blobs/sha256/<hex>` below the prefix. */
export function s3Blobs(s3: Connection, prefix: string, {log, partBytes}: {log: (line: string) => void; partBytes?: number}): BlobStore {
  const proves = checksumProbe(s3, `${prefix}probe-checksum`, log)
  /** of what this process has sent or compared: the CRC-32 of the parts' CRC-32, as the server computes it for its own parts */
  const composites = new Map<string, string>()
  /** ETags of what this process has read to its end */
  const read = new Map<string, string>()
  const keyOf = (place: string): string => {
    if (/^blobs\/sha256\/[0-9a-f]{64}$/.test(place)) return `${prefix}${place}`
    throw new UserError(`${JSON.stringify(place)}: no place of a blob in S3`, {hint: 'The manifest was written for another registry.'})
  }
  const vouches = async (place: string, sha256: string, size: number): Promise<boolean> => {
    const head = await headOf(s3, keyOf(place))
    if (head === null || head.size !== size) return false
    if (head.etag !== '' && head.etag === read.get(place)) return true
    if (head.sha256 === base64Of(sha256)) return await proves('object')
    return head.crc32 !== undefined && head.crc32 === composites.get(place) && (await proves('part'))
  }
  /** Whether what lies there in parts is the blob; the stream decides where the parts are as large as ours, else what lies there is read. */
  const isThere = async (place: string, blob: Blob, composed: string, stream: Readable, bytes: number): Promise<boolean> => {
    if (composed.endsWith(`-${Math.ceil(blob.size / bytes)}`)) {
      composites.set(place, await compositeOf(stream, bytes))
      if (composites.get(place) === composed) return true
    } else stream.destroy()
    log(`${place}: lies there with other checksums of its parts, and is read back`)
    const etag = await etagOfRead(s3, keyOf(place), blob)
    if (etag !== undefined) read.set(place, etag)
    return etag !== undefined
  }
  return {
    vouches,
    put: async (sha256, size, stream, _owner) => {
      const place = `blobs/sha256/${sha256}`
      const key = keyOf(place)
      const bytes = partBytes ?? partBytesFor(size)
      const head = await headOf(s3, key)
      if (head?.size === size && head.sha256 === base64Of(sha256)) {
        stream.destroy()
        return place
      }
      const composed = [head?.crc32, head?.sha256].find(checksum => checksum?.includes('-'))
      if (head?.size === size && composed !== undefined) {
        if (await isThere(place, {sha256, size}, composed, stream, bytes)) return place
        throw damaged(s3, key)
      }
      const sent: Progress = {key, size, log}
      if (size <= bytes) await uploadWhole(s3, key, sha256, stream)
      else composites.set(place, await uploadParts(s3, sent, stream, bytes))
      return place
    },
    get: async place => (await openObject(s3, keyOf(place)))?.stream ?? null,
    list: async () => {
      const keys = await listKeys(s3, `${prefix}blobs/sha256/`)
      return keys.map(key => key.slice(prefix.length)).filter(place => /^blobs\/sha256\/[0-9a-f]{64}$/.test(place))
    },
    delete: async place => {
      const Key = keyOf(place)
      await s3.demand({
        action: 's3:DeleteObject',
        key: Key,
        send: async (client, {DeleteObjectCommand}, abortSignal) =>
          void (await client.send(new DeleteObjectCommand({Bucket: s3.bucket, Key}), {abortSignal}))
      })
    }
  }
}

async function compositeOf(stream: Readable, partBytes: number): Promise<string> {
  const sums: Buffer[] = []
  await forEachPart(stream, partBytes, 1, async part => {
    sums[part.number - 1] = part.crc32
    giveBack(part.chunks)
  })
  return composite(sums)
}

/** The ETag of what lies there where it is this blob, by its bytes. */
async function etagOfRead(s3: Connection, key: string, {sha256, size}: Blob): Promise<string | undefined> {
  const opened = await openObject(s3, key)
  if (opened === null) return undefined
  const hash = createHash('sha256')
  let passed = 0
  for await (const chunk of opened.stream) {
    hash.update(chunk)
    passed += chunk.length
  }
  return passed === size && hash.digest('hex') === sha256 ? opened.etag : undefined
}

function base64Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}

function damaged({bucket}: Connection, key: string): UserError {
  return new UserError(`s3://${bucket}/${key}: other bytes of the same size lie there than its name says`, {
    hint: 'It was written by something else, or is damaged: delete it, then run this again.'
  })
}

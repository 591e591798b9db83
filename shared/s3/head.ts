import type {Call, Connection} from './connection.js'

/** What the server knows of an object without sending it. */
export interface Head {
  /** bytes */
  readonly size: number
  readonly etag: string
  /** base64, proved by the server when the bytes arrived; of an upload in parts that of the parts' digests, and `-` and their number */
  readonly sha256?: string
  /** the same of CRC-32 */
  readonly crc32?: string
  /** of the parts' digests, whatever its spelling */
  readonly composite?: boolean
}

/** Null when there is no such object. */
export async function headOf(s3: Connection, key: string): Promise<Head | null> {
  const call: Call<Head> = {
    action: 's3:GetObject',
    key,
    send: async (client, {HeadObjectCommand}, abortSignal) => {
      const head = await client.send(new HeadObjectCommand({Bucket: s3.bucket, Key: key, ChecksumMode: 'ENABLED'}), {abortSignal})
      return {
        size: head.ContentLength ?? 0,
        etag: head.ETag ?? '',
        ...(head.ChecksumSHA256 && {sha256: head.ChecksumSHA256}),
        ...(head.ChecksumCRC32 && {crc32: head.ChecksumCRC32}),
        ...(head.ChecksumType === 'COMPOSITE' && {composite: true})
      }
    }
  }
  const answer = await s3.insist(call)
  if ('value' in answer) return answer.value
  // An answer to HEAD has no body: a bucket that is not there reads as an object that is not there, and is named by the next call.
  if (answer.fault.kind === 'absent') return null
  throw s3.refusal(call, answer.fault)
}

/** The SHA-256 of the whole object, in hex, where the server keeps one. */
export function wholeSha256({sha256, composite}: Head): string | undefined {
  return sha256 !== undefined && !composite && /^[A-Za-z0-9+/]{43}=$/.test(sha256)
    ? Buffer.from(sha256, 'base64').toString('hex')
    : undefined
}

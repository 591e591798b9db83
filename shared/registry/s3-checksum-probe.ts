import {createHash} from 'node:crypto'
import {UserError} from '#shared/errors'
import type {Answer, Connection} from '#shared/s3/connection'
import {abortUpload, beginUpload} from './s3-multipart.js'

/** As the two are proved in different places of a server. */
export type Sent = 'object' | 'part'

const BYTES = Buffer.from('Trainyard tries here whether this server refuses bytes that are not those of their checksum.\n')
const WRONG_SHA256 = createHash('sha256').update('other bytes').digest('base64')
const WRONG_CRC32 = Buffer.from('none').toString('base64')

/**
 * Whether the server proves the checksum that comes with what is sent, of an object its SHA-256 and of a part its CRC-32, by one write with a wrong one, which it must refuse. Each kind is tried once,
 * when first asked for. A server that does not prove it is told in one line, and what it took is removed.
 */
export function checksumProbe(s3: Connection, key: string, log: (line: string) => void): (sent: Sent) => Promise<boolean> {
  const tried = new Map<Sent, Promise<boolean>>()
  const attempt = async (sent: Sent): Promise<boolean> => {
    const reason = await (sent === 'object' ? wrongObject(s3, key) : wrongPart(s3, key))
    if (reason === undefined) return true
    log(`s3://${s3.bucket}: ${s3.endpoint ?? 'the server'} ${reason}; so what is sent there is read back`)
    return false
  }
  return sent => {
    const known = tried.get(sent) ?? attempt(sent)
    tried.set(sent, known)
    return known
  }
}

/** Undefined: refused, as it must be; else why the server's checksums prove nothing. */
async function wrongObject(s3: Connection, key: string): Promise<string | undefined> {
  const answer = await s3.ask({
    action: 's3:PutObject',
    key,
    send: async (client, {PutObjectCommand}, abortSignal) =>
      void (await client.send(
        new PutObjectCommand({Bucket: s3.bucket, Key: key, Body: BYTES, ContentLength: BYTES.length, ChecksumSHA256: WRONG_SHA256}),
        {abortSignal}
      ))
  })
  const reason = reasonOf(answer, 'an object', 'SHA-256')
  if (reason === undefined) return undefined
  // After an answer that was none it may lie there too.
  const removed = await s3.insist({
    action: 's3:DeleteObject',
    key,
    send: async (client, {DeleteObjectCommand}, abortSignal) =>
      void (await client.send(new DeleteObjectCommand({Bucket: s3.bucket, Key: key}), {abortSignal}))
  })
  return 'fault' in removed ? `${reason}, and ${key} could not be removed (${removed.fault.code})` : reason
}

async function wrongPart(s3: Connection, key: string): Promise<string | undefined> {
  const upload = await beginUpload(s3, key).catch(error => {
    if (error instanceof UserError) return undefined
    throw error
  })
  if (upload === undefined) return 'did not let it be tried whether it proves checksums'
  const answer = await s3.ask({
    action: 's3:PutObject',
    key,
    send: async (client, {UploadPartCommand}, abortSignal) => {
      const part = {UploadId: upload.id, PartNumber: 1, Body: BYTES, ContentLength: BYTES.length, ChecksumCRC32: WRONG_CRC32}
      await client.send(new UploadPartCommand({Bucket: s3.bucket, Key: key, ...part}), {abortSignal})
    }
  })
  await abortUpload(s3, upload)
  return reasonOf(answer, 'a part', 'CRC-32')
}

/** A like write with its own checksum was taken before, so that 400 can only mean the checksum. */
function reasonOf(answer: Answer<void>, what: string, checksum: string): string | undefined {
  if ('value' in answer) return `takes ${what} with a wrong ${checksum}`
  const {kind, status, code} = answer.fault
  if (kind === 'corrupted' || (kind === 'wrong' && status === 400)) return undefined
  return `did not refuse ${what} with a wrong ${checksum} as one (${`${status || ''} ${code}`.trim()})`
}

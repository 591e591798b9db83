import {Readable} from 'node:stream'
import {UserError} from '#shared/errors'
import {lively, parseBody} from './body.js'
import type {Call, Connection} from './connection.js'
import {faultOf} from './fault.js'

const IDLE_MS = 60_000
const RESUMES = 5

/** An object as it was when its reading began. */
export interface Opened {
  /** bytes */
  readonly size: number
  /** names these bytes */
  readonly etag: string
  /** to be read once; goes on where a connection broke off, as long as the object is the same */
  readonly stream: Readable
}

/** Opens an object; null when there is none. */
export async function openObject(s3: Connection, key: string): Promise<Opened | null> {
  const call = rangeOf(s3, key, 0)
  const answer = await s3.insist(call)
  if ('value' in answer) {
    const {body, size, etag} = answer.value
    return {size, etag, stream: Readable.from(resumed(s3, key, body, {size, etag}), {objectMode: false, highWaterMark: 1 << 20})}
  }
  if (answer.fault.kind === 'absent') return null
  throw s3.refusal(call, answer.fault)
}

function rangeOf(s3: Connection, key: string, from: number, etag?: string): Call<{body: Readable; size: number; etag: string}> {
  return {
    action: 's3:GetObject',
    key,
    send: async (client, {GetObjectCommand}, abortSignal) => {
      const range = from > 0 ? {Range: `bytes=${from}-`, IfMatch: etag} : {}
      const {Body, ContentLength, ContentRange, ETag} = await client.send(new GetObjectCommand({Bucket: s3.bucket, Key: key, ...range}), {
        abortSignal
      })
      const body = parseBody(Body)
      if (from > 0 && !ContentRange?.startsWith(`bytes ${from}-`)) {
        body.destroy()
        throw new UserError(`s3://${s3.bucket}/${key}: the server does not send the range that was asked for`, {
          hint: 'A broken download cannot be resumed there: run this again.'
        })
      }
      return {body, size: ContentLength ?? 0, etag: ETag ?? ''}
    }
  }
}

async function* resumed(s3: Connection, key: string, first: Readable, {size, etag}: {size: number; etag: string}): AsyncGenerator<Buffer> {
  let body = first
  let at = 0
  for (let resumes = 0; ; resumes++) {
    let broken: unknown
    try {
      for await (const chunk of lively(body, IDLE_MS)) {
        at += chunk.length
        resumes = 0
        yield chunk
      }
      if (at >= size) return
      broken = new Error(`ended after ${at} of ${size} bytes`)
    } catch (error) {
      broken = error
    }
    const call = rangeOf(s3, key, at, etag)
    if (resumes === RESUMES || etag === '') throw s3.refusal(call, {...faultOf(broken), kind: 'passing'})
    const answer = await s3.insist(call)
    if ('value' in answer) body = answer.value.body
    else if (['refused', 'absent'].includes(answer.fault.kind)) throw changed(s3, key, at)
    else throw s3.refusal(call, answer.fault)
  }
}

function changed({bucket}: Connection, key: string, at: number): UserError {
  return new UserError(`s3://${bucket}/${key}: changed while it was read, after ${at} bytes`, {
    hint: 'Let what writes it end first, then run this again.'
  })
}

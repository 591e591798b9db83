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

/** Bytes of an object, the last one not included. */
export interface Span {
  readonly from: number
  readonly end: number
}

/** Opens an object; null when there is none. */
export async function openObject(s3: Connection, key: string): Promise<Opened | null> {
  const call = rangeOf(s3, key, {from: 0})
  const answer = await s3.insist(call)
  if ('value' in answer) {
    const {body, size, etag} = answer.value
    return {size, etag, stream: streamOf(resumed(s3, key, body, {from: 0, end: size, etag}))}
  }
  if (answer.fault.kind === 'absent') return null
  throw s3.refusal(call, answer.fault)
}

/** Opens a part of an object that is still the one with this ETag, or throws UserError; null when the server sends another part or the whole. */
export async function openSpan(s3: Connection, key: string, span: Span & {readonly etag: string}): Promise<Readable | null> {
  const call = rangeOf(s3, key, span)
  const answer = await s3.insist(call)
  if ('value' in answer) {
    const {body, asked, etag} = answer.value
    if (asked && etag === span.etag) return streamOf(resumed(s3, key, body, span))
    body.destroy()
    if (asked) throw changed(s3, key, span.from)
    return null
  }
  throw ['refused', 'absent'].includes(answer.fault.kind) ? changed(s3, key, span.from) : s3.refusal(call, answer.fault)
}

function streamOf(chunks: AsyncGenerator<Buffer>): Readable {
  return Readable.from(chunks, {objectMode: false, highWaterMark: 1 << 20})
}

interface Range {
  readonly from: number
  readonly end?: number
  readonly etag?: string
}

interface Ranged {
  readonly body: Readable
  readonly size: number
  readonly etag: string
  /** what comes is what was asked for */
  readonly asked: boolean
}

function rangeOf(s3: Connection, key: string, {from, end, etag}: Range): Call<Ranged> {
  const last = end === undefined ? '' : String(end - 1)
  return {
    action: 's3:GetObject',
    key,
    send: async (client, {GetObjectCommand}, abortSignal) => {
      const range = from > 0 || end !== undefined ? {Range: `bytes=${from}-${last}`, IfMatch: etag} : undefined
      const {Body, ContentLength, ContentRange, ETag} = await client.send(new GetObjectCommand({Bucket: s3.bucket, Key: key, ...range}), {
        abortSignal
      })
      const asked = range === undefined || (ContentRange?.startsWith(`bytes ${from}-${last === '' ? '' : `${last}/`}`) ?? false)
      return {body: parseBody(Body), size: ContentLength ?? 0, etag: ETag ?? '', asked}
    }
  }
}

async function* resumed(s3: Connection, key: string, first: Readable, {from, end, etag}: Span & {etag: string}): AsyncGenerator<Buffer> {
  let body = first
  let at = from
  for (let resumes = 0; ; resumes++) {
    let broken: unknown
    try {
      for await (const chunk of lively(body, IDLE_MS)) {
        at += chunk.length
        resumes = 0
        yield chunk
      }
      if (at >= end) return
      broken = new Error(`ended after ${at} of ${end} bytes`)
    } catch (error) {
      broken = error
    }
    const call = rangeOf(s3, key, {from: at, end, etag})
    if (resumes === RESUMES || etag === '') throw s3.refusal(call, {...faultOf(broken), kind: 'passing'})
    const answer = await s3.insist(call)
    if ('value' in answer) body = askedFor(s3, key, answer.value, {etag, at})
    else if (['refused', 'absent'].includes(answer.fault.kind)) throw changed(s3, key, at)
    else throw s3.refusal(call, answer.fault)
  }
}

/** A server may not know `If-Match`, and send the range of whatever lies there now. */
function askedFor(s3: Connection, key: string, {asked, body, etag: now}: Ranged, {etag, at}: {etag: string; at: number}): Readable {
  const {bucket} = s3
  if (asked && now === etag) return body
  body.destroy()
  if (asked) throw changed(s3, key, at)
  throw new UserError(`s3://${bucket}/${key}: the server does not send the range that was asked for`, {
    hint: 'A broken download cannot be resumed there: run this again.'
  })
}

function changed({bucket}: Connection, key: string, at: number): UserError {
  return new UserError(`s3://${bucket}/${key}: changed while it was read, after ${at} bytes`, {
    hint: 'Let what writes it end first, then run this again.'
  })
}

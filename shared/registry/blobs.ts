import {createHash} from 'node:crypto'
import {createWriteStream} from 'node:fs'
import {mkdir} from 'node:fs/promises'
import {dirname} from 'node:path'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {codeOf, messageOf, UserError} from '#shared/errors'
import {CHUNK_BYTES, readReused} from './chunk-pool.js'
import {Interrupted} from './interrupted.js'
import {toldProgress} from './progress.js'
import type {BlobOwner, BlobStore} from './store.js'

/** how often an upload that breaks off is begun */
const SENDINGS = 3
const STREAM = {objectMode: false, highWaterMark: CHUNK_BYTES}

/** A blob that is to be sent: its digest as it was judged, and its bytes as they are now. */
export interface Outgoing {
  readonly label: string
  readonly sha256: string
  /** bytes */
  readonly size: number
  readonly open: () => Readable
}

/** A stored blob. */
export interface Incoming {
  readonly label: string
  readonly sha256: string
  readonly size: number
  readonly place: string
}

export function fileBlob(path: string, {sha256, size}: {readonly sha256: string; readonly size: number}): Outgoing {
  return {label: path, sha256, size, open: () => Readable.from(readReused(path), STREAM)}
}

export function bytesBlob(label: string, bytes: Uint8Array): Outgoing {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {label, sha256, size: bytes.length, open: () => Readable.from([bytes], STREAM)}
}

/**
 * Sends a blob, hashing the very bytes that are sent, reads it back unless the store vouches for it, and returns its place. Throws UserError with both digests when the bytes are not
 * the ones that were judged, or not the ones that arrived.
 */
export async function sendBlob(blobs: BlobStore, blob: Outgoing, owner: BlobOwner): Promise<string> {
  const changed = (sha256: string, size: number) =>
    new UserError(
      `${blob.label}: changed before it was sent: expected sha256 ${blob.sha256} (${blob.size} bytes), sent ${sha256} (${size} bytes)`,
      {hint: 'Nothing was published. Judge the file as it is now, or bring back the one that was judged.'}
    )
  const sending = () =>
    Readable.from(
      proven(blob, blob.label, async () => blob.open(), changed),
      STREAM
    )
  const place = await untilWhole(() => blobs.put(blob.sha256, blob.size, sending(), owner))
  if (!(await blobs.vouches?.(place, blob.sha256, blob.size))) await checkBlob(blobs, {...blob, place})
  return place
}

async function untilWhole<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof Interrupted) || attempt >= SENDINGS) throw error
    }
  }
}

/** Reads a stored blob to its end, saying of a large one how far it is. Throws UserError when it is gone or damaged. */
export async function checkBlob(blobs: BlobStore, blob: Incoming, log?: (line: string) => void): Promise<void> {
  for await (const _ of toldProgress(Readable.from(storedBytes(blobs, blob), STREAM), {...blob, verb: 'checked', log})) {
    // Reading to the end proves them.
  }
}

/** A stored document of this size, checked. */
export async function readBlob(blobs: BlobStore, blob: Incoming): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of storedBytes(blobs, blob)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Copies a stored blob to a file, saying of a large one how far it is; when it fails, half of it may lie there. */
export async function fetchBlob(blobs: BlobStore, blob: Incoming, path: string, log?: (line: string) => void): Promise<void> {
  try {
    await mkdir(dirname(path), {recursive: true})
    const stream = toldProgress(Readable.from(storedBytes(blobs, blob), STREAM), {...blob, verb: 'fetched', log})
    await pipeline(stream, createWriteStream(path, {flags: 'wx'}))
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${path}: could not be written (${messageOf(error)})`, {hint: 'Check the folder and its free space.', cause: error})
  }
}

/** The blob's bytes; fails at their end, or as soon as they are too many, when they are not the ones of its digest. */
function storedBytes(blobs: BlobStore, blob: Incoming): AsyncGenerator<Buffer> {
  const open = async (): Promise<Readable> => {
    const stream = await blobs.get(blob.place)
    if (stream) return stream
    throw new UserError(`${blob.label}: the registry has no ${blob.place}`, {
      hint: 'It was deleted: publish the model again under a new version.'
    })
  }
  const damaged = (sha256: string, size: number) =>
    new UserError(
      `${blob.label}: the registry returns other bytes than were published: expected sha256 ${blob.sha256} (${blob.size} bytes), got ${sha256} (${size} bytes)`,
      {hint: `${blob.place} is damaged. What no version refers to can be deleted; then run this again.`}
    )
  return proven(blob, blob.place, open, damaged)
}

// Opened only when somebody reads, so that no stream ever fails while nobody listens.
async function* proven(
  {sha256, size}: {sha256: string; size: number},
  label: string,
  open: () => Promise<Readable>,
  refusal: (sha256: string, size: number) => UserError
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let passed = 0
  try {
    for await (const chunk of await open()) {
      hash.update(chunk)
      passed += chunk.length
      if (passed > size) throw refusal('of more than was expected', passed)
      yield chunk
    }
  } catch (error) {
    throw unreadable(label, error)
  }
  const got = hash.digest('hex')
  if (got !== sha256 || passed !== size) throw refusal(got, passed)
}

function unreadable(label: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const gone = codeOf(error) === 'ENOENT'
  return new UserError(`${label}: ${gone ? 'no such file any more' : `can't be read (${messageOf(error)})`}`, {
    hint: 'Run this again when it is there.',
    cause: error
  })
}

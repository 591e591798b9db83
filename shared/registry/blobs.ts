import {createHash} from 'node:crypto'
import {createReadStream, createWriteStream} from 'node:fs'
import {mkdir, rename, rm} from 'node:fs/promises'
import {dirname} from 'node:path'
import {Readable, Transform} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {codeOf, messageOf, UserError} from '#shared/errors'
import type {BlobOwner, BlobStore} from './store.js'

const CHUNK_BYTES = 1 << 20

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
  return {label: path, sha256, size, open: () => createReadStream(path, {highWaterMark: CHUNK_BYTES})}
}

export function bytesBlob(label: string, bytes: Uint8Array): Outgoing {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {label, sha256, size: bytes.length, open: () => Readable.from([bytes], {objectMode: false})}
}

/**
 * Sends a blob, hashing the very bytes that are sent, reads it back and returns its place. Throws UserError with both digests when the bytes are not
 * the ones that were judged, or not the ones that arrived.
 */
export async function sendBlob(blobs: BlobStore, blob: Outgoing, owner: BlobOwner): Promise<string> {
  const sending = proof(blob, (sha256, size) => {
    throw new UserError(
      `${blob.label}: changed before it was sent: expected sha256 ${blob.sha256} (${blob.size} bytes), sent ${sha256} (${size} bytes)`,
      {
        hint: 'Nothing was published. Judge the file as it is now, or bring back the one that was judged.'
      }
    )
  })
  const source = blob.open()
  source.once('error', error => sending.destroy(unreadable(blob.label, error)))
  const place = await blobs.put(blob.sha256, blob.size, source.pipe(sending), owner).finally(() => source.destroy())
  await checkBlob(blobs, {...blob, place})
  return place
}

/** Reads a stored blob to its end. Throws UserError when it is gone or damaged. */
export async function checkBlob(blobs: BlobStore, blob: Incoming): Promise<void> {
  for await (const _ of await openBlob(blobs, blob)) {
    // The proof in the stream does the work.
  }
}

/** A stored document of this size, checked. */
export async function readBlob(blobs: BlobStore, blob: Incoming): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of await openBlob(blobs, blob)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Copies a stored blob to a file, which appears only when every byte was right. */
export async function fetchBlob(blobs: BlobStore, blob: Incoming, path: string): Promise<void> {
  const stream = await openBlob(blobs, blob)
  const temporary = `${path}.part`
  try {
    await mkdir(dirname(path), {recursive: true})
    await pipeline(stream, createWriteStream(temporary))
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, {force: true})
    if (error instanceof UserError) throw error
    throw new UserError(`${path}: could not be written (${messageOf(error)})`, {hint: 'Check the folder and its free space.', cause: error})
  }
}

/** The blob's bytes; the stream fails at its end, or as soon as it is too long, when they are not the ones of its digest. */
async function openBlob(blobs: BlobStore, blob: Incoming): Promise<Readable> {
  const stream = await blobs.get(blob.place)
  if (!stream)
    throw new UserError(`${blob.label}: the registry has no ${blob.place}`, {
      hint: 'It was deleted: publish the model again under a new version.'
    })
  const reading = proof(blob, (sha256, size) => {
    throw new UserError(
      `${blob.label}: the registry returns other bytes than were published: expected sha256 ${blob.sha256} (${blob.size} bytes), got ${sha256} (${size} bytes)`,
      {hint: `${blob.place} is damaged. What no version refers to can be deleted; then run this again.`}
    )
  })
  stream.once('error', error => reading.destroy(unreadable(blob.place, error)))
  return stream.pipe(reading)
}

function proof({sha256, size}: {sha256: string; size: number}, refuse: (sha256: string, size: number) => never): Transform {
  const hash = createHash('sha256')
  let passed = 0
  const settle = (done: (error?: Error | null) => void, check: () => void): void => {
    try {
      check()
    } catch (error) {
      done(error instanceof Error ? error : new Error(messageOf(error)))
      return
    }
    done()
  }
  return new Transform({
    readableHighWaterMark: CHUNK_BYTES,
    writableHighWaterMark: CHUNK_BYTES,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      passed += chunk.length
      this.push(chunk)
      settle(done, () => passed > size && refuse('not known', passed))
    },
    flush(done) {
      settle(done, () => {
        const got = hash.digest('hex')
        if (got !== sha256 || passed !== size) refuse(got, passed)
      })
    }
  })
}

function unreadable(label: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const gone = codeOf(error) === 'ENOENT'
  return new UserError(`${label}: ${gone ? 'no such file any more' : `can't be read (${messageOf(error)})`}`, {
    hint: 'Run this again when it is there.',
    cause: error
  })
}

import {createHash, webcrypto} from 'node:crypto'
import type {Readable} from 'node:stream'

const SMALLEST = 16 << 20
const MOST_PARTS = 10_000

/** A piece of a stream, in a buffer that is used again afterwards. */
export interface Part {
  /** from 1 */
  readonly number: number
  readonly bytes: Buffer<ArrayBuffer>
  readonly sha256: Buffer
}

/** 16 MiB, or what lets the whole fit into the 10,000 parts that S3 takes. */
export function partBytesFor(size: number): number {
  return Math.max(SMALLEST, Math.ceil(size / MOST_PARTS))
}

/** A failure to read the stream, as against one to handle a part of it. */
export interface ReadingFailure {
  readonly reading: unknown
}

/**
 * Cuts a stream into parts and hands on at most `width` of them at a time; `width` buffers are all the memory that it takes. Ends when all are done.
 * Stops reading at the first that fails, and throws its error after the others have ended; what the stream throws comes as `ReadingFailure`.
 */
export async function forEachPart(stream: Readable, partBytes: number, width: number, work: (part: Part) => Promise<void>): Promise<void> {
  const free = Array.from({length: width}, () => Buffer.allocUnsafeSlow(partBytes))
  const active = new Set<Promise<void>>()
  let failure: {readonly error: unknown} | undefined
  let number = 0
  const begin = (buffer: Buffer<ArrayBuffer>, size: number): void => {
    const bytes = buffer.subarray(0, size)
    const part = handle(++number, bytes, work)
      .catch(error => {
        failure ??= {error}
      })
      .finally(() => {
        active.delete(part)
        free.push(buffer)
      })
    active.add(part)
  }
  try {
    let buffer: Buffer<ArrayBuffer> | undefined
    let filled = 0
    for await (const chunk of stream) {
      for (let taken = 0; taken < chunk.length && !failure; ) {
        while (buffer === undefined && !failure) {
          buffer = free.pop()
          if (buffer === undefined) await Promise.race(active)
        }
        if (buffer === undefined) break
        const copied = chunk.copy(buffer, filled, taken)
        taken += copied
        filled += copied
        if (filled < partBytes) continue
        begin(buffer, filled)
        buffer = undefined
        filled = 0
      }
      if (failure) break
    }
    if (buffer !== undefined && filled > 0 && !failure) begin(buffer, filled)
  } catch (error) {
    failure = {error: {reading: error} satisfies ReadingFailure}
  }
  await Promise.all(active)
  if (failure) throw failure.error
}

// Of a digest in another thread this one is free to send.
async function handle(number: number, bytes: Buffer<ArrayBuffer>, work: (part: Part) => Promise<void>): Promise<void> {
  await work({number, bytes, sha256: Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes))})
}

export function isReadingFailure(error: unknown): error is ReadingFailure {
  return typeof error === 'object' && error !== null && 'reading' in error
}

/** As S3 writes the checksum of an upload in parts. */
export function composite(digests: readonly Buffer[]): string {
  return `${createHash('sha256').update(Buffer.concat(digests)).digest('base64')}-${digests.length}`
}

import type {Readable} from 'node:stream'
import {crc32} from 'node:zlib'

const SMALLEST = 32 << 20
const MOST_PARTS = 10_000

/** A piece of a stream: its chunks, as they came. */
export interface Part {
  /** from 1 */
  readonly number: number
  readonly chunks: readonly Buffer[]
  /** bytes */
  readonly size: number
  /** CRC-32, as S3 writes it: the high byte first */
  readonly crc32: Buffer
}

/** 32 MiB, or what lets the whole fit into the 10,000 parts that S3 takes. */
export function partBytesFor(size: number): number {
  return Math.max(SMALLEST, Math.ceil(size / MOST_PARTS))
}

/** A failure to read the stream, as against one to handle a part of it. */
export interface ReadingFailure {
  readonly reading: unknown
}

/**
 * Cuts a stream into parts and hands on at most `width` of them at a time; those and the next one are all the memory that it takes. Ends when all are
 * done. Stops reading at the first that fails, and throws its error after the others have ended; what the stream throws comes as `ReadingFailure`.
 */
export async function forEachPart(stream: Readable, partBytes: number, width: number, work: (part: Part) => Promise<void>): Promise<void> {
  const active = new Set<Promise<void>>()
  let failure: {readonly error: unknown} | undefined
  const begin = async (part: Part): Promise<void> => {
    while (active.size >= width) await Promise.race(active)
    if (failure) return
    const working = work(part)
      .catch(error => {
        failure ??= {error}
      })
      .finally(() => active.delete(working))
    active.add(working)
  }
  try {
    for await (const part of partsOf(stream, partBytes)) {
      await begin(part)
      if (failure) break
    }
  } catch (error) {
    failure = {error: {reading: error} satisfies ReadingFailure}
  }
  await Promise.all(active)
  if (failure) throw failure.error
}

/** Nothing is copied: a chunk that goes over the end of a part is cut in two. */
async function* partsOf(stream: Readable, partBytes: number): AsyncGenerator<Part> {
  let [number, size, chunks, sum] = [1, 0, [] as Buffer[], 0]
  const part = (): Part => ({number, chunks, size, crc32: bigEndian(sum)})
  for await (const chunk of stream) {
    for (let from = 0; from < chunk.length; ) {
      const piece = chunk.subarray(from, from + partBytes - size)
      sum = crc32(piece, sum)
      chunks.push(piece)
      size += piece.length
      from += piece.length
      if (size < partBytes) continue
      yield part()
      ;[number, size, chunks, sum] = [number + 1, 0, [], 0]
    }
  }
  if (size > 0) yield part()
}

export function isReadingFailure(error: unknown): error is ReadingFailure {
  return typeof error === 'object' && error !== null && 'reading' in error
}

/** As S3 writes the checksum of an upload in parts. */
export function composite(sums: readonly Buffer[]): string {
  return `${bigEndian(crc32(Buffer.concat(sums))).toString('base64')}-${sums.length}`
}

function bigEndian(sum: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(sum)
  return bytes
}

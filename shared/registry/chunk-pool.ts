import {type FileHandle, open} from 'node:fs/promises'

/** of what is read and handed on at once: streams that take more at a time put chunks together, which are then not used again */
export const CHUNK_BYTES = 1 << 20

/** Of chunks that are lent out, the chunks that wait to be read into again. */
const pools = new WeakMap<ArrayBufferLike, Buffer[]>()

/**
 * The bytes of a file in chunks of 1 MiB, whose memory is read into again once they are given back; those that never are, are garbage.
 * Where gigabytes pass, fresh memory costs as much as hashing them.
 */
export async function* readReused(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  const free: Buffer[] = []
  try {
    for (;;) {
      const chunk = free.pop() ?? lend(free)
      const length = await fill(file, chunk)
      if (length > 0) yield chunk.subarray(0, length)
      if (length < CHUNK_BYTES) return
    }
  } finally {
    await file.close()
  }
}

/** Says that nobody reads these chunks any more. What is only a part of one, or came from elsewhere, is left alone. */
export function giveBack(chunks: readonly Buffer[]): void {
  for (const {buffer, byteLength} of chunks) if (byteLength === CHUNK_BYTES) pools.get(buffer)?.push(Buffer.from(buffer))
}

function lend(free: Buffer[]): Buffer {
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  pools.set(chunk.buffer, free)
  return chunk
}

async function fill(file: FileHandle, chunk: Buffer): Promise<number> {
  let length = 0
  while (length < CHUNK_BYTES) {
    const {bytesRead} = await file.read(chunk, length, CHUNK_BYTES - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}

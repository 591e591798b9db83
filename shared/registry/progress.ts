import {Readable} from 'node:stream'
import {CHUNK_BYTES} from './chunk-pool.js'

const WORTH_TELLING_BYTES = 64e6

/** Bytes on their way, to the registry or from it. */
export interface Transfer {
  readonly label: string
  /** bytes, all of them */
  readonly size: number
  /** what becomes of them */
  readonly verb: 'sent' | 'fetched' | 'checked'
  /** absent: nobody watches */
  readonly log?: (line: string) => void
}

/** Says a line whenever another tenth has passed; `note` ends it. Call it with the bytes that have come since the last call. */
export function tenths({label, size, verb, log}: Transfer): (bytes: number, note?: string) => void {
  let passed = 0
  let told = 0
  return (bytes, note = '') => {
    passed += bytes
    const tenth = Math.floor((10 * passed) / size)
    if (tenth <= told) return
    told = tenth
    log?.(`${label}: ${megabytes(passed)} of ${megabytes(size)} ${verb}${note}`)
  }
}

/** The same stream; of one above 64 MB a line is said for every tenth. */
export function toldProgress(stream: Readable, transfer: Transfer): Readable {
  if (transfer.log === undefined || transfer.size < WORTH_TELLING_BYTES) return stream
  const advance = tenths(transfer)
  async function* told() {
    for await (const chunk of stream) {
      advance(chunk.length)
      yield chunk
    }
  }
  return Readable.from(told(), {objectMode: false, highWaterMark: CHUNK_BYTES})
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
}

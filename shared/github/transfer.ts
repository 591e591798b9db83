import {Readable} from 'node:stream'
import {ApiError, toApiError} from './api-error.js'

const STALL_MS = 60_000
const ATTEMPTS = 5

/** A body that is sent: the signal ends the request when nothing flowed for that long, the answer included. Call `done` when it has ended. */
export function watched(stream: Readable, stallMs = STALL_MS): {body: AsyncIterable<Uint8Array>; signal: AbortSignal; done: () => void} {
  const watch = stallWatch(stallMs)
  async function* flowing() {
    for await (const chunk of stream) {
      watch.flowed()
      yield chunk
    }
    watch.flowed()
  }
  return {body: flowing(), signal: watch.signal, done: watch.done}
}

/**
 * The bytes that `open` gives, from the offset on where a connection broke or stalled; undefined when there are none to begin with (404).
 * Gives up after five attempts in a row that brought nothing. Throws ApiError.
 */
export async function ranged(
  open: (from: number, signal: AbortSignal) => Promise<Response>,
  stallMs = STALL_MS
): Promise<Readable | undefined> {
  let watch = stallWatch(stallMs)
  const begin = async (from: number): Promise<Response> => {
    watch.done()
    watch = stallWatch(stallMs)
    return await open(from, watch.signal)
  }
  const first = await again(() => begin(0))
  if (first === undefined) return undefined
  async function* bytes() {
    let [response, passed, fruitless]: [Response | undefined, number, number] = [first, 0, 0]
    try {
      for (;;) {
        try {
          response ??= await begin(passed)
          // A server that ignores the range begins anew.
          let skip = passed > 0 && response.status !== 206 ? passed : 0
          for await (const chunk of chunksOf(response)) {
            watch.flowed()
            const part = chunk.subarray(Math.min(skip, chunk.length))
            skip -= chunk.length - part.length
            passed += part.length
            if (part.length > 0) {
              fruitless = 0
              yield part
            }
          }
          return
        } catch (error) {
          fruitless += 1
          const {status} = toApiError(error)
          if (fruitless >= ATTEMPTS || (status !== undefined && status < 500)) throw toApiError(error)
        }
        response = undefined
      }
    } finally {
      watch.done()
    }
  }
  return Readable.from(bytes(), {objectMode: false, highWaterMark: 1 << 20})
}

async function again(begin: () => Promise<Response>): Promise<Response | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await begin()
    } catch (error) {
      const refused = toApiError(error)
      if (refused.status === 404) return undefined
      if (attempt >= ATTEMPTS || (refused.status !== undefined && refused.status < 500)) throw refused
    }
  }
}

async function* chunksOf({body, headers}: Response): AsyncGenerator<Uint8Array> {
  const length = headers.get('content-length')
  let seen = 0
  if (body !== null)
    for await (const chunk of body) {
      seen += chunk.length
      yield chunk
    }
  if (length !== null && seen < Number(length)) throw new ApiError('the connection ended before the last byte')
}

function stallWatch(stallMs: number): {signal: AbortSignal; flowed: () => void; done: () => void} {
  const controller = new AbortController()
  const stop = () => controller.abort(new DOMException(`nothing came for ${stallMs / 1000} s`, 'TimeoutError'))
  let timer = setTimeout(stop, stallMs)
  return {
    signal: controller.signal,
    flowed: () => {
      clearTimeout(timer)
      timer = setTimeout(stop, stallMs)
    },
    done: () => clearTimeout(timer)
  }
}

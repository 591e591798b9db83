import {Readable} from 'node:stream'
import {UserError} from '#shared/errors'

/** The body of an answer on Node. */
export function parseBody(value: unknown): Readable {
  if (value instanceof Readable) return value
  throw new Error('an answer without a body')
}

/** A body to its end. Throws when it is larger than `maxBytes`, and what the signal says when that aborts. */
export async function readBody(body: Readable, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of abortable(body, signal)) {
    size += chunk.length
    if (size > maxBytes)
      throw new UserError(`An answer of more than ${maxBytes.toLocaleString('en')} bytes`, {
        hint: 'Something else lies there than a document of a registry.'
      })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A body whose reading ends when the signal aborts. */
export async function* abortable(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = () => body.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
  signal.addEventListener('abort', stop, {once: true})
  if (signal.aborted) stop()
  try {
    for await (const chunk of body) yield chunk
  } finally {
    signal.removeEventListener('abort', stop)
    body.destroy()
  }
}

/** A body that fails when no byte has come for `idleMs`. */
export async function* lively(body: Readable, idleMs: number): AsyncGenerator<Buffer> {
  const late = () => body.destroy(new Error(`no byte for ${idleMs / 1000} s`))
  let timer = setTimeout(late, idleMs)
  try {
    for await (const chunk of body) {
      clearTimeout(timer)
      yield chunk
      timer = setTimeout(late, idleMs)
    }
  } finally {
    clearTimeout(timer)
    body.destroy()
  }
}

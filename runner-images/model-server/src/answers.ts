import type {IncomingMessage, ServerResponse} from 'node:http'

/** A request that is answered with a status and a reason. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {}
  ) {
    super(message)
  }
}

/** Answers with JSON. */
export function answer(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, {'content-type': 'application/json', 'content-length': bytes.length, ...headers})
  response.end(bytes)
}

const DISCARD_MS = 2000

/**
 * Answers before the body was read whole, then closes the connection. What still comes is thrown away for a moment:
 * closing at once would reset the connection, and the client would see that instead of the answer.
 */
export function answerEarly(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>
): void {
  answer(response, status, body, {...headers, connection: 'close'})
  if (request.complete) return
  request.resume()
  const timer = setTimeout(() => request.destroy(), DISCARD_MS)
  request.once('close', () => clearTimeout(timer))
}

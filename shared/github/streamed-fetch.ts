import {request as requestHttp} from 'node:http'
import {request as requestHttps} from 'node:https'
import {pipeline} from 'node:stream/promises'

/** As `fetch`, for a body that is sent as fast as it is taken: that of Node reads all of it ahead, gigabytes too. Knows no proxy. */
export async function streamedFetch(url: string, options: Sending): Promise<Response> {
  const target = new URL(url)
  const open = target.protocol === 'http:' ? requestHttp : requestHttps
  const {method, signal} = options
  return await new Promise<Response>((resolve, reject) => {
    const request = open(target, {method, signal, headers: Object.fromEntries(new Headers(options.headers))}, answer => {
      answer.on('error', reject)
      answer
        .toArray()
        .then(chunks => resolve(responseOf(answer.statusCode ?? 500, answer.headers['content-type'], Buffer.concat(chunks))), reject)
    })
    request.on('error', reject)
    pipeline(options.body, request).catch(reject)
  })
}

interface Sending {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal
}

function responseOf(status: number, type: string | undefined, bytes: Buffer): Response {
  return new Response(bytes.length === 0 ? null : new Uint8Array(bytes), {
    status,
    headers: type === undefined ? {} : {'content-type': type}
  })
}

import {createServer, type IncomingMessage} from 'node:http'
import type {AddressInfo} from 'node:net'
import {onTestFinished} from 'vitest'

export interface CacheService {
  readonly address: string
  /** what was uploaded, by key and version */
  readonly entries: Map<string, {key: string; version: string; archive: Buffer; whole: boolean}>
  /** the calls that came, in order */
  readonly calls: string[]
  /** answers each call with this status, or never with 0 */
  failWith?: number
  /** calls that are never answered */
  hangs?: RegExp
}

const SERVICE = '/twirp/github.actions.results.api.v1.CacheService/'

/** GitHub's cache service, its second version, on loopback: Twirp in JSON for entries, a blob store for archives. */
export async function cacheService(): Promise<CacheService> {
  const service: CacheService = {address: '', entries: new Map(), calls: []}
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const url = new URL(request.url ?? '/', 'http://localhost')
    service.calls.push(`${request.method} ${url.pathname.replace(SERVICE, '')}`)
    if (service.failWith === 0 || service.hangs?.test(service.calls.at(-1) ?? '')) return
    if (service.failWith !== undefined) return void response.writeHead(service.failWith).end('{"msg": "out of order"}')
    if (url.pathname.startsWith(SERVICE)) {
      const answer = answerTo(url.pathname.slice(SERVICE.length), JSON.parse(body.toString()), service, `http://${request.headers.host}`)
      return void response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(answer))
    }
    const entry = service.entries.get(decodeURIComponent(url.pathname.slice('/blob/'.length)))
    if (entry === undefined) return void response.writeHead(404).end()
    if (request.method === 'PUT') {
      entry.archive = body
      return void response.writeHead(201, {etag: '"1"', 'last-modified': new Date().toUTCString(), 'x-ms-request-id': '1'}).end()
    }
    response.writeHead(200, {'content-length': entry.archive.length}).end(entry.archive)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(service, {address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`})
}

function answerTo(method: string, {key, version}: {key: string; version: string}, {entries}: CacheService, host: string): object {
  const id = `${key}|${version}`
  const url = `${host}/blob/${encodeURIComponent(id)}`
  if (method === 'CreateCacheEntry') {
    if (entries.has(id)) return {ok: false}
    entries.set(id, {key, version, archive: Buffer.alloc(0), whole: false})
    return {ok: true, signed_upload_url: url}
  }
  if (method === 'FinalizeCacheEntryUpload') {
    const entry = entries.get(id)
    if (entry) entry.whole = true
    return {ok: entry !== undefined, entry_id: '7'}
  }
  const found = entries.get(id)
  return found?.whole ? {ok: true, signed_download_url: url, matched_key: key} : {ok: false}
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

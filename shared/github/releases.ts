import type {Readable} from 'node:stream'
import {asking} from './answers.js'
import {ApiError, isRecord, toApiError} from './api-error.js'
import {type Access, coordinates, openClient} from './client.js'
import {streamedFetch} from './streamed-fetch.js'
import {ranged, watched} from './transfer.js'

export interface Asset {
  readonly id: number
  readonly name: string
  /** bytes */
  readonly size: number
  /** false: its upload was cut off, or is still under way */
  readonly uploaded: boolean
  /** where the server tells it */
  readonly sha256?: string
}

export interface Release {
  readonly id: number
  readonly tag: string
  readonly body: string
  readonly draft: boolean
  readonly uploadUrl: string
  readonly assets: readonly Asset[]
}

export interface Upload {
  readonly name: string
  readonly size: number
  readonly stream: Readable
}

/** The releases of a repository. Everything throws ApiError; uploads and new drafts are asked for once and never again. */
export interface Releases {
  /** the newest thousand, drafts too where the token may write */
  list(): Promise<readonly Release[]>
  /** a published one; undefined: there is none */
  byTag(tag: string): Promise<Release | undefined>
  createDraft(given: {readonly tag: string; readonly name: string; readonly body: string}): Promise<Release>
  /** `body`: replaces what it says */
  publish(id: number, tag: string, body?: string): Promise<void>
  /** what is gone already is as good as removed */
  remove(id: number): Promise<void>
  assets(id: number): Promise<readonly Asset[]>
  /** one of them; undefined: gone */
  asset(id: number): Promise<Asset | undefined>
  upload(release: Pick<Release, 'uploadUrl'>, upload: Upload): Promise<Asset>
  /** goes on where a connection broke; undefined: there is no such asset */
  download(asset: number): Promise<Readable | undefined>
  /** what is gone already is as good as removed */
  removeAsset(asset: number): Promise<void>
}

const ONCE = {request: {retries: 0}}

const PAGE = 100
/** GitHub lists no more than a thousand releases. */
const MOST_PAGES = 10

/** A repository's releases through GitHub's REST API. Each call has a budget of its own; bytes may take as long as they flow. */
export function openReleases(access: Access & {readonly stallMs?: number; readonly throughProxy?: boolean}): Releases {
  const place = coordinates(access.repository)
  const ask = asking(access)
  const gone = (call: Promise<unknown>): Promise<undefined> =>
    call.then(
      () => undefined,
      error => {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }
    )
  return {
    list: async () => {
      const found: Release[] = []
      for (let page = 1; page <= MOST_PAGES; page++) {
        const data: unknown = await ask(({rest}) => rest.repos.listReleases({...place, per_page: PAGE, page}))
        if (!Array.isArray(data)) throw new ApiError('an answer that is not a list of releases')
        found.push(...data.map(parseRelease))
        if (data.length < PAGE) break
      }
      return found
    },
    byTag: async tag =>
      await ask(({rest}) => rest.repos.getReleaseByTag({...place, tag})).then(parseRelease, error => {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }),
    createDraft: async ({tag, name, body}) =>
      parseRelease(await ask(({rest}) => rest.repos.createRelease({...place, tag_name: tag, name, body, draft: true, ...ONCE}))),
    publish: async (id, tag, body) => {
      const told = {tag_name: tag, draft: false, make_latest: 'false', ...(body !== undefined && {body})} as const
      await ask(({rest}) => rest.repos.updateRelease({...place, release_id: id, ...told}))
    },
    remove: async id => await gone(ask(({rest}) => rest.repos.deleteRelease({...place, release_id: id}))),
    assets: async id => {
      const pages = openClient(access).rest.repos.listReleaseAssets
      const all: Asset[] = []
      for (let page = 1; page <= 11; page++) {
        const data: unknown = await ask(() => pages({...place, release_id: id, per_page: 100, page}))
        if (!Array.isArray(data)) throw new ApiError('an answer that is not a list of assets')
        all.push(...data.map(parseAsset))
        if (data.length < 100) break
      }
      return all
    },
    asset: async id =>
      await ask(({rest}) => rest.repos.getReleaseAsset({...place, asset_id: id})).then(parseAsset, error => {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }),
    upload: async ({uploadUrl}, {name, size, stream}) => {
      const url = `${uploadUrl.replace(/\{.*$/, '')}?name=${encodeURIComponent(name)}`
      const streamed = access.throughProxy ? {} : {fetch: streamedFetch}
      const {body, signal, done} = watched(stream, access.stallMs)
      const headers = {'content-type': 'application/octet-stream', 'content-length': String(size)}
      try {
        return parseAsset(
          await ask(client => client.request(`POST ${url}`, {data: body, headers, request: {retries: 0, signal, ...streamed}}))
        )
      } finally {
        done()
      }
    },
    download: async asset => {
      const open = async (from: number, signal: AbortSignal): Promise<Response> => await bytesOf(access, place, asset, from, signal)
      return await ranged(open, access.stallMs)
    },
    removeAsset: async asset => await gone(ask(({rest}) => rest.repos.deleteReleaseAsset({...place, asset_id: asset})))
  }
}

/** The asset's bytes from an offset on: GitHub sends to a storage of its own, which must not see the token. */
async function bytesOf(
  access: Access,
  place: {owner: string; repo: string},
  asset: number,
  from: number,
  signal: AbortSignal
): Promise<Response> {
  const client = openClient(access)
  const range: Record<string, string> = from > 0 ? {range: `bytes=${from}-`} : {}
  const headers = {accept: 'application/octet-stream', ...range}
  const request = {signal, redirect: 'manual' as const, parseSuccessResponseBody: false}
  try {
    const answer = await client.request('GET /repos/{owner}/{repo}/releases/assets/{asset_id}', {
      ...place,
      asset_id: asset,
      headers,
      request
    })
    const {location} = answer.headers
    const status: number = answer.status
    if (status < 300 || location === undefined) return responseOf(status, answer.data)
    const ask = client.request.endpoint.DEFAULTS.request?.fetch ?? globalThis.fetch
    const stored: Response = await ask(new URL(location, access.apiUrl).href, {headers, signal})
    if (stored.ok) return stored
    throw new ApiError(`the storage of GitHub answered ${stored.status}`, stored.status)
  } catch (error) {
    throw toApiError(error)
  }
}

function responseOf(status: number, body: unknown): Response {
  return new Response(body instanceof ReadableStream ? body : null, {status})
}

function parseRelease(data: unknown): Release {
  if (!isRecord(data) || !Number.isSafeInteger(data.id) || typeof data.upload_url !== 'string')
    throw new ApiError('an answer that is not a release')
  return {
    id: Number(data.id),
    tag: typeof data.tag_name === 'string' ? data.tag_name : '',
    body: typeof data.body === 'string' ? data.body : '',
    draft: data.draft === true,
    uploadUrl: data.upload_url,
    assets: Array.isArray(data.assets) ? data.assets.map(parseAsset) : []
  }
}

function parseAsset(data: unknown): Asset {
  if (!isRecord(data) || !Number.isSafeInteger(data.id) || typeof data.name !== 'string')
    throw new ApiError('an answer that is not an asset')
  const [, sha256] = /^sha256:([0-9a-f]{64})$/.exec(String(data.digest)) ?? []
  return {id: Number(data.id), name: data.name, size: Number(data.size), uploaded: data.state === 'uploaded', sha256}
}

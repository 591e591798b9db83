import {createHash} from 'node:crypto'
import type {FakeGitHub} from './fake.js'
import {gitOf, moveRef} from './git-objects.js'
import {type Answer, type Asked, account, fieldOf, paged, perFake, REPO, REPOSITORY, type Route, refusal, textOf} from './route.js'

export interface FakeRelease {
  readonly id: number
  tag: string
  name: string
  body: string
  draft: boolean
  readonly at: string
}

export interface FakeAsset {
  readonly id: number
  readonly release: number
  readonly name: string
  readonly label: string
  bytes: Buffer
  /** `starter`: its upload was cut off */
  state: 'uploaded' | 'starter'
}

interface Released {
  readonly releases: FakeRelease[]
  readonly assets: FakeAsset[]
  next: number
  /** what was asked of the storage that assets are kept in: ranges, or `all` */
  readonly downloads: string[]
}

export const releasesOf = perFake((): Released => ({releases: [], assets: [], next: 100, downloads: []}))

const MOST_ASSETS = 1000
const RELEASE = `${REPO}/releases/{id}`

/** Releases and their assets; bytes are downloaded from another host, which takes no token. */
export const releaseRoutes: readonly Route[] = [
  {on: `GET ${REPO}/releases`, needs: 'contents: read', answer: list},
  {on: `POST ${REPO}/releases`, needs: 'contents: write', answer: create},
  {
    on: `GET ${REPO}/releases/tags/{tag+}`,
    needs: 'contents: read',
    answer: (fake, {at}) => shownOr404(fake, ({tag, draft}) => tag === at.tag && !draft)
  },
  {on: `GET ${REPO}/releases/assets/{id}`, needs: 'contents: read', answer: readAsset},
  {on: `DELETE ${REPO}/releases/assets/{id}`, needs: 'contents: write', answer: deleteAsset},
  {on: `GET ${RELEASE}`, needs: 'contents: read', answer: (fake, {at}) => shownOr404(fake, ({id}) => id === Number(at.id))},
  {on: `PATCH ${RELEASE}`, needs: 'contents: write', answer: update},
  {on: `DELETE ${RELEASE}`, needs: 'contents: write', answer: remove},
  {on: `GET ${RELEASE}/assets`, needs: 'contents: read', answer: listAssets},
  {
    on: `POST /uploads${RELEASE}/assets`,
    needs: 'contents: write',
    answer: upload,
    broken: (fake, asked) => void addAsset(fake, asked, Buffer.alloc(0), 'starter')
  },
  {on: `DELETE ${REPO}/git/refs/{ref+}`, needs: 'contents: write', answer: removeTag},
  {on: 'GET /storage/{id}', outside: true, answer: download}
]

const missing = () => refusal(404, 'Not Found')

// Drafts are shown to who may write.
function visible(fake: FakeGitHub): FakeRelease[] {
  const writes = fake.permissions === undefined || fake.permissions.contents === 'write'
  return releasesOf(fake).releases.filter(({draft}) => !draft || writes)
}

function list(fake: FakeGitHub, asked: Asked): Answer {
  const newest = visible(fake).toSorted((a, b) => b.id - a.id)
  return paged(
    fake,
    asked,
    newest.map(release => shown(fake, release))
  )
}

function shownOr404(fake: FakeGitHub, wanted: (release: FakeRelease) => boolean): Answer {
  const found = visible(fake).find(wanted)
  return found === undefined ? missing() : {status: 200, body: shown(fake, found)}
}

function taken(fake: FakeGitHub, tag: string, but?: number): Answer | undefined {
  if (!releasesOf(fake).releases.some(release => release.tag === tag && !release.draft && release.id !== but)) return undefined
  return refusal(422, 'Validation Failed', {errors: [{resource: 'Release', code: 'already_exists', field: 'tag_name'}]})
}

function create(fake: FakeGitHub, {body}: Asked): Answer {
  const state = releasesOf(fake)
  const tag = textOf(body, 'tag_name')
  const draft = fieldOf(body, 'draft') === true
  const bad = draft ? undefined : taken(fake, tag)
  if (bad !== undefined) return bad
  if (gitOf(fake).empty)
    return refusal(422, 'Validation Failed', {errors: [{resource: 'Release', code: 'custom', message: 'Repository is empty.'}]})
  state.next += 1
  const release = {
    id: state.next,
    tag,
    name: textOf(body, 'name'),
    body: textOf(body, 'body'),
    draft,
    at: new Date(Date.UTC(2026, 0, 1) + state.next * 1000).toISOString()
  }
  state.releases.push(release)
  if (!draft) tagIt(fake, tag)
  return {status: 201, body: shown(fake, release)}
}

function update(fake: FakeGitHub, {body, at}: Asked): Answer {
  const release = releasesOf(fake).releases.find(({id}) => id === Number(at.id))
  if (release === undefined) return missing()
  const tag = textOf(body, 'tag_name') || release.tag
  const draft = fieldOf(body, 'draft') === undefined ? release.draft : fieldOf(body, 'draft') === true
  const bad = draft ? undefined : taken(fake, tag, release.id)
  if (bad !== undefined) return bad
  Object.assign(release, {tag, draft, name: textOf(body, 'name') || release.name, body: textOf(body, 'body') || release.body})
  if (!draft) tagIt(fake, tag)
  return {status: 200, body: shown(fake, release)}
}

function tagIt(fake: FakeGitHub, tag: string): void {
  const git = gitOf(fake)
  if (!git.refs.has(`tags/${tag}`)) moveRef(git, `tags/${tag}`, git.refs.get('heads/main') ?? '')
}

/** Releases of the tag are drafts from then on. */
function removeTag(fake: FakeGitHub, {at: {ref}}: Asked): Answer {
  const git = gitOf(fake)
  if (git.protected.has(ref)) return refusal(422, 'Repository rule violations found\n\nCannot delete this protected ref.\n\n')
  if (!git.refs.delete(ref)) return refusal(422, 'Reference does not exist')
  for (const release of releasesOf(fake).releases) if (`tags/${release.tag}` === ref) release.draft = true
  return {status: 204}
}

function remove(fake: FakeGitHub, {at}: Asked): Answer {
  const state = releasesOf(fake)
  const index = state.releases.findIndex(({id}) => id === Number(at.id))
  if (index < 0) return missing()
  const [{id}] = state.releases.splice(index, 1)
  state.assets.splice(0, state.assets.length, ...state.assets.filter(({release}) => release !== id))
  return {status: 204}
}

function listAssets(fake: FakeGitHub, asked: Asked): Answer {
  if (!visible(fake).some(({id}) => id === Number(asked.at.id))) return missing()
  const own = releasesOf(fake).assets.filter(({release}) => release === Number(asked.at.id))
  return paged(
    fake,
    asked,
    own.map(asset => shownAsset(fake, asset))
  )
}

function upload(fake: FakeGitHub, asked: Asked): Answer {
  const release = Number(asked.at.id)
  const own = releasesOf(fake).assets.filter(asset => asset.release === release)
  if (!releasesOf(fake).releases.some(({id}) => id === release)) return missing()
  const error = (code: string, field: string) => refusal(422, 'Validation Failed', {errors: [{resource: 'ReleaseAsset', code, field}]})
  if (own.some(({name}) => name === asked.query.get('name'))) return error('already_exists', 'name')
  if (own.length >= MOST_ASSETS) return error('custom', 'file_count')
  if (asked.headers['content-length'] === undefined) return refusal(400, 'Bad Content-Length')
  return {status: 201, body: shownAsset(fake, addAsset(fake, asked, asked.bytes, 'uploaded'))}
}

function addAsset(fake: FakeGitHub, {at, query}: Asked, bytes: Buffer, state: FakeAsset['state']): FakeAsset {
  const all = releasesOf(fake)
  all.next += 1
  const asset = {id: all.next, release: Number(at.id), name: query.get('name') ?? '', label: query.get('label') ?? '', bytes, state}
  all.assets.push(asset)
  return asset
}

function assetOf(fake: FakeGitHub, id: string): FakeAsset | undefined {
  const asset = releasesOf(fake).assets.find(one => one.id === Number(id))
  return visible(fake).some(release => release.id === asset?.release) ? asset : undefined
}

function readAsset(fake: FakeGitHub, {at, headers}: Asked): Answer {
  const asset = assetOf(fake, at.id)
  if (asset === undefined || (asset.state === 'starter' && headers.accept === 'application/octet-stream')) return missing()
  if (headers.accept !== 'application/octet-stream') return {status: 200, body: shownAsset(fake, asset)}
  return {status: 302, headers: {location: `${fake.storage}/storage/${asset.id}?signature=s`}}
}

function deleteAsset(fake: FakeGitHub, {at}: Asked): Answer {
  const {assets} = releasesOf(fake)
  const index = assets.findIndex(({id}) => id === Number(at.id))
  if (index < 0) return missing()
  assets.splice(index, 1)
  return {status: 204}
}

function download(fake: FakeGitHub, {at, headers}: Asked): Answer {
  const asset = releasesOf(fake).assets.find(({id}) => id === Number(at.id))
  if (asset === undefined) return missing()
  // As the storage behind GitHub does: it takes the signature or a token, never both.
  if (headers.authorization !== undefined) return {status: 400, body: '<Error><Code>InvalidArgument</Code></Error>'}
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? []
  releasesOf(fake).downloads.push(headers.range ?? 'all')
  if (from === undefined) return {status: 200, bytes: asset.bytes}
  const total = asset.bytes.length
  return {status: 206, bytes: asset.bytes.subarray(Number(from)), headers: {'content-range': `bytes ${from}-${total - 1}/${total}`}}
}

function shown(fake: FakeGitHub, {id, tag, name, body, draft, at}: FakeRelease): object {
  const api = `${fake.url}${REPO}/releases/${id}`
  return {
    ...{id, node_id: `RE_${id}`, tag_name: tag, target_commitish: 'main', name, body, draft, prerelease: false},
    ...{url: api, assets_url: `${api}/assets`, html_url: `https://github.com/${REPOSITORY}/releases/tag/${draft ? 'untagged-1' : tag}`},
    upload_url: `${fake.url}/uploads${REPO}/releases/${id}/assets{?name,label}`,
    ...{tarball_url: null, zipball_url: null, created_at: at, published_at: draft ? null : at, author: account(fake.url, fake.login)},
    assets: releasesOf(fake)
      .assets.filter(({release}) => release === id)
      .map(asset => shownAsset(fake, asset))
  }
}

function shownAsset(fake: FakeGitHub, {id, name, label, bytes, state}: FakeAsset): object {
  const digest = state === 'uploaded' ? `sha256:${createHash('sha256').update(bytes).digest('hex')}` : null
  const at = '2026-01-01T00:00:00Z'
  return {
    ...{id, node_id: `RA_${id}`, name, label, state, size: bytes.length, digest, content_type: 'application/octet-stream'},
    ...{
      url: `${fake.url}${REPO}/releases/assets/${id}`,
      browser_download_url: `https://github.com/${REPOSITORY}/releases/download/x/${name}`
    },
    ...{download_count: 0, created_at: at, updated_at: at, uploader: account(fake.url, fake.login)}
  }
}

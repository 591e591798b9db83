import {createHash} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {basename} from 'node:path'

const TIMEOUT_MS = 60_000

/**
 * Makes the release's page on GitHub: a draft for the tag that is there, filled with the archive, then published, so that nobody sees half of it.
 * A page that is published is left alone when its archive has the same bytes, and refused when not. Returns what was done.
 */
export async function publishPage({version, notes, file, env, fetch}) {
  if (!notes) throw new Error(`CHANGELOG.md: has no section for ${version}`)
  const api = apiOf(env, fetch)
  const tag = `v${version}`
  const bytes = readFileSync(file)
  const release = (await find(api, tag)) ?? (await api('POST', '/releases', {tag_name: tag, name: tag, body: notes, draft: true}))
  const asset = release.assets.find(({name, state}) => name === basename(file) && state === 'uploaded')
  const same =
    asset?.size === bytes.length && (!asset.digest || asset.digest === `sha256:${createHash('sha256').update(bytes).digest('hex')}`)
  if (!release.draft) {
    if (!same)
      throw new Error(
        `the release ${tag} is published with ${asset ? 'other bytes' : `no ${basename(file)}`}: a version is released once; raise it`
      )
    return `${release.html_url} is there`
  }
  if (!same) await fill(api, release, bytes, basename(file))
  const published = await api('PATCH', `/releases/${release.id}`, {draft: false, name: tag, body: notes})
  return published.html_url
}

/** A draft is in the list alone: by its tag only published ones are found. */
async function find(api, tag) {
  for (let page = 1; page <= 10; page++) {
    const releases = await api('GET', `/releases?per_page=100&page=${page}`)
    const found = releases.find(({tag_name}) => tag_name === tag)
    if (found || releases.length < 100) return found
  }
  return undefined
}

async function fill(api, release, bytes, name) {
  for (const {id} of release.assets.filter(asset => asset.name === name)) await api('DELETE', `/releases/assets/${id}`)
  await api('POST', release.upload_url.replace(/\{.*$/, `?name=${encodeURIComponent(name)}`), bytes)
}

/** Calls of one repository's API; an answer that is no success is an error with its status and message. */
function apiOf({GITHUB_API_URL: url = 'https://api.github.com', GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token}, fetch) {
  return async (method, path, body) => {
    const address = path.startsWith('http') ? path : `${url}/repos/${repository}${path}`
    const json = body !== undefined && !Buffer.isBuffer(body)
    const response = await fetch(address, {
      method,
      body: json ? JSON.stringify(body) : body,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'x-github-api-version': '2022-11-28',
        ...(body !== undefined && {'content-type': json ? 'application/json' : 'application/gzip'})
      },
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}

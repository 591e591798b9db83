import {createSign, randomBytes} from 'node:crypto'
import {readFileSync} from 'node:fs'

const TIMEOUT_MS = 20_000

/**
 * Registers a runner just in time, for one job: signs in as a GitHub App, takes a token that can do nothing else, and gives it back.
 * `RUNNER_SCOPE` is `owner/repository` or an organization. Returns the runner's name and its encoded configuration.
 */
export async function jitConfig(env, {now, fetch}) {
  const wish = wishOf(env)
  const api = apiOf(env, fetch)
  const app = appToken(wish.appId, readFileSync(wish.keyFile, 'utf8'), now)
  const installation = wish.installation ?? (await api('GET', `${wish.base}/installation`, app)).id
  const {token} = await api('POST', `/app/installations/${installation}/access_tokens`, app, {
    permissions: wish.permissions,
    ...wish.repositories
  })
  try {
    const name = `${wish.name}-${randomBytes(4).toString('hex')}`
    const body = {name, runner_group_id: wish.group, labels: wish.labels, work_folder: '_work'}
    const {encoded_jit_config: encoded} = await api('POST', `${wish.base}/actions/runners/generate-jitconfig`, token, body)
    if (typeof encoded !== 'string' || encoded === '') throw new Error('generate-jitconfig: the answer holds no configuration')
    return {name, encoded}
  } finally {
    await api('DELETE', '/installation/token', token).catch(error =>
      console.error(`the token was not given back, it ends in an hour: ${error.message}`)
    )
  }
}

function wishOf(env) {
  const missing = ['GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY_FILE', 'RUNNER_SCOPE'].filter(name => !env[name])
  if (missing.length > 0) throw new Error(`register: ${missing.join(', ')} not set`)
  const [owner, repository, more] = env.RUNNER_SCOPE.split('/')
  if (!/^[\w.-]+$/.test(owner) || more !== undefined || (repository !== undefined && !/^[\w.-]+$/.test(repository)))
    throw new Error(`RUNNER_SCOPE ${env.RUNNER_SCOPE}: expected owner/repository, or an organization`)
  const group = Number(env.RUNNER_GROUP_ID || 1)
  if (!Number.isSafeInteger(group) || group < 1) throw new Error(`RUNNER_GROUP_ID ${env.RUNNER_GROUP_ID}: expected a number above 0`)
  const labels = (env.RUNNER_LABELS || 'self-hosted,gpu')
    .split(',')
    .map(label => label.trim())
    .filter(Boolean)
  return {
    appId: env.GITHUB_APP_ID,
    keyFile: env.GITHUB_APP_PRIVATE_KEY_FILE,
    installation: env.GITHUB_APP_INSTALLATION_ID || undefined,
    base: repository === undefined ? `/orgs/${owner}` : `/repos/${owner}/${repository}`,
    permissions: repository === undefined ? {organization_self_hosted_runners: 'write'} : {administration: 'write'},
    repositories: repository === undefined ? {} : {repositories: [repository]},
    name: env.RUNNER_NAME || 'gpu',
    labels,
    group
  }
}

/** The app's own token, good for nine minutes; it begins a minute ago, for clocks differ. */
function appToken(issuer, key, nowMs) {
  const seconds = Math.floor(nowMs / 1000)
  const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${encode({alg: 'RS256', typ: 'JWT'})}.${encode({iat: seconds - 60, exp: seconds + 480, iss: issuer})}`
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
}

function apiOf({GITHUB_API_URL: url = 'https://api.github.com'}, fetch) {
  return async (method, path, token, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'user-agent': 'gpu-runner',
        'x-github-api-version': '2022-11-28',
        ...(body !== undefined && {'content-type': 'application/json'})
      },
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${said(text)}${hintOf(response.status, path)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}

function said(text) {
  try {
    return String(JSON.parse(text).message)
  } catch {
    return text.slice(0, 200)
  }
}

function hintOf(status, path) {
  if (status === 401) return "; is GITHUB_APP_ID the app's, the key its own, and the clock right?"
  if (path.endsWith('/installation')) return '; install the app there'
  if (status === 403 || status === 422)
    return '; the app needs Administration: write for a repository, or Self-hosted runners: write for an organization'
  return ''
}

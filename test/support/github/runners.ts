import {createPublicKey, verify} from 'node:crypto'
import {type Answer, type Asked, account, fieldOf, perFake, REPO, type Route, refusal} from './route.js'

/** A GitHub App that is installed in octo/wages and in the organization octo, and the runners that it registered. */
export interface FakeApp {
  readonly id: string
  /** PEM; what the app's tokens must be signed with */
  publicKey: string
  /** seconds since the epoch, by which tokens are judged */
  now: number
  readonly installation: number
  /** installation tokens that still work, with what they may do */
  readonly tokens: Map<string, Readonly<Record<string, string>>>
  readonly runners: {readonly name: string; readonly group: number; readonly labels: readonly string[]; readonly scope: string}[]
}

export const appOf = perFake((): FakeApp => ({id: '4711', publicKey: '', now: 0, installation: 77, tokens: new Map(), runners: []}))

export const runnerRoutes: readonly Route[] = [
  {
    on: `GET ${REPO}/installation`,
    answer: (fake, asked) => asApp(appOf(fake), asked) ?? {status: 200, body: installation(fake.url, appOf(fake))}
  },
  {
    on: 'GET /orgs/octo/installation',
    answer: (fake, asked) => asApp(appOf(fake), asked) ?? {status: 200, body: installation(fake.url, appOf(fake))}
  },
  {on: 'POST /app/installations/{id}/access_tokens', answer: (fake, asked) => asApp(appOf(fake), asked) ?? token(appOf(fake), asked)},
  {
    on: 'DELETE /installation/token',
    answer: (fake, {headers}) => (appOf(fake).tokens.delete(bearer(headers)) ? {status: 204} : refusal(401, 'Bad credentials'))
  },
  {
    on: `POST ${REPO}/actions/runners/generate-jitconfig`,
    answer: (fake, asked) => register(appOf(fake), asked, 'administration', 'octo/wages')
  },
  {
    on: 'POST /orgs/octo/actions/runners/generate-jitconfig',
    answer: (fake, asked) => register(appOf(fake), asked, 'organization_self_hosted_runners', 'octo')
  }
]

function bearer(headers: Asked['headers']): string {
  return headers.authorization?.replace(/^bearer /i, '') ?? ''
}

/** As GitHub judges an app's token: signature, issuer, at most ten minutes. */
function asApp({id, publicKey, now}: FakeApp, {headers}: Asked): Answer | undefined {
  const [head = '', body = '', signature = ''] = bearer(headers).split('.')
  if (body === '') return refusal(401, 'A JSON web token could not be decoded')
  const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString())
  const [issued, expires] = [Number(fieldOf(claims, 'iat')), Number(fieldOf(claims, 'exp'))]
  if (!verify('RSA-SHA256', Buffer.from(`${head}.${body}`), createPublicKey(publicKey), Buffer.from(signature, 'base64url')))
    return refusal(401, 'A JSON web token could not be decoded')
  if (String(fieldOf(claims, 'iss')) !== id) return refusal(404, 'Integration not found')
  if (issued > now) return refusal(401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
  return expires <= now || expires - now > 600 ? refusal(401, "'Expiration time' claim ('exp') is too far in the future") : undefined
}

function token(app: FakeApp, {at, body}: Asked): Answer {
  if (at.id !== String(app.installation)) return refusal(404, 'Not Found')
  const permissions = fieldOf(body, 'permissions') as Readonly<Record<string, string>>
  const given = `ghs_${app.tokens.size + 1}`
  app.tokens.set(given, permissions)
  return {
    status: 201,
    body: {token: given, expires_at: new Date(1000 * (app.now + 3600)).toISOString(), permissions, repository_selection: 'selected'}
  }
}

function register(app: FakeApp, {headers, body}: Asked, permission: string, scope: string): Answer {
  const permissions = app.tokens.get(bearer(headers))
  if (permissions === undefined) return refusal(401, 'Bad credentials')
  if (permissions[permission] !== 'write') return refusal(403, 'Resource not accessible by integration')
  const [name, group, labels] = [
    String(fieldOf(body, 'name')),
    Number(fieldOf(body, 'runner_group_id')),
    fieldOf(body, 'labels') as string[]
  ]
  if (app.runners.some(one => one.name === name)) return refusal(409, 'Already exists')
  app.runners.push({name, group, labels, scope})
  const runner = {
    ...{id: app.runners.length, name, os: 'unknown', status: 'offline', busy: false, runner_group_id: group, ephemeral: true},
    labels: labels.map((label, id) => ({id, name: label, type: 'custom'}))
  }
  return {status: 201, body: {runner, encoded_jit_config: Buffer.from(`jit of ${name}`).toString('base64')}}
}

function installation(url: string, {id, installation: own}: FakeApp): object {
  return {
    id: own,
    account: account(url, 'octo'),
    repository_selection: 'selected',
    access_tokens_url: `${url}/app/installations/${own}/access_tokens`,
    repositories_url: `${url}/installation/repositories`,
    html_url: `https://github.com/organizations/octo/settings/installations/${own}`,
    app_id: Number(id),
    target_id: 1,
    target_type: 'Organization',
    permissions: {administration: 'write', metadata: 'read'},
    events: [],
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    single_file_name: null,
    app_slug: 'gpu-runners',
    suspended_by: null,
    suspended_at: null
  }
}

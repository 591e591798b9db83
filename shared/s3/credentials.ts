import {messageOf, UserError} from '#shared/errors'
import {ROLE_YAML} from './refusal.js'

type Env = Readonly<Record<string, string | undefined>>

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

const LIMIT_MS = 20_000
const AUDIENCE = 'sts.amazonaws.com'

/**
 * How credentials are had: with AWS_ROLE_ARN in a job that may ask for its own token, by that token; else the keys of the environment; else undefined,
 * which leaves it to the SDK. Throws UserError with the YAML where a role is named and the job may not ask for its token.
 */
export function credentialsOf(env: Env, fetched: typeof fetch, region: string): (() => Promise<Credentials>) | undefined {
  const role = env.AWS_ROLE_ARN
  const [url, bearer] = [env.ACTIONS_ID_TOKEN_REQUEST_URL, env.ACTIONS_ID_TOKEN_REQUEST_TOKEN]
  if (role && url && bearer) return async () => await assume(role, await fetchToken(url, bearer, fetched), env, region)
  const keys = env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY
  if (role && !keys && !env.AWS_WEB_IDENTITY_TOKEN_FILE && env.GITHUB_ACTIONS === 'true')
    throw new UserError(`AWS_ROLE_ARN ${role}: this job may not ask for the token that the role is given for`, {
      kind: 'usage',
      hint: `Add to the job:\n${ROLE_YAML}`
    })
  if (!keys) return undefined
  const {AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '', AWS_SESSION_TOKEN: sessionToken} = env
  return async () => ({accessKeyId, secretAccessKey, ...(sessionToken && {sessionToken})})
}

/** The job's own token, for AWS. */
async function fetchToken(url: string, bearer: string, fetched: typeof fetch): Promise<string> {
  const asked = `${url}${url.includes('?') ? '&' : '?'}audience=${AUDIENCE}`
  try {
    const answer = await fetched(asked, {
      headers: {authorization: `Bearer ${bearer}`, accept: 'application/json'},
      redirect: 'error',
      signal: AbortSignal.timeout(LIMIT_MS)
    })
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    const body: unknown = await answer.json()
    if (typeof body === 'object' && body !== null && 'value' in body && typeof body.value === 'string') return body.value
    throw new Error('an answer without a token')
  } catch (error) {
    throw new UserError(`GitHub gave this job no token for AWS (${messageOf(error)})`, {
      hint: `Check that the job has id-token: write, then run it again:\n${ROLE_YAML}`,
      cause: error
    })
  }
}

async function assume(role: string, token: string, env: Env, region: string): Promise<Credentials> {
  const {fromWebToken} = await import('@aws-sdk/credential-provider-web-identity')
  const endpoint = env.AWS_ENDPOINT_URL_STS
  try {
    const provider = fromWebToken({
      roleArn: role,
      roleSessionName: `trainyard-${(env.GITHUB_RUN_ID ?? 'local').replace(/[^\w+=,.@-]/g, '-')}`.slice(0, 64),
      webIdentityToken: token,
      clientConfig: {region, ...(endpoint && {endpoint}), requestHandler: {requestTimeout: LIMIT_MS, connectionTimeout: LIMIT_MS}}
    })
    return await provider()
  } catch (error) {
    const subject = `repo:${env.GITHUB_REPOSITORY ?? 'owner/repository'}:*`
    throw new UserError(`AWS_ROLE_ARN ${role}: AWS did not give the role to this job (${messageOf(error)})`, {
      hint: `Its trust policy must name the provider token.actions.githubusercontent.com, the audience ${AUDIENCE} and a subject like ${subject}.`,
      cause: error
    })
  }
}

import {UserError} from '#shared/errors'
import type {Fault} from './fault.js'

/** What was asked of which bucket, for errors. */
export interface Asked {
  /** as IAM calls it: `s3:GetObject` */
  readonly action: string
  readonly bucket: string
  /** the key, or the prefix of a listing */
  readonly key: string
  /** as it was given; undefined: AWS */
  readonly endpoint?: string
  readonly region: string
  /** a step of GitHub Actions rather than a terminal */
  readonly onRunner: boolean
}

export const ROLE_YAML = `permissions:
  contents: read
  id-token: write   # for the role
env:
  AWS_ROLE_ARN: arn:aws:iam::123456789012:role/trainyard
  AWS_REGION: eu-central-1`

interface Wording {
  readonly fits: (fault: Fault) => boolean
  readonly say: (asked: Asked, fault: Fault) => {readonly what: string; readonly hint: string}
}

const server = ({endpoint}: Asked) => endpoint ?? 'AWS'
const word = (pattern: RegExp) => (fault: Fault) => pattern.test(fault.code)

/** The first row that fits. */
const WORDINGS: readonly Wording[] = [
  {
    fits: ({cause}) => cause instanceof Error && /CredentialsProviderError|TokenProviderError/.test(cause.name),
    say: ({onRunner}) => ({
      what: 'there are no credentials for S3',
      hint: onRunner ? `Give the job a role:\n${ROLE_YAML}` : 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.'
    })
  },
  {
    fits: word(/^not S3$/),
    say: asked => ({
      what: `${server(asked)} answered with a web page, not as an S3 server does`,
      hint: 'Name the S3 port of the server by AWS_ENDPOINT_URL_S3, and look for a proxy in between.'
    })
  },
  {
    fits: word(/^(?:NoSuchBucket|InvalidBucketName)$/),
    say: asked => ({
      what: `there is no bucket ${asked.bucket} at ${server(asked)}`,
      hint: 'Make the bucket once, or mend its name. A bucket elsewhere is found by AWS_ENDPOINT_URL_S3 and AWS_REGION.'
    })
  },
  {
    fits: ({status, code}) =>
      status === 301 ||
      status === 307 ||
      /^(?:PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/.test(code),
    say: (asked, {region}) => ({
      what: `the bucket is in ${region === undefined ? 'another region' : `the region ${region}`}, not in ${asked.region}`,
      hint: `Set AWS_REGION${region === undefined ? ' to the region of the bucket' : `: ${region}`}.`
    })
  },
  {
    fits: word(/^(?:ExpiredToken|ExpiredTokenException|TokenRefreshRequired|InvalidToken)$/),
    say: () => ({
      what: 'the credentials have expired, new ones too',
      hint: 'Give the role a longer session, and run this again: what was sent is not sent twice.'
    })
  },
  {
    fits: word(/^(?:InvalidAccessKeyId|XAdminUserNotFound|InvalidAccessKey|SignatureDoesNotMatch)$/),
    say: asked => ({
      what: `${server(asked)} does not know the access key, or its secret is another`,
      hint: 'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they belong to this server.'
    })
  },
  {
    fits: word(/^RequestTimeTooSkewed$/),
    say: () => ({what: 'the clock of this machine is wrong', hint: 'Set the clock: S3 takes requests of the last 15 minutes.'})
  },
  {
    fits: ({kind}) => kind === 'denied',
    say: ({action, bucket, key}) => ({
      what: `not allowed, expected the permission ${action}`,
      hint: `Allow ${action} on arn:aws:s3:::${bucket}${action === 's3:ListBucket' ? '' : `/${key}`}, and s3:ListBucket on arn:aws:s3:::${bucket}: without that S3 says "not allowed" of what is not there.`
    })
  },
  {
    fits: word(/^ENOTFOUND$|^EAI_AGAIN$/),
    say: asked => ({
      what: `there is no host of this name: ${server(asked)}`,
      hint: 'Check AWS_ENDPOINT_URL_S3, AWS_REGION and the network.'
    })
  },
  {
    fits: word(/^(?:ERR_TLS_|ERR_SSL_|EPROTO|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/),
    say: asked => ({
      what: `the certificate of ${server(asked)} is not trusted`,
      hint: 'Name the file of your own authority by NODE_EXTRA_CA_CERTS, or mend https:// in AWS_ENDPOINT_URL_S3.'
    })
  },
  {
    fits: ({kind}) => kind === 'corrupted',
    say: () => ({
      what: 'other bytes arrived than were sent, each time',
      hint: 'Something between here and the server changes them: look for a proxy, then run this again.'
    })
  },
  {
    fits: ({kind}) => kind === 'passing',
    say: asked => ({what: `${server(asked)} did not do it`, hint: 'Run this again; what was sent is not sent twice.'})
  },
  {fits: () => true, say: () => ({what: 'S3 refused', hint: 'Look the word up in the documentation of the server.'})}
]

/** The fault in words: bucket, key, what was expected, and how to mend it. */
export function refusal(asked: Asked, fault: Fault): UserError {
  const {what, hint} = (WORDINGS.find(({fits}) => fits(fault)) ?? WORDINGS[WORDINGS.length - 1]).say(asked, fault)
  const answer = [fault.status > 0 ? String(fault.status) : '', fault.code].filter(part => part !== '').join(' ')
  const place = `s3://${asked.bucket}/${asked.key}`
  return new UserError(`${place}: ${what} (${asked.action}: ${answer}${detail(fault)})`, {hint})
}

/** The server's own sentence, when it adds anything to its word. */
function detail({message, code, status}: Fault): string {
  const line = message.split('\n')[0].slice(0, 200)
  return line === '' || line === code || (status > 0 && /deserialization/i.test(line)) ? '' : `, ${line}`
}

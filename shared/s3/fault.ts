import {codeOf, messageOf, UserError} from '#shared/errors'

/** What went wrong with one call, as far as servers agree about it. */
export interface Fault {
  /**
   * `absent`: the key is not there. `refused`: a condition did not hold. `passing`: may be gone the next time, and may have happened all the same.
   * `corrupted`: other bytes arrived than were sent. `denied`: credentials or permissions. `wrong`: all else.
   */
  readonly kind: 'absent' | 'refused' | 'passing' | 'corrupted' | 'denied' | 'wrong'
  /** of HTTP; 0: there was no answer */
  readonly status: number
  /** the server's word for it, or the system's; words differ between servers */
  readonly code: string
  readonly message: string
  /** where the bucket is, when the server says so */
  readonly region?: string
  readonly cause: unknown
}

const CORRUPTED = /^(?:BadDigest|XAmzContentChecksumMismatch|XAmzContentSHA256Mismatch|InvalidDigest)$/
const DENIED =
  /^(?:ExpiredToken|ExpiredTokenException|InvalidToken|TokenRefreshRequired|InvalidAccessKeyId|XAdminUserNotFound|InvalidAccessKey|SignatureDoesNotMatch|RequestTimeTooSkewed|AuthorizationHeaderMalformed)$/
const PASSING = /^(?:SlowDown|RequestTimeout|InternalError|ServiceUnavailable|OperationAborted|RequestLimitExceeded|Throttling\w*)$/
const TLS = /^(?:ERR_TLS_|ERR_SSL_|EPROTO|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/

/** The fault in what the SDK threw. An error of our own, which a person can mend, is thrown on. */
export function faultOf(error: unknown): Fault {
  if (error instanceof UserError) throw error
  const {status, region, html} = responseOf(error)
  const code = codeOfAnswer(error)
  return {
    kind: kindOf(status, code, html, error),
    status,
    code: html && status < 500 ? 'not S3' : code,
    message: messageOf(error),
    region,
    cause: error
  }
}

function kindOf(status: number, code: string, html: boolean, error: unknown): Fault['kind'] {
  if (error instanceof Error && /CredentialsProviderError|TokenProviderError/.test(error.name)) return 'denied'
  if (CORRUPTED.test(code)) return 'corrupted'
  if (DENIED.test(code) || status === 401 || status === 403) return 'denied'
  if (PASSING.test(code) || status >= 500 || status === 429 || status === 408) return status === 501 ? 'wrong' : 'passing'
  if (html) return 'wrong'
  if (status === 404 && /^(?:NoSuchKey|NotFound)$/.test(code)) return 'absent'
  if (status === 412 || status === 409) return code === 'NoSuchBucket' ? 'wrong' : 'refused'
  if (status === 0) return TLS.test(code) || /^(?:ENOTFOUND|ERR_INVALID_URL)$/.test(code) ? 'wrong' : 'passing'
  return 'wrong'
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function responseOf(error: unknown): {status: number; region?: string; html: boolean} {
  const fields = fieldsOf(error)
  const response = fieldsOf(fields.$response)
  const headers = fieldsOf(response.headers)
  const given = fieldsOf(fields.$metadata).httpStatusCode ?? response.statusCode
  const region = headers['x-amz-bucket-region']
  const type = headers['content-type']
  return {
    status: typeof given === 'number' ? given : 0,
    ...(typeof region === 'string' && {region}),
    // An answer to HEAD has no body, whatever its type.
    html: typeof type === 'string' && /^text\/html/i.test(type) && headers['content-length'] !== '0'
  }
}

function codeOfAnswer(error: unknown): string {
  const {Code, cause} = fieldsOf(error)
  if (typeof Code === 'string') return Code
  const system = codeOf(error) ?? codeOf(cause)
  if (system !== undefined) return system
  return error instanceof Error ? error.name : 'unknown'
}

import {UserError} from '#shared/errors'

/** A place in a bucket. */
export interface S3Address {
  readonly bucket: string
  /** `/`-separated, without `/` at its ends; empty: the bucket itself */
  readonly path: string
}

const BUCKET = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/
const LONGEST_PATH = 512

/** Bucket and path of `s3://bucket/path`; `what` is how errors call it. Throws UserError on anything else, credentials in it above all. */
export function parseS3Address(text: string, what: string): S3Address {
  const refuse = (why: string, hint: string): never => {
    throw new UserError(`${what} ${shown(text)}: ${why}`, {kind: 'usage', hint})
  }
  const [, bucket = '', rest = ''] =
    /^s3:\/\/([^/]*)(\/.*)?$/su.exec(text) ?? refuse('expected s3://bucket/path', 'Write s3:// in lower case.')
  if (bucket.includes('@') || bucket.includes(':'))
    refuse('credentials in an address end up in logs', 'Take them out; AWS_ROLE_ARN or the AWS_* variables carry them.')
  if (!BUCKET.test(bucket) || /^\d+\.\d+\.\d+\.\d+$/.test(bucket))
    refuse(
      `${JSON.stringify(bucket)} is no name of a bucket`,
      'A bucket is called by 3 to 63 of a-z, 0-9, "." and "-". A server other than AWS is named by AWS_ENDPOINT_URL_S3.'
    )
  const path = rest.replace(/^\//, '').replace(/\/$/, '')
  const parts = path.split('/')
  if (/\p{Cc}/u.test(path) || (path !== '' && parts.some(part => part === '' || part === '.' || part === '..')))
    refuse('has an empty part, "." or "..", or a control character in its path', 'Write the parts with one "/" between them.')
  if (Buffer.byteLength(path) > LONGEST_PATH) refuse(`its path is longer than ${LONGEST_PATH} bytes`, 'Choose a shorter one.')
  return {bucket, path}
}

/** The address of a registry, whose prefix is spelled so that any store and any page can carry it. */
export function parseRegistryAddress(text: string): S3Address {
  const {bucket, path} = parseS3Address(text, 'registry')
  if (path === '' || /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/.test(path)) return {bucket, path}
  throw new UserError(
    `registry ${shown(text)}: the prefix ${JSON.stringify(path)} has other characters than a-z, A-Z, 0-9, ".", "_", "-" and "/"`,
    {
      kind: 'usage',
      hint: 'Choose another prefix, like s3://bucket/models.'
    }
  )
}

/** Credentials that somebody wrote into an address are not repeated. */
function shown(text: string): string {
  return JSON.stringify(text.replace(/\/\/[^/]*@/, '//***@').slice(0, 200))
}

import {UserError} from '#shared/errors'
import type {Connection} from './connection.js'

const MOST_PAGES = 10_000

/** Every key that starts with the prefix, sorted. Throws UserError when the server's pages have no end, or are no listing. */
export async function listKeys(s3: Connection, prefix: string): Promise<string[]> {
  const keys: string[] = []
  let token: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const listed = await s3.demand({
      action: 's3:ListBucket',
      key: prefix,
      send: (client, {ListObjectsV2Command}, abortSignal) =>
        client.send(new ListObjectsV2Command({Bucket: s3.bucket, Prefix: prefix, ContinuationToken: token}), {abortSignal})
    })
    // What is no listing reads as an empty one.
    if (listed.IsTruncated === undefined) throw strange(s3, prefix, 'the answer is no listing of a bucket')
    for (const {Key} of listed.Contents ?? []) if (Key?.startsWith(prefix)) keys.push(Key)
    if (!listed.IsTruncated) return keys.sort()
    if (!listed.NextContinuationToken || listed.NextContinuationToken === token) throw strange(s3, prefix, 'a listing that does not go on')
    token = listed.NextContinuationToken
  }
  throw strange(s3, prefix, `a listing of more than ${MOST_PAGES} pages`)
}

function strange({bucket, endpoint}: Connection, prefix: string, what: string): UserError {
  return new UserError(`s3://${bucket}/${prefix}: ${what}`, {
    hint: `Check that ${endpoint ?? 'AWS'} is an S3 server, and that no proxy answers in its place.`
  })
}

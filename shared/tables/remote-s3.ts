import {setTimeout as pause} from 'node:timers/promises'
import {UserError} from '#shared/errors'
import {parseS3Address} from '#shared/s3/address'
import {connectionTo} from '#shared/s3/connection'
import {openObject} from '#shared/s3/download'
import {headOf} from '#shared/s3/head'
import type {RemoteFile, RemoteWorld} from './remote.js'

/** An object of S3 that is there. */
export async function openS3(address: string, {env, fetch, random = () => 0.5}: RemoteWorld): Promise<RemoteFile> {
  const {bucket, path} = parseS3Address(address, 'data')
  if (path.includes('*'))
    throw new UserError(`${address}: wildcards are for files on this machine`, {kind: 'usage', hint: 'Name the objects one by one.'})
  const s3 = connectionTo(bucket, {env, fetch, random, sleep: async ms => void (await pause(ms))})
  const head = await headOf(s3, path)
  const opened = await openObject(s3, path)
  if (opened === null)
    throw new UserError(`${address}: there is no such object`, {
      kind: 'usage',
      hint: 'Check the key, and that it was written by a job before this one.'
    })
  const sha256 = head?.etag === opened.etag && head.sha256 && !head.sha256.includes('-') ? hex(head.sha256) : undefined
  return {size: opened.size, sha256, stream: opened.stream}
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex')
}

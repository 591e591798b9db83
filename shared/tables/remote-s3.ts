import {setTimeout as pause} from 'node:timers/promises'
import {UserError} from '#shared/errors'
import {parseS3Address} from '#shared/s3/address'
import {type Connection, connectionTo} from '#shared/s3/connection'
import {openObject, openSpan, type Span} from '#shared/s3/download'
import {headOf, wholeSha256} from '#shared/s3/head'
import type {RemoteFile, RemoteWorld} from './remote.js'

/** An object of S3 that is there. */
export async function openS3(address: string, world: RemoteWorld): Promise<RemoteFile> {
  const {s3, key} = objectAt(address, world)
  const head = await headOf(s3, key)
  const opened = await openObject(s3, key)
  if (opened === null)
    throw new UserError(`${address}: there is no such object`, {
      kind: 'usage',
      hint: 'Check the key, and that it was written by a job before this one.'
    })
  const sha256 = head?.etag === opened.etag ? wholeSha256(head) : undefined
  return {size: opened.size, sha256, stream: opened.stream}
}

/** An object of S3 whose digest the server names, to be read in parts. */
export interface NamedFile {
  /** bytes */
  readonly size: number
  readonly sha256: string
  /** Null when the server does not send the part; throws UserError when the object is another by now. */
  open(span: Span): Promise<AsyncIterable<Buffer> | null>
}

/** Undefined where the server keeps no SHA-256 of the whole. */
export async function nameS3(address: string, world: RemoteWorld): Promise<NamedFile | undefined> {
  const {s3, key} = objectAt(address, world)
  const head = await headOf(s3, key)
  const sha256 = head === null || head.etag === '' ? undefined : wholeSha256(head)
  if (head === null || sha256 === undefined) return undefined
  return {size: head.size, sha256, open: span => openSpan(s3, key, {...span, etag: head.etag})}
}

function objectAt(address: string, {env, fetch, random = () => 0.5}: RemoteWorld): {s3: Connection; key: string} {
  const {bucket, path} = parseS3Address(address, 'data')
  if (path.includes('*'))
    throw new UserError(`${address}: wildcards are for files on this machine`, {kind: 'usage', hint: 'Name the objects one by one.'})
  return {s3: connectionTo(bucket, {env, fetch, random, sleep: async ms => void (await pause(ms))}), key: path}
}

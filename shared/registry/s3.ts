import {setTimeout as pause} from 'node:timers/promises'
import {parseRegistryAddress} from '#shared/s3/address'
import {type Connection, connectionTo, type S3World} from '#shared/s3/connection'
import {s3Blobs} from './s3-blobs.js'
import {s3Objects} from './s3-objects.js'
import type {Stores} from './store.js'

export interface S3RegistryWorld extends Omit<S3World, 'sleep'> {
  readonly sleep?: (ms: number) => Promise<void>
  /** one line for the person who watches a long transfer */
  readonly log?: (line: string) => void
  /** bytes of a part of an upload; default: 32 MiB, more above 320 GB */
  readonly partBytes?: number
}

/** A registry below a prefix of a bucket. Asks nothing yet. Throws UserError on an address, an endpoint or a role that can't be right. */
export function s3Stores(address: string, given: S3RegistryWorld): Stores {
  const {bucket, path} = parseRegistryAddress(address)
  const world = {...given, sleep: given.sleep ?? (async (ms: number) => void (await pause(ms)))}
  const prefix = path === '' ? '' : `${path}/`
  const s3 = connectionTo(bucket, world)
  return {
    address,
    objects: s3Objects(s3, prefix, world),
    blobs: s3Blobs(s3, prefix, {log: world.log ?? (() => {}), partBytes: world.partBytes}),
    urlOf: key => urlOf(s3, `${prefix}${key}`)
  }
}

function urlOf({bucket, region, endpoint}: Connection, key: string): string {
  if (endpoint !== undefined) return `${endpoint.replace(/\/$/, '')}/${bucket}/${key}`
  return `https://${region}.console.aws.amazon.com/s3/object/${bucket}?region=${region}&prefix=${encodeURIComponent(key)}`
}

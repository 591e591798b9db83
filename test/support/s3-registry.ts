import {createHash, randomBytes, randomUUID} from 'node:crypto'
import {Readable} from 'node:stream'
import {crc32} from 'node:zlib'
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand
} from '@aws-sdk/client-s3'
import {describe, expect, test} from 'vitest'
import {UserError} from '#shared/errors'
import {s3Stores} from '#shared/registry/s3'
import type {PlaceSpec} from './registry-places.js'
import {BUCKET, clientOf, type S3Server} from './s3-servers.js'

const PART = 5 << 20

export interface Traits {
  /** lists the digests of parts that arrived */
  readonly resumes: boolean
  /** keeps a SHA-256 of what came in parts */
  readonly vouches: boolean
  /** keeps the SHA-256 that came with an object, and refuses one that is not its own */
  readonly proves: boolean
  /** takes any credentials */
  readonly careless: boolean
}

/** A fresh registry in the bucket of a server. */
export function freshPlace({env}: S3Server): Extract<PlaceSpec, {kind: 's3'}> {
  return {kind: 's3', address: `s3://${BUCKET}/p-${randomUUID()}`, env}
}

/** What holds of blobs, listings and refusals on any S3 server, beside the protocol of registries. */
export function s3Blobs(name: string, server: () => S3Server, {resumes, vouches, proves, careless}: Traits): void {
  const fresh = () => freshPlace(server())

  describe(`${name}: S3`, () => {
    test('a blob in parts arrives whole, and the server vouches for it where it keeps a digest', async () => {
      const {address, env} = fresh()
      const {blobs} = s3Stores(address, {env, random: Math.random, partBytes: PART})
      const bytes = randomBytes(2 * PART + 1000)
      const sha256 = digest(bytes)
      const lines: string[] = []
      const told = s3Stores(address, {env, random: Math.random, partBytes: PART, log: line => lines.push(line)})
      const at = await told.blobs.put(sha256, bytes.length, Readable.from(pieces(bytes)), {name: 'm', version: 'v1'})
      expect(at).toBe(`blobs/sha256/${sha256}`)
      expect(await told.blobs.vouches?.(at, sha256, bytes.length)).toBe(vouches)
      expect(lines.at(-1)).toContain('10 MB of 10 MB sent')
      const back = await blobs.get(at)
      expect(digest(Buffer.concat((await back?.toArray()) ?? []))).toBe(sha256)
      // A second time it is compared and not sent.
      const again = await blobs.put(sha256, bytes.length, Readable.from(pieces(bytes)), {name: 'm', version: 'v1'})
      expect(again).toBe(at)
      expect(await blobs.vouches?.(at, sha256, bytes.length)).toBe(vouches)
    })

    test('a small blob is vouched for by a server that proves what it is sent, and trying that leaves nothing', async () => {
      const {address, env} = fresh()
      const lines: string[] = []
      const {blobs} = s3Stores(address, {env, random: Math.random, log: line => lines.push(line)})
      const bytes = Buffer.from('the model')
      const at = await blobs.put(digest(bytes), bytes.length, Readable.from([bytes]), {name: 'm', version: 'v1'})
      expect(await blobs.vouches?.(at, digest(bytes), bytes.length)).toBe(proves)
      expect(lines).toEqual([])
      expect(await keys(clientOf(server().url), address)).toEqual([at])
    })

    if (vouches)
      test('a blob that lies there in parts of another size is read back, and taken for what its bytes are', async () => {
        const {address, env} = fresh()
        const bytes = randomBytes(2 * PART + 1000)
        const sha256 = digest(bytes)
        const before = s3Stores(address, {env, random: Math.random, partBytes: PART})
        const at = await before.blobs.put(sha256, bytes.length, Readable.from(pieces(bytes)), {name: 'm', version: 'v1'})
        const client = clientOf(server().url)
        for (const partBytes of [2 * PART, PART + 1000]) {
          const lines: string[] = []
          const later = s3Stores(address, {env, random: Math.random, partBytes, log: line => lines.push(line)})
          await later.blobs.put(sha256, bytes.length, Readable.from(pieces(bytes)), {name: 'm', version: 'v1'})
          expect(lines).toEqual([`${at}: lies there with other checksums of its parts, and is read back`])
          expect(await later.blobs.vouches?.(at, sha256, bytes.length)).toBe(true)
          expect(await uploads(client, address)).toEqual([])
        }
        // Below the name of others they are damage, in parts of whatever size.
        const other = digest(Buffer.from('another'))
        await before.blobs.put(other, bytes.length, Readable.from(pieces(bytes)), {name: 'm', version: 'v1'})
        const right = randomBytes(bytes.length)
        for (const partBytes of [PART, 2 * PART]) {
          const {blobs} = s3Stores(address, {env, random: Math.random, partBytes})
          await expect(blobs.put(other, bytes.length, Readable.from(pieces(right)), {name: 'm', version: 'v1'})).rejects.toThrow(
            `${address}/blobs/sha256/${other}: other bytes of the same size lie there than its name says`
          )
        }
      })

    test('a stream that turns out to be another file leaves no blob and no upload', async () => {
      const {address, env} = fresh()
      const {blobs} = s3Stores(address, {env, random: Math.random, partBytes: PART})
      const sha256 = digest(Buffer.from('another'))
      const stream = Readable.from(
        (async function* () {
          yield randomBytes(2 * PART)
          throw new UserError('model.onnx: changed before it was sent')
        })()
      )
      const sent = blobs.put(sha256, 3 * PART, stream, {name: 'm', version: 'v1'})
      await expect(sent).rejects.toThrow('model.onnx: changed before it was sent')
      expect(await blobs.get(`blobs/sha256/${sha256}`)).toBeNull()
      expect(await uploads(clientOf(server().url), address)).toEqual([])
    })

    // MinIO forgets the digests of parts that it lists, moto has none: there the parts are sent again.
    if (resumes)
      test('parts that arrived before a crash are not sent again', async () => {
        const {address, env} = fresh()
        const bytes = randomBytes(3 * PART)
        const sha256 = digest(bytes)
        const client = clientOf(server().url)
        const Key = `${address.slice(`s3://${BUCKET}/`.length)}/blobs/sha256/${sha256}`
        const {UploadId} = await client.send(
          new CreateMultipartUploadCommand({Bucket: BUCKET, Key, ChecksumAlgorithm: 'CRC32', ChecksumType: 'COMPOSITE'})
        )
        for (const PartNumber of [1, 2]) {
          const Body = bytes.subarray((PartNumber - 1) * PART, PartNumber * PART)
          const ChecksumCRC32 = Buffer.from(crc32(Body).toString(16).padStart(8, '0'), 'hex').toString('base64')
          await client.send(new UploadPartCommand({Bucket: BUCKET, Key, UploadId, PartNumber, Body, ChecksumCRC32}))
        }
        const lines: string[] = []
        const {blobs} = s3Stores(address, {env, random: Math.random, partBytes: PART, log: line => lines.push(line)})
        await blobs.put(sha256, bytes.length, Readable.from(pieces(bytes)), {name: 'm', version: 'v1'})
        expect(lines.at(-1)).toContain('16 MB of 16 MB sent, 10 MB of them were there')
        expect(await uploads(client, address)).toEqual([])
        expect(await blobs.vouches?.(`blobs/sha256/${sha256}`, sha256, bytes.length)).toBe(true)
      })

    test('a key that lies there with other bytes is replaced by the blob', async () => {
      const {address, env} = fresh()
      const {blobs} = s3Stores(address, {env, random: Math.random})
      const bytes = Buffer.from('the model')
      const sha256 = digest(bytes)
      const Key = `${address.slice(`s3://${BUCKET}/`.length)}/blobs/sha256/${sha256}`
      await clientOf(server().url).send(new PutObjectCommand({Bucket: BUCKET, Key, Body: 'damaged!!'}))
      await blobs.put(sha256, bytes.length, Readable.from([bytes]), {name: 'm', version: 'v1'})
      expect(Buffer.concat((await (await blobs.get(`blobs/sha256/${sha256}`))?.toArray()) ?? []).toString()).toBe('the model')
    })

    test('a listing goes over several pages', async () => {
      const {address, env} = fresh()
      const prefix = address.slice(`s3://${BUCKET}/`.length)
      const client = clientOf(server().url)
      const names = Array.from({length: 1203}, (_, index) => `a/${String(index).padStart(5, '0')}.json`)
      for (let from = 0; from < names.length; from += 40)
        await Promise.all(
          names
            .slice(from, from + 40)
            .map(name => client.send(new PutObjectCommand({Bucket: BUCKET, Key: `${prefix}/${name}`, Body: '{}'})))
        )
      expect(await s3Stores(address, {env, random: Math.random}).objects.list('a/')).toEqual(names)
    })

    test('a bucket that is not there and a wrong secret are named', async () => {
      const nowhere = s3Stores('s3://no-such-bucket-here/models', {env: server().env, random: Math.random})
      await expect(nowhere.objects.get('a.json')).rejects.toThrow(
        `s3://no-such-bucket-here/models/a.json: there is no bucket no-such-bucket-here at ${server().url}`
      )
      await expect(nowhere.objects.list('a/')).rejects.toThrow('there is no bucket no-such-bucket-here')
      await expect(nowhere.objects.putIfAbsent('a.json', Buffer.from('{}'))).rejects.toThrow('there is no bucket no-such-bucket-here')
      if (careless) return
      const {address} = fresh()
      const stranger = s3Stores(address, {env: {...server().env, AWS_SECRET_ACCESS_KEY: 'wrong'}, random: Math.random})
      await expect(stranger.objects.get('a.json')).rejects.toThrow('does not know the access key, or its secret is another')
      const unknown = s3Stores(address, {env: {...server().env, AWS_ACCESS_KEY_ID: 'nobody'}, random: Math.random})
      await expect(unknown.objects.get('a.json')).rejects.toThrow('does not know the access key, or its secret is another')
    })
  })
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += 1 << 20) yield bytes.subarray(from, from + (1 << 20))
}

async function keys(client: S3Client, address: string): Promise<string[]> {
  const Prefix = `${address.slice(`s3://${BUCKET}/`.length)}/`
  const {Contents = []} = await client.send(new ListObjectsV2Command({Bucket: BUCKET, Prefix}))
  return Contents.flatMap(({Key}) => (Key === undefined ? [] : [Key.slice(Prefix.length)]))
}

async function uploads(client: S3Client, address: string): Promise<string[]> {
  const prefix = address.slice(`s3://${BUCKET}/`.length)
  const {Uploads = []} = await client.send(new ListMultipartUploadsCommand({Bucket: BUCKET}))
  return Uploads.flatMap(({Key}) => (Key?.startsWith(prefix) ? [Key] : []))
}

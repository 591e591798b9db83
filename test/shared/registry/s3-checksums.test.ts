import {createHash, randomBytes} from 'node:crypto'
import {Readable} from 'node:stream'
import {expect, test} from 'vitest'
import {sendBlob} from '#shared/registry/blobs'
import {s3Stores} from '#shared/registry/s3'
import {ownS3} from '../../support/own-s3.js'
import {refusal, type S3Call} from '../../support/s3.js'
import {freshPlace} from '../../support/s3-registry.js'
import {BUCKET} from '../../support/s3-servers.js'

const fake = await ownS3()

const part = 5 << 20
const owner = {name: 'wages', version: 'v1'}
const blob = blobOf(Buffer.from('the model'))
const {sha256} = blob

function blobOf(bytes: Buffer) {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {label: 'model.onnx', sha256, size: bytes.length, open: () => Readable.from([bytes])}
}

function stores() {
  const {address} = freshPlace(fake)
  const lines: string[] = []
  const prefix = `${address.slice(`s3://${BUCKET}/`.length)}/`
  const world = {env: fake.env, random: () => 0.5, sleep: async () => {}, partBytes: part, log: (line: string) => void lines.push(line)}
  return {prefix, lines, ...s3Stores(address, world)}
}

const reads = ({method, key, query}: S3Call) => method === 'GET' && key !== '' && !query.has('uploadId')

test('a server that only believes the digests is told in one line, what it took goes, and what it keeps is read back', async () => {
  const {blobs, objects, prefix, lines} = stores()
  fake.spoil = ({method}) => (method === 'PUT' ? {believeChecksums: true} : undefined)
  await sendBlob(blobs, blob, owner)
  await sendBlob(blobs, blob, owner)
  expect(lines).toEqual([`s3://${BUCKET}: ${fake.url} takes an object with a wrong SHA-256; so what is sent there is read back`])
  const large = blobOf(randomBytes(2 * part))
  await sendBlob(blobs, large, owner)
  expect(lines.filter(line => line.includes('wrong'))).toHaveLength(2)
  expect(lines.at(-1)).toContain('takes a part with a wrong CRC-32')
  expect([...fake.uploads.values()].filter(({key}) => key.startsWith(prefix))).toEqual([])
  // What it believed is found out.
  fake.spoil = ({method, key}) => {
    const stored = fake.objects.get(key)
    if (method === 'HEAD' && stored) fake.objects.set(key, {...stored, bytes: Buffer.from('the mOdel')})
    return method === 'PUT' ? {believeChecksums: true} : undefined
  }
  await expect(sendBlob(blobs, blob, owner)).rejects.toThrow('the registry returns other bytes than were published')
  fake.spoil = () => undefined
  await objects.putIfAbsent('a.json', Buffer.from('{}'))
  const left = [...fake.objects.keys()].filter(key => key.startsWith(prefix)).map(key => key.slice(prefix.length))
  expect(left.sort()).toEqual(['a.json', `blobs/sha256/${large.sha256}`, `blobs/sha256/${sha256}`, 'probe.json'].sort())
})

test('a server that proves them is asked once for objects and once for parts, and what it vouches for is not read', async () => {
  const {blobs, prefix} = stores()
  const before = fake.calls.length
  const large = blobOf(randomBytes(2 * part))
  for (const one of [blob, blob, large, large]) await sendBlob(blobs, one, owner)
  const calls = fake.calls.slice(before)
  const probing = calls.filter(({key}) => key === `${prefix}probe-checksum`)
  expect(probing.map(({method, query}) => `${method} ${query.get('partNumber') ?? ''}`.trim())).toEqual(['PUT', 'POST', 'PUT 1', 'DELETE'])
  expect(calls.filter(reads)).toEqual([])
  expect(fake.objects.has(`${prefix}probe-checksum`)).toBe(false)
})

test.each([
  ['500 each time', {instead: refusal(500, 'InternalError')}, '500 InternalError'],
  ['500 after it was taken', {after: refusal(500, 'InternalError')}, ''],
  ['403', {instead: refusal(403, 'AccessDenied')}, '403 AccessDenied'],
  ['501', {instead: refusal(501, 'NotImplemented')}, '501 NotImplemented']
] as const)('a server that answers the wrong write by %s is not believed, and nothing of it is left', async (_, spoil, word) => {
  const {blobs, prefix, lines} = stores()
  fake.spoil = ({key, method}) => {
    if (key !== `${prefix}probe-checksum` || method !== 'PUT') return undefined
    if ('after' in spoil) fake.objects.set(key, {bytes: Buffer.from('wrong'), etag: '"taken"'})
    return spoil
  }
  const before = fake.calls.length
  await sendBlob(blobs, blob, owner)
  expect(lines).toEqual([expect.stringContaining(`did not refuse an object with a wrong SHA-256 as one (${word}`)])
  expect(fake.calls.slice(before).filter(reads)).toHaveLength(1)
  expect(fake.objects.has(`${prefix}probe-checksum`)).toBe(false)
})

test('what a server that believes digests took and does not let go is named', async () => {
  const {blobs, prefix, lines} = stores()
  fake.spoil = ({method, key}) => {
    if (method === 'PUT') return {believeChecksums: true}
    return method === 'DELETE' && key !== '' ? {instead: refusal(403, 'AccessDenied')} : undefined
  }
  await sendBlob(blobs, blob, owner)
  expect(lines).toEqual([expect.stringContaining(`, and ${prefix}probe-checksum could not be removed (AccessDenied)`)])
})

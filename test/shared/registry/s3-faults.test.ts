import {createHash, randomBytes} from 'node:crypto'
import {mkdtempSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {describe, expect, onTestFinished, test, vi} from 'vitest'
import {fileBlob, sendBlob} from '#shared/registry/blobs'
import {type S3RegistryWorld, s3Stores} from '#shared/registry/s3'
import {lively} from '#shared/s3/body'
import {ownS3} from '../../support/own-s3.js'
import {crc32Of, refusal, type S3Call} from '../../support/s3.js'
import {freshPlace} from '../../support/s3-registry.js'
import {BUCKET} from '../../support/s3-servers.js'

const fake = await ownS3()

const part = 5 << 20
const owner = {name: 'wages', version: 'v1'}

function blobOf(bytes: Buffer) {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {label: 'model.onnx', sha256, size: bytes.length, open: () => Readable.from([bytes])}
}

function stores(more: Partial<S3RegistryWorld> = {}) {
  const {address} = freshPlace(fake)
  const prefix = `${address.slice(`s3://${BUCKET}/`.length)}/`
  return {prefix, ...s3Stores(address, {env: fake.env, random: () => 0.5, sleep: async () => {}, partBytes: part, ...more})}
}

const reads = ({method, key, query}: S3Call) => method === 'GET' && key !== '' && !query.has('uploadId')
const completes = ({method, query}: S3Call) => method === 'POST' && query.has('uploadId')

describe('an answer that stalls', () => {
  test('midway of a document is given up within the limit of the call, and asked for again', async () => {
    const {objects} = stores({limitMs: 300})
    await objects.putIfAbsent('a.json', Buffer.from('{"a": 1}'))
    let seen = 0
    fake.spoil = call => (reads(call) && seen++ === 0 ? {stall: 3} : undefined)
    expect((await objects.get('a.json'))?.bytes.toString()).toBe('{"a": 1}')
    fake.spoil = call => (reads(call) ? {stall: 3} : undefined)
    await expect(objects.get('a.json')).rejects.toThrow('did not do it (s3:GetObject: TimeoutError, no answer within 0.3 s)')
  })

  test('midway of a blob goes on where it was after a minute without a byte', async () => {
    const {blobs} = stores()
    const place = await blobs.put(blobOf(Buffer.from('the model')).sha256, 9, Readable.from([Buffer.from('the model')]), owner)
    let seen = 0
    fake.spoil = call => (reads(call) && seen++ === 0 ? {stall: 4} : undefined)
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
    onTestFinished(() => void vi.useRealTimers())
    const before = fake.calls.length
    const chunks: Buffer[] = []
    const stream = await blobs.get(place)
    for await (const chunk of stream ?? []) {
      chunks.push(chunk)
      if (chunks.length === 1) setImmediate(() => vi.advanceTimersByTime(60_001))
    }
    expect(Buffer.concat(chunks).toString()).toBe('the model')
    expect(fake.calls.slice(before).map(({headers}) => headers.range)).toEqual([undefined, 'bytes=4-8'])
  })

  test('is told from one that is slow', async () => {
    const drops = async function* (pauseMs: number) {
      for (const drop of ['a', 'b', 'c']) {
        await new Promise(resolve => setTimeout(resolve, pauseMs))
        yield Buffer.from(drop)
      }
    }
    const read = async (pauseMs: number) =>
      Buffer.concat(await Readable.from(lively(Readable.from(drops(pauseMs)), 100)).toArray()).toString()
    expect(await read(40)).toBe('abc')
    await expect(read(400)).rejects.toThrow('no byte for 0.1 s')
  })
})

describe('a blob that does not arrive as it was sent', () => {
  test('cut short by the server, whose digest is that of the whole: read back and refused', async () => {
    const {blobs, prefix} = stores()
    const blob = blobOf(Buffer.from('the model'))
    const key = `${prefix}blobs/sha256/${blob.sha256}`
    fake.spoil = ({method}) => {
      const stored = fake.objects.get(key)
      if (method === 'HEAD' && stored) fake.objects.set(key, {...stored, bytes: Buffer.from('the mod')})
      return undefined
    }
    await expect(sendBlob(blobs, blob, owner)).rejects.toThrow(
      `model.onnx: the registry returns other bytes than were published: expected sha256 ${blob.sha256} (9 bytes)`
    )
  })

  test('parts that fail once are sent again with their own bytes from memory that is used again, and only we speak of it', async () => {
    const {blobs, prefix} = stores()
    const path = join(mkdtempSync(join(tmpdir(), 'trainyard-s3-')), 'model.onnx')
    const bytes = randomBytes(12 * part + 1000)
    writeFileSync(path, bytes)
    const failed = new Set<string>()
    fake.spoil = ({method, key, query}) => {
      const number = query.get('partNumber')
      if (method !== 'PUT' || number === null || !key.startsWith(`${prefix}blobs/`) || failed.has(number)) return undefined
      failed.add(number)
      return {instead: refusal(500, 'InternalError')}
    }
    const warned = vi.spyOn(console, 'warn')
    await sendBlob(blobs, fileBlob(path, blobOf(bytes)), owner)
    expect(failed.size).toBe(13)
    expect(fake.objects.get(`${prefix}blobs/sha256/${blobOf(bytes).sha256}`)?.bytes.equals(bytes)).toBe(true)
    expect(warned).not.toHaveBeenCalled()
    warned.mockRestore()
  })

  test('an upload that was begun with another checksum is not gone on with, and goes when the blob is there', async () => {
    const {blobs, prefix} = stores()
    const bytes = randomBytes(2 * part)
    const key = `${prefix}blobs/sha256/${blobOf(bytes).sha256}`
    fake.uploads.set('of-before', {key, begun: new Date(), algorithm: 'SHA256', parts: new Map()})
    const before = fake.calls.length
    await sendBlob(blobs, blobOf(bytes), owner)
    const into = fake.calls.slice(before).filter(({method, key: of, query}) => method === 'PUT' && of === key && query.has('partNumber'))
    expect(into.map(({query}) => query.get('uploadId'))).not.toContain('of-before')
    expect(into).toHaveLength(2)
    expect(fake.uploads.has('of-before')).toBe(false)
  })

  test('its parts were put together though the answer was lost', async () => {
    const {blobs, prefix} = stores()
    const bytes = randomBytes(2 * part)
    fake.spoil = call => (completes(call) ? {after: refusal(500, 'InternalError')} : undefined)
    await sendBlob(blobs, blobOf(bytes), owner)
    expect(fake.objects.get(`${prefix}blobs/sha256/${blobOf(bytes).sha256}`)?.bytes.equals(bytes)).toBe(true)
  })

  test.each([
    ['a part', (call: S3Call) => call.query.get('partNumber') === '2' && call.method === 'PUT'],
    ['the last word', completes]
  ])('its upload is gone before %s: said, and nothing lies there', async (_, fits) => {
    const {blobs, address, prefix} = stores()
    const blob = blobOf(randomBytes(3 * part))
    fake.spoil = call => {
      if (!fits(call) || !call.key.startsWith(prefix) || !call.key.endsWith(blob.sha256)) return undefined
      fake.uploads.clear()
      return undefined
    }
    await expect(sendBlob(blobs, blob, owner)).rejects.toThrow(
      new RegExp(`^${address}/blobs/sha256/${blob.sha256}: the upload upload-.* was aborted by somebody else before it was complete$`)
    )
    expect([...fake.objects.keys()].filter(key => key.startsWith(prefix))).toEqual([])
  })

  test('its upload is gone since another process has completed it: that is it', async () => {
    const {address, blobs} = stores()
    const bytes = randomBytes(3 * part)
    let others = 0
    fake.spoil = call => {
      if (call.query.get('partNumber') === '3' && others++ === 0) {
        const [id, upload] = [...fake.uploads].find(([, {key}]) => address.endsWith(key.split('/')[0])) ?? []
        if (id === undefined || upload === undefined) return undefined
        const sums = [0, 1, 2].map(at => Buffer.from(crc32Of(bytes.subarray(at * part, (at + 1) * part)), 'base64'))
        const crc32 = `${crc32Of(Buffer.concat(sums))}-3`
        fake.objects.set(upload.key, {bytes, etag: '"theirs-3"', crc32})
        fake.uploads.delete(id)
      }
      return undefined
    }
    await sendBlob(blobs, blobOf(bytes), owner)
    expect(others).toBe(1)
  })
})

describe('a storm', () => {
  test.each([
    ['503', 'SlowDown'],
    ['429', 'TooManyRequests']
  ])('of %s on writes ends after a bounded number of calls, and leaves nothing', async (status, code) => {
    const {objects, prefix} = stores()
    const before = fake.calls.length
    fake.spoil = ({method, key}) => (method === 'PUT' && key.endsWith('a.json') ? {instead: refusal(Number(status), code)} : undefined)
    await expect(objects.putIfAbsent('a.json', Buffer.from('{}'))).rejects.toThrow(
      `${prefix}a.json: could not be written, and what lies there does not say why (last answer: ${status} ${code})`
    )
    expect(fake.calls.slice(before).filter(({method, key}) => method === 'PUT' && key.endsWith('a.json')).length).toBeLessThan(12)
    expect(fake.objects.has(`${prefix}a.json`)).toBe(false)
  })
})

test.each([301, 302, 307, 308])(
  'a redirect by %i to another host is not followed: it gets nothing, the credentials least of all',
  async status => {
    const seen: string[] = []
    const elsewhere = createServer((request, response) => {
      seen.push(`${request.method} ${request.headers.authorization ?? ''}`)
      response.end()
    })
    await new Promise<void>(resolve => elsewhere.listen(0, '127.0.0.1', () => resolve()))
    onTestFinished(() => void elsewhere.close())
    const location = `http://localhost:${(elsewhere.address() as AddressInfo).port}/`
    const {objects, blobs, address} = stores()
    fake.spoil = ({key}) => ({instead: refusal(status, 'TemporaryRedirect', {location: `${location}${key}`})})
    await expect(objects.get('a.json')).rejects.toThrow(`${address}/a.json: `)
    await expect(objects.putIfAbsent('a.json', Buffer.from('{}'))).rejects.toThrow(address)
    await expect(sendBlob(blobs, blobOf(Buffer.from('the model')), owner)).rejects.toThrow(address)
    expect(seen).toEqual([])
  }
)

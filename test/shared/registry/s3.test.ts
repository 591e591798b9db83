import {createHash, randomBytes} from 'node:crypto'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {Readable} from 'node:stream'
import {describe, expect, onTestFinished, test} from 'vitest'
import {UserError} from '#shared/errors'
import {sendBlob} from '#shared/registry/blobs'
import {registryOn} from '#shared/registry/registry'
import {type S3RegistryWorld, s3Stores} from '#shared/registry/s3'
import {ownS3} from '../../support/own-s3.js'
import {publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'
import {registryProtocol} from '../../support/registry-protocol.js'
import {refusal, type S3Call, type Spoil} from '../../support/s3.js'
import {freshPlace, s3Blobs} from '../../support/s3-registry.js'
import {BUCKET} from '../../support/s3-servers.js'

const fake = await ownS3()

registryProtocol('the stand-in for S3', async () => freshPlace(fake))
s3Blobs('the stand-in', () => fake, {resumes: true, vouches: true, proves: true, careless: true})

const bytes = Buffer.from('{"a": 1}')
const HTML = {status: 200, headers: {'content-type': 'text/html'}, body: '<html>Sign in</html>'}
const part = 5 << 20

function stores(more: Partial<S3RegistryWorld> = {}) {
  const {address} = freshPlace(fake)
  const prefix = `${address.slice(`s3://${BUCKET}/`.length)}/`
  return {prefix, ...s3Stores(address, {env: fake.env, random: () => 0.5, sleep: async () => {}, ...more})}
}

/** Spoils the calls that fit, from the first to the last of these numbers among them. */
function spoiled(
  fits: (call: S3Call) => boolean,
  spoil: Spoil,
  [first, last]: readonly [number, number] = [1, Number.POSITIVE_INFINITY]
): void {
  let seen = 0
  fake.spoil = call => {
    if (!fits(call)) return undefined
    seen++
    return seen >= first && seen <= last ? spoil : undefined
  }
}

const writes = (call: S3Call) => call.method === 'PUT' && !call.key.endsWith('probe.json')
const reads = (call: S3Call) => call.method === 'GET' && call.key !== ''

describe('a server that ignores conditions', () => {
  test.each([
    ['If-None-Match', 'If-None-Match: * it created an object that was there', 1],
    ['If-Match', 'If-Match it replaced an object that had another ETag', 1]
  ])('%s is refused before anything is written', async (header, message) => {
    const {objects, prefix} = stores()
    spoiled(call => call.headers[header.toLowerCase()] !== undefined, {ignoreConditions: true})
    await expect(objects.putIfAbsent('a.json', bytes)).rejects.toThrow(message)
    expect([...fake.objects.keys()].filter(key => key.startsWith(prefix))).toEqual([`${prefix}probe.json`])
  })

  test('is told from one that does not know them', async () => {
    const {objects} = stores()
    spoiled(call => call.method === 'PUT', {instead: refusal(501, 'NotImplemented')})
    await expect(objects.putIfAbsent('a.json', bytes)).rejects.toThrow('does not know the condition (501)')
  })

  test('is looked for by three calls once, and by two where it was before', async () => {
    const {objects, address} = stores()
    const before = fake.calls.length
    await objects.putIfAbsent('a.json', bytes)
    await objects.putIfAbsent('b.json', bytes)
    expect(fake.calls.slice(before).map(({key}) => key.split('/').at(-1))).toEqual([
      'probe.json',
      'probe.json',
      'probe.json',
      'a.json',
      'b.json'
    ])
    const again = fake.calls.length
    await s3Stores(address, {env: fake.env, random: () => 0.5}).objects.putIfAbsent('c.json', bytes)
    expect(fake.calls.slice(again).map(({key}) => key.split('/').at(-1))).toEqual(['probe.json', 'probe.json', 'c.json'])
  })
})

describe('a write whose answer is none', () => {
  test.each([
    ['500 after it took effect', {after: refusal(500, 'InternalError')}],
    ['503 after it took effect', {after: refusal(503, 'SlowDown')}],
    ['a web page after it took effect', {after: HTML}]
  ] as const)('%s, is read back and found', async (_, spoil) => {
    const {objects, prefix} = stores()
    spoiled(writes, spoil, [1, 1])
    const tag = await objects.putIfAbsent('a.json', bytes)
    expect(tag).toBe((await objects.get('a.json'))?.tag)
    expect(fake.calls.filter(call => writes(call) && call.key === `${prefix}a.json`)).toHaveLength(1)
  })

  test('is written again where nothing lies there', async () => {
    const {objects} = stores()
    spoiled(writes, {instead: refusal(500, 'InternalError')}, [1, 2])
    expect(await objects.putIfAbsent('a.json', bytes)).not.toBeNull()
    expect((await objects.get('a.json'))?.bytes).toEqual(bytes)
  })

  test('is lost where other bytes lie there', async () => {
    const {objects, prefix} = stores()
    const tag = String(await objects.putIfAbsent('a.json', Buffer.from('one')))
    const theirs = Buffer.from('theirs')
    fake.spoil = call => {
      if (!writes(call)) return undefined
      fake.objects.set(`${prefix}a.json`, {bytes: theirs, etag: '"theirs"'})
      return {instead: refusal(500, 'InternalError')}
    }
    expect(await objects.putIfMatch('a.json', bytes, tag)).toBeNull()
    expect((await objects.get('a.json'))?.bytes).toEqual(theirs)
  })

  test('is not claimed where the read back is stale, and the error says to run it again', async () => {
    const {objects, prefix} = stores()
    fake.spoil = call => {
      if (writes(call)) return {after: refusal(500, 'InternalError')}
      return reads(call) ? {instead: refusal(404, 'NoSuchKey')} : undefined
    }
    await expect(objects.putIfAbsent('a.json', bytes)).rejects.toThrow(
      `${prefix}a.json: could not be written, and what lies there does not say why`
    )
  })

  test('is lost for good where the server refuses, though the same bytes lie there', async () => {
    const {objects} = stores()
    await objects.putIfAbsent('a.json', bytes)
    expect(await objects.putIfAbsent('a.json', bytes)).toBeNull()
  })

  test('a storm of 409 ends in a clear error', async () => {
    const {objects} = stores()
    spoiled(writes, {instead: refusal(409, 'ConditionalRequestConflict')})
    await expect(objects.putIfAbsent('a.json', bytes)).rejects.toThrow('(last answer: 409 ConditionalRequestConflict)')
  })

  test('one 409 is tried again', async () => {
    const {objects} = stores()
    spoiled(writes, {instead: refusal(409, 'ConditionalRequestConflict')}, [1, 1])
    expect(await objects.putIfAbsent('a.json', bytes)).not.toBeNull()
  })
})

describe('what S3 refuses', () => {
  test.each([
    [{instead: refusal(403, 'AccessDenied')}, 'not allowed, expected the permission s3:GetObject'],
    [
      {instead: refusal(301, 'PermanentRedirect', {'x-amz-bucket-region': 'eu-west-3'})},
      'the bucket is in the region eu-west-3, not in us-east-1'
    ],
    [{instead: refusal(404, 'XAdminUserNotFound')}, 'does not know the access key'],
    [{instead: refusal(403, 'RequestTimeTooSkewed')}, 'the clock of this machine is wrong'],
    [{instead: refusal(500, 'InternalError')}, 'did not do it (s3:GetObject: 500 InternalError)'],
    [{instead: {...HTML, status: 404}}, 'answered with a web page, not as an S3 server does'],
    [{instead: {...HTML, status: 502}}, 'did not do it (s3:GetObject: 502']
  ] as const)('%j names key and cause', async (spoil, message) => {
    const {objects, address} = stores()
    spoiled(reads, spoil)
    const failure = await objects.get('a.json').catch(error => error)
    expect(failure).toBeInstanceOf(UserError)
    expect(failure.message).toContain(`${address}/a.json: `)
    expect(failure.message).toContain(message)
    expect(failure.hint).not.toBe('')
  })

  test('a server that hangs is given up, each call by itself', async () => {
    const {objects} = stores({limitMs: 100})
    spoiled(reads, {hang: true})
    const before = fake.calls.length
    await expect(objects.get('a.json')).rejects.toThrow('did not do it (s3:GetObject: TimeoutError, no answer within 0.1 s)')
    expect(fake.calls.length - before).toBe(4)
  })

  test('a blob may take longer than a call, as long as bytes come', async () => {
    const pieces = ['1111', '2222', '3333', '4444', '5555', '6666']
    let asked = 0
    const server = createServer(async (_, response) => {
      asked += 1
      response.writeHead(200, {'content-length': '24', etag: '"e"'})
      for (const piece of pieces) {
        response.write(piece)
        await new Promise(resolve => setTimeout(resolve, 150))
      }
      response.end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const {blobs} = stores({limitMs: 300, env: {...fake.env, AWS_ENDPOINT_URL_S3: url}})
    const stream = await blobs.get(`blobs/sha256/${'a'.repeat(64)}`)
    expect(Buffer.concat((await stream?.toArray()) ?? []).toString()).toBe(pieces.join(''))
    expect(asked).toBe(1)
  })

  test('a write that hangs after it took effect is read back', async () => {
    const {objects} = stores({limitMs: 200})
    spoiled(writes, {afterwards: 'hang'}, [1, 1])
    expect(await objects.putIfAbsent('a.json', bytes)).not.toBeNull()
  })

  test('a listing that is a web page is no empty registry', async () => {
    const {objects} = stores()
    spoiled(call => call.key === '', {instead: HTML})
    await expect(objects.list('models/')).rejects.toThrow(/web page|no listing/)
  })

  test('a listing that is cut short is asked for again', async () => {
    const {objects} = stores()
    await objects.putIfAbsent('a/b.json', bytes)
    spoiled(call => call.key === '', {cut: 40}, [1, 1])
    expect(await objects.list('a/')).toEqual(['a/b.json'])
  })

  test('a host that is not there and a port that is closed are named', async () => {
    const at = (url: string) => stores({env: {...fake.env, AWS_ENDPOINT_URL_S3: url}}).objects.get('a.json')
    await expect(at('http://nowhere.invalid')).rejects.toThrow('there is no host of this name: http://nowhere.invalid')
    await expect(at('http://127.0.0.1:1')).rejects.toThrow('http://127.0.0.1:1 did not do it (s3:GetObject: ECONNREFUSED')
  })

  test('plain text where TLS is expected is named', async () => {
    const url = fake.url.replace('http:', 'https:')
    await expect(stores({env: {...fake.env, AWS_ENDPOINT_URL_S3: url}}).objects.get('a.json')).rejects.toThrow('is not trusted')
  })

  test.each([
    ['https://user:secret@minio.example.com', 'AWS_ENDPOINT_URL_S3: expected an address'],
    ['minio:9000', 'AWS_ENDPOINT_URL_S3: expected an address']
  ])('the endpoint %j', (url, message) => {
    expect(() => stores({env: {...fake.env, AWS_ENDPOINT_URL_S3: url}})).toThrow(message)
  })

  test.each([
    ['s3://', 'is no name of a bucket'],
    ['s3://Bucket/models', 'is no name of a bucket'],
    ['s3://192.168.1.1/models', 'is no name of a bucket'],
    ['s3://key:secret@bucket/models', 'credentials in an address end up in logs'],
    ['s3://bucket/a//b', 'has an empty part'],
    ['s3://bucket/../b', 'has an empty part, "." or ".."'],
    ['s3://bucket/a b', 'has other characters than']
  ])('the address %j', (address, message) => {
    expect(() => s3Stores(address, {env: fake.env, random: () => 0.5})).toThrow(message)
    expect(() => s3Stores(address, {env: fake.env, random: () => 0.5})).not.toThrow('secret')
  })
})

describe('credentials', () => {
  test('a role in a job that may not ask for its token: the YAML to add', () => {
    const env = {AWS_ROLE_ARN: 'arn:aws:iam::1:role/t', GITHUB_ACTIONS: 'true', AWS_ENDPOINT_URL_S3: fake.url}
    return expect(stores({env}).objects.get('a.json')).rejects.toThrow(
      expect.objectContaining({hint: expect.stringContaining('id-token: write'), kind: 'usage'})
    )
  })

  test("a role is had by the job's token, which AWS gets and S3 does not", async () => {
    const seen: string[] = []
    const server = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString()
      seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''} ${body}`)
      if (request.method === 'GET') return void response.end(JSON.stringify({value: 'token-of-the-job'}))
      const expiry = new Date(Date.now() + 3_600_000).toISOString()
      response.setHeader('content-type', 'text/xml')
      response.end(
        `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>session</SessionToken><Expiration>${expiry}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
      )
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const env = {
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/trainyard',
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'bearer-of-the-runner',
      AWS_ENDPOINT_URL_STS: url,
      AWS_ENDPOINT_URL_S3: fake.url
    }
    const before = fake.calls.length
    expect(await stores({env}).objects.get('a.json')).toBeNull()
    expect(seen[0]).toContain('GET /token?api-version=2&audience=sts.amazonaws.com Bearer bearer-of-the-runner')
    expect(seen[1]).toContain('Action=AssumeRoleWithWebIdentity')
    expect(seen[1]).toContain('WebIdentityToken=token-of-the-job')
    const [call] = fake.calls.slice(before)
    expect(call.headers.authorization).toContain('ASIAROLE')
    expect(call.headers['x-amz-security-token']).toBe('session')
  })

  test('expired midway: asked anew once, and what was sent is not sent again', async () => {
    const {blobs, prefix} = stores({partBytes: part})
    const model = randomBytes(3 * part)
    const sha256 = createHash('sha256').update(model).digest('hex')
    spoiled(call => call.query.has('partNumber'), {instead: refusal(400, 'ExpiredToken')}, [2, 2])
    await blobs.put(sha256, model.length, Readable.from([model]), {name: 'm', version: 'v1'})
    expect(fake.objects.get(`${prefix}blobs/sha256/${sha256}`)?.bytes.equals(model)).toBe(true)
  })

  test('expired for good: the error names the upload, and the next run goes on with it', async () => {
    const {blobs, address, prefix} = stores({partBytes: part})
    const model = randomBytes(3 * part)
    const sha256 = createHash('sha256').update(model).digest('hex')
    spoiled(call => call.query.get('partNumber') === '3', {instead: refusal(400, 'ExpiredToken')})
    const sent = blobs.put(sha256, model.length, Readable.from([model]), {name: 'm', version: 'v1'})
    const failure = await sent.catch(error => error)
    expect(failure.message).toContain(`${prefix}blobs/sha256/${sha256}: the credentials have expired`)
    expect(failure.hint).toContain('is kept as the upload upload-')
    fake.spoil = () => undefined
    const before = fake.calls.length
    await s3Stores(address, {env: fake.env, random: () => 0.5, partBytes: part}).blobs.put(sha256, model.length, Readable.from([model]), {
      name: 'm',
      version: 'v1'
    })
    expect(fake.calls.slice(before).flatMap(({query}) => query.get('partNumber') ?? [])).toEqual(['3'])
  })
})

describe('blobs on the way', () => {
  const model = Buffer.from('the model')
  const sha256 = createHash('sha256').update(model).digest('hex')
  const blob = {label: 'model.onnx', sha256, size: model.length, open: () => Readable.from([model])}
  const owner = {name: 'wages', version: 'v1'}

  test('bits that flip are refused by the server and sent again; each time, they are an error', async () => {
    const {blobs, prefix} = stores()
    spoiled(writes, {instead: refusal(400, 'XAmzContentChecksumMismatch')}, [1, 2])
    await sendBlob(blobs, blob, owner)
    expect(fake.objects.get(`${prefix}blobs/sha256/${sha256}`)?.bytes).toEqual(model)
    const other = stores()
    spoiled(writes, {instead: refusal(400, 'BadDigest')})
    await expect(sendBlob(other.blobs, blob, owner)).rejects.toThrow('other bytes arrived than were sent, each time')
  })

  test('what a server keeps no digest of is read back', async () => {
    const {blobs, prefix} = stores()
    const key = `${prefix}blobs/sha256/${sha256}`
    fake.spoil = () => {
      const stored = fake.objects.get(key)
      if (stored?.sha256) fake.objects.set(key, {bytes: Buffer.from('the mOdel'), etag: stored.etag})
      return undefined
    }
    await expect(sendBlob(blobs, blob, owner)).rejects.toThrow('the registry returns other bytes than were published')
  })

  test('a model that changed is not sent under its old name', async () => {
    const {blobs, prefix} = stores()
    const changed = {...blob, open: () => Readable.from([Buffer.from('the m0del')])}
    await expect(sendBlob(blobs, changed, owner)).rejects.toThrow('model.onnx: changed before it was sent')
    expect([...fake.objects.keys()].filter(key => key.startsWith(prefix))).toEqual([])
  })

  test('a download that breaks off goes on where it was', async () => {
    const {blobs} = stores()
    const place = await blobs.put(sha256, model.length, Readable.from([model]), owner)
    const before = fake.calls.length
    spoiled(reads, {cut: 4}, [1, 1])
    expect(Buffer.concat((await (await blobs.get(place))?.toArray()) ?? [])).toEqual(model)
    expect(fake.calls.slice(before).map(({headers}) => headers.range)).toEqual([undefined, 'bytes=4-8'])
  })

  test('a download whose object is replaced meanwhile is an error on a server that does not know If-Match either', async () => {
    const {blobs, prefix} = stores()
    const place = await blobs.put(sha256, model.length, Readable.from([model]), owner)
    let reading = 0
    fake.spoil = call => {
      if (!reads(call)) return undefined
      if (reading++ === 0) return {cut: 4}
      const other = Buffer.from('a mOdel !')
      const headers = {etag: '"another"', 'content-range': `bytes 4-${model.length - 1}/${model.length}`}
      return {instead: {status: 206, headers, body: other.subarray(4)}}
    }
    expect(fake.objects.has(`${prefix}${place}`)).toBe(true)
    await expect((await blobs.get(place))?.toArray()).rejects.toThrow('changed while it was read, after 4 bytes')
  })

  test('a download whose object is replaced meanwhile is an error', async () => {
    const {blobs, prefix} = stores()
    const place = await blobs.put(sha256, model.length, Readable.from([model]), owner)
    let reading = 0
    fake.spoil = call => {
      if (!reads(call)) return undefined
      if (reading++ > 0) return undefined
      setTimeout(() => fake.objects.set(`${prefix}${place}`, {bytes: Buffer.from('another'), etag: '"another"'}), 100)
      return {cut: 4}
    }
    await expect((await blobs.get(place))?.toArray()).rejects.toThrow('changed while it was read, after 4 bytes')
  })
})

test('a whole publication with every third call failing after it took effect is as without', async () => {
  const {address} = freshPlace(fake)
  const work = await temporaryFolder()
  fake.spoil = ({number}) => (number % 3 === 0 ? {after: refusal(500, 'InternalError')} : undefined)
  const registry = registryOn(s3Stores(address, {env: fake.env, random: () => 0.5, sleep: async () => {}}), registryWorld())
  const published = await registry.publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
  expect(published).toMatchObject({version: 'v1', published: true, alias: {generation: 1}})
  expect((await registry.log('wages')).map(({event}) => event).sort()).toEqual(['moved', 'registered'])
})

import {createHash} from 'node:crypto'
import {readdir} from 'node:fs/promises'
import {createServer, type IncomingMessage, type RequestListener} from 'node:http'
import type {AddressInfo} from 'node:net'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {UserError} from '#shared/errors'
import {shownAddress} from '#shared/tables/remote'
import {openTable} from '#shared/tables/table'
import {temporaryFolder} from '../../support/registry.js'
import {type FakeS3, fakeS3} from '../../support/s3.js'
import {BUCKET} from '../../support/s3-servers.js'

const CSV = 'id,age\n1,30\n2,40\n'
const sha256 = createHash('sha256').update(CSV).digest('hex')

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function tableAt(paths: readonly string[], env: Record<string, string> = {}) {
  const tempDir = await temporaryFolder()
  const table = await openTable({paths, cwd: tempDir, limits: {tempDir}, remote: {env, fetch, random: () => 0}}).catch(async error => {
    // Whatever failed, no half of a file is left.
    expect((await readdir(tempDir)).filter(name => name.startsWith('data-'))).toEqual([])
    throw error
  })
  return {table, tempDir}
}

describe('https', () => {
  test('a table at an address is read, hashed and named by it, without the secrets of its query; its copy goes with it', async () => {
    const url = await serve((_, response) => void response.end(CSV))
    const {table, tempDir} = await tableAt([`${url}/train.csv?X-Amz-Signature=secret#part`])
    expect(await table.rowCount()).toBe(2)
    expect(await table.digests()).toEqual([{name: `${url}/train.csv`, sha256, size: CSV.length}])
    expect(JSON.stringify(table.files, (_, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain('secret')
    table.close()
    expect((await readdir(tempDir)).filter(name => name.startsWith('data-'))).toEqual([])
  })

  test('several addresses and files are one table; JSONL as well', async () => {
    const url = await serve((_, response) => void response.end('{"id": 1}\n{"id": 2}\n'))
    const {table} = await tableAt([`${url}/a.jsonl`, `${url}/b.jsonl`])
    expect(await table.rowCount()).toBe(4)
    expect((await table.digests()).map(({name}) => name)).toEqual([`${url}/a.jsonl`, `${url}/b.jsonl`])
    table.close()
  })

  test.each([
    ['a status', (_: IncomingMessage) => ({status: 403, body: 'no'}), 'the server answers 403 Forbidden'],
    ['nothing there', () => ({status: 404, body: ''}), 'the server answers 404 Not Found'],
    ['a web page', () => ({status: 200, type: 'text/html', body: '<html>'}), 'expected data, got a web page'],
    ['packed bytes', () => ({status: 200, encoding: 'gzip', body: ''}), 'comes encoded (gzip)'],
    ['an endless redirect', () => ({status: 302, location: '/x.csv', body: ''}), 'is redirected more than 5 times'],
    [
      'a redirect to plain http elsewhere',
      () => ({status: 302, location: 'http://example.invalid/x.csv', body: ''}),
      'http://example.invalid is not encrypted'
    ]
  ])('%s is an error that names the address without its query', async (_, reply, message) => {
    const url = await serve((request, response) => {
      const {status, body, type, encoding, location} = {type: 'text/csv', encoding: '', location: '', ...reply(request)}
      response.writeHead(status, {
        'content-type': type,
        ...(encoding && {'content-encoding': encoding}),
        ...(location && {location})
      })
      response.end(body)
    })
    const failure = await tableAt([`${url}/train.csv?token=secret`]).catch(error => error)
    expect(failure).toBeInstanceOf(UserError)
    expect(failure.message).toContain(`${url}/train.csv: `)
    expect(failure.message).toContain(message)
    expect(failure.message).not.toContain('secret')
  })

  test('a redirect is followed, and nothing but the address goes to the other host', async () => {
    const seen: IncomingMessage['headers'][] = []
    const there = await serve((request, response) => {
      seen.push(request.headers)
      response.end(CSV)
    })
    const here = await serve((_, response) => {
      response.writeHead(302, {location: `${there}/elsewhere`})
      response.end()
    })
    const {table} = await tableAt([`${here}/train.csv?token=secret`])
    expect((await table.digests())[0]).toEqual({name: `${here}/train.csv`, sha256, size: CSV.length})
    expect(seen[0].authorization).toBeUndefined()
    expect(JSON.stringify(seen)).not.toContain('secret')
    table.close()
  })

  test('what breaks off goes on where it was, as long as it is the same file', async () => {
    const ranges: (string | undefined)[] = []
    const url = await serve((request, response) => {
      ranges.push(request.headers.range)
      if (request.headers.range === undefined) {
        response.writeHead(200, {'content-length': CSV.length, etag: '"one"'})
        response.write(CSV.slice(0, 9))
        setTimeout(() => response.destroy(), 300)
        return
      }
      expect(request.headers['if-match']).toBe('"one"')
      const from = Number(/\d+/.exec(request.headers.range)?.[0])
      response.writeHead(206, {'content-range': `bytes ${from}-${CSV.length - 1}/${CSV.length}`, etag: '"one"'})
      response.end(CSV.slice(from))
    })
    const {table} = await tableAt([`${url}/train.csv`])
    expect((await table.digests())[0].sha256).toBe(sha256)
    expect(ranges).toEqual([undefined, 'bytes=9-'])
    table.close()
  })

  test.each([
    ['without an ETag', {}, 'broke off after'],
    ['with another ETag afterwards', {etag: '"one"'}, 'changed while it was read, after 9 bytes']
  ])('what breaks off %s is an error', async (_, headers, message) => {
    const url = await serve((request, response) => {
      response.writeHead(200, {'content-length': CSV.length, ...headers, ...(request.headers.range && {etag: '"two"'})})
      response.write(CSV.slice(0, 9))
      setTimeout(() => response.destroy(), 300)
    })
    await expect(tableAt([`${url}/train.csv`])).rejects.toThrow(`${url}/train.csv: ${message}`)
  })

  test.each([
    ['http://example.com/train.csv', 'http://example.com is not encrypted'],
    ['https://user:secret@example.com/train.csv', 'https://example.com/train.csv: credentials in an address end up in logs'],
    ['ftp://example.com/train.csv', 'ftp://example.com/train.csv: expected a file, s3://bucket/key or https://…'],
    ['https://example.com/train.xlsx?a=.csv', 'https://example.com/train.xlsx: not a format that can be read'],
    ['https://nowhere.invalid/train.csv', "nowhere.invalid can't be reached"],
    [`s3://${BUCKET}/*.csv`, 'wildcards are for files on this machine'],
    ['s3://key:secret@bucket/train.csv', 'credentials in an address end up in logs']
  ])('%s is refused', async (address, message) => {
    const failure = await tableAt([address]).catch(error => error)
    expect(failure).toBeInstanceOf(UserError)
    expect(failure.message).toContain(message)
    expect(failure.message).not.toContain('secret')
  })

  test('without a world outside, an address is refused', async () => {
    const tempDir = await temporaryFolder()
    await expect(openTable({paths: ['https://example.com/a.csv'], cwd: tempDir, limits: {tempDir}})).rejects.toThrow(
      'only files are read here'
    )
  })
})

describe('s3', () => {
  let fake: FakeS3
  beforeAll(async () => {
    fake = await fakeS3()
  })
  afterAll(() => fake.stop())

  const put = (key: string, text: string, digest?: string) =>
    void fake.objects.set(key, {
      bytes: Buffer.from(text),
      etag: `"${createHash('md5').update(text).digest('hex')}"`,
      ...(digest && {sha256: Buffer.from(digest, 'hex').toString('base64')})
    })

  test('an object is read, proved where the store keeps its digest, and named by its address', async () => {
    put('data/train set.csv', CSV, sha256)
    const {table} = await tableAt([`s3://${BUCKET}/data/train set.csv`], fake.env)
    expect(await table.digests()).toEqual([{name: `s3://${BUCKET}/data/train set.csv`, sha256, size: CSV.length}])
    table.close()
  })

  test('bytes that are not those of the digest that the store keeps are refused', async () => {
    put('data/train.csv', CSV, 'a'.repeat(64))
    await expect(tableAt([`s3://${BUCKET}/data/train.csv`], fake.env)).rejects.toThrow(
      `s3://${BUCKET}/data/train.csv: other bytes came than the store has a digest of: expected sha256 ${'a'.repeat(64)}, got ${sha256}`
    )
  })

  test('an object that is not there, and a bucket that is not', async () => {
    await expect(tableAt([`s3://${BUCKET}/absent.csv`], fake.env)).rejects.toThrow(`s3://${BUCKET}/absent.csv: there is no such object`)
    await expect(tableAt(['s3://another-bucket/a.csv'], fake.env)).rejects.toThrow('there is no bucket another-bucket')
  })

  test('one that is cut short is resumed; one that changes meanwhile is refused', async () => {
    put('data/train.csv', CSV)
    let reading = 0
    fake.spoil = ({method, key}) => (method === 'GET' && key !== '' && reading++ === 0 ? {cut: 9} : undefined)
    const {table} = await tableAt([`s3://${BUCKET}/data/train.csv`], fake.env)
    expect((await table.digests())[0].sha256).toBe(sha256)
    table.close()
    fake.spoil = ({method, key}) => {
      if (method !== 'GET' || key === '') return undefined
      setTimeout(() => put('data/train.csv', 'id,age\n9,90\n'), 100)
      return {cut: 9}
    }
    await expect(tableAt([`s3://${BUCKET}/data/train.csv`], fake.env)).rejects.toThrow('changed while it was read, after 9 bytes')
  })
})

test.each([
  ['https://user:secret@host/a.csv?sig=secret#x', 'https://host/a.csv'],
  ['s3://bucket/a?b.csv', 's3://bucket/a?b.csv'],
  [join('data', 'a?b.csv'), join('data', 'a?b.csv')]
])('%s is shown as %s', (path, shown) => {
  expect(shownAddress(path)).toBe(shown)
})

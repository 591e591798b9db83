import {closeSync, openSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {mkdtemp, readdir, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {openDatabase} from '#shared/tables/database'
import {namedFacts} from '#shared/tables/demand'
import {endsAsSaid} from '#shared/tables/parquet-chunks'
import {openReading} from '#shared/tables/reading'
import {openSource, readFiles} from '#shared/tables/source'
import {openTable, type Table} from '#shared/tables/table'
import {temporaryFolder} from '../../support/registry.js'
import {type FakeS3, fakeS3, type S3Call} from '../../support/s3.js'
import {hexOf, putObject, writeParquet} from '../../support/s3-parquet.js'
import {BUCKET} from '../../support/s3-servers.js'

const ROWS = 60_000
const SELECT = `SELECT i AS id, hash(i) / 1e9 AS x, 'g' || hash(i) % 5000 AS s, CASE WHEN i % 7 = 0 THEN NULL ELSE i % 3 END AS n,
  {a: i, b: 't' || i} AS st, md5(i::VARCHAR) || md5(i || 'a') AS wide, i % 5 AS "odd, ""name", md5(i || 'b') || md5(i || 'c') AS last, i % 2 = 0 AS y FROM range(${ROWS}) r(i)`

let fake: FakeS3
let whole: Buffer
let folder: string
let local: string
beforeAll(async () => {
  fake = await fakeS3()
  folder = await mkdtemp(join(tmpdir(), 'trainyard-partial-'))
  local = join(folder, 'whole.parquet')
  await writeParquet(SELECT, local)
  whole = readFileSync(local)
})
beforeEach(() => {
  fake.spoil = () => undefined
  put('train.parquet', whole)
})
afterAll(async () => {
  await fake.stop()
  await rm(folder, {recursive: true, force: true})
})

const put = (key: string, bytes: Buffer, sha256?: string) => putObject(fake, key, bytes, sha256)

async function tableAt(paths: readonly string[], more: {readonly byColumns?: boolean} = {byColumns: true}) {
  const tempDir = await temporaryFolder()
  const lines: string[] = []
  const before = fake.calls.length
  const remote = {env: fake.env, fetch, random: () => 0, log: (line: string) => void lines.push(line)}
  const table = await openTable({paths, cwd: tempDir, limits: {tempDir}, remote, ...more})
  const asked = () => fake.calls.slice(before).filter(({method}) => method === 'GET')
  return {table, tempDir, lines, asked, brought: () => asked().reduce((sum, call) => sum + lengthOf(call), 0)}
}

function lengthOf({headers}: S3Call): number {
  const [, from, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  return from === undefined ? whole.length : Number(last) + 1 - Number(from)
}

const ADDRESS = `s3://${BUCKET}/train.parquet`

async function cellsOf(table: Table, names: readonly string[]) {
  const fetched = await table.fetch(names)
  return names.map(name => fetched.numeric(name) ?? fetched.text(name))
}

/** As they are in files of this machine. */
async function cellsIn(paths: readonly string[], names: readonly string[]) {
  const {table} = await tableAt(paths)
  return await cellsOf(table, names)
}

describe('Parquet in a store that names its digest', () => {
  test('is read by the columns that are asked for, each once; its digest is the word of the store, and said to be', async () => {
    const {table, asked, brought, lines, tempDir} = await tableAt([ADDRESS])
    expect(await table.rowCount()).toBe(ROWS)
    expect(table.names).toEqual(['id', 'x', 's', 'n', 'st', 'wide', 'odd, "name', 'last', 'y'])
    expect(brought()).toBeLessThan(300_000)
    const expected = await cellsIn([local], ['n', 'odd, "name', 'y'])
    expect(await cellsOf(table, ['n', 'odd, "name', 'y'])).toEqual(expected)
    const once = brought()
    expect(once).toBeLessThan(whole.length / 2)
    await table.fetch(['y', 'n'])
    expect(brought()).toBe(once)
    const {etag} = fake.objects.get('train.parquet') ?? {}
    expect(new Set(asked().map(({headers}) => headers['if-match']))).toEqual(new Set([etag]))
    const [digest] = await table.digests()
    expect(digest).toMatchObject({name: ADDRESS, sha256: hexOf(whole), size: whole.length})
    expect(digest.named).toBe(`${(once / 1e6).toFixed(1)} of ${(whole.length / 1e6).toFixed(1)} MB`)
    expect(namedFacts([digest])).toEqual([{name: `digest of ${ADDRESS}`, value: `as its store names it; ${digest.named} were read`}])
    expect(lines).toEqual([`${ADDRESS}: ${digest.named} brought`])
    expect(statSync(table.files[0].path).blocks * 512).toBeLessThan(whole.length / 2)
    table.close()
    expect((await readdir(tempDir)).filter(name => name.startsWith('data-'))).toEqual([])
  })

  test('columns that come later, one after the other, are those of the whole file', async () => {
    const {table, brought} = await tableAt([ADDRESS])
    for (const name of ['id', 'y', 'n', 's', 'st']) {
      expect(await cellsOf(table, [name])).toEqual(await cellsIn([local], [name]))
    }
    const {table: other} = await tableAt([local])
    expect(await table.rowHashes(['x', 'id'])).toEqual(await other.rowHashes(['x', 'id']))
    expect(brought()).toBeLessThan(whole.length)
    table.close()
  })

  test('a question that names no columns brings the whole, whose digest is proven then', async () => {
    const count = (relation: string) => `SELECT count(*) AS n, count(n) AS m FROM ${relation} WHERE s = 'g77' OR id = 5`
    const {table, asked} = await tableAt([ADDRESS])
    await table.fetch(['y'])
    expect(await table.select(count)).toEqual(await (await tableAt([local])).table.select(count))
    expect(asked().at(-1)?.headers.range).toBe(`bytes=0-${whole.length - 1}`)
    expect(await table.digests()).toEqual([{name: ADDRESS, sha256: hexOf(whole), size: whole.length}])
    expect(await table.measure(() => [{key: 'ids', sql: 'sum(id)'}])).toEqual({ids: (ROWS * (ROWS - 1)) / 2})
    table.close()
  })

  test('nearly all columns are brought as the whole', async () => {
    const {table, asked} = await tableAt([ADDRESS])
    await table.fetch(table.names.filter(name => name !== 'y'))
    expect(asked().at(-1)?.headers.range).toBe(`bytes=0-${whole.length - 1}`)
    expect((await table.digests())[0].named).toBeUndefined()
    table.close()
  })

  test('whole bytes that are not those of the named digest are refused', async () => {
    put('train.parquet', whole, Buffer.alloc(32).toString('base64'))
    const {table} = await tableAt([ADDRESS])
    await table.fetch(['y'])
    await expect(table.select(from => `SELECT count(*) FROM ${from}`)).rejects.toThrow(
      `${ADDRESS}: other bytes came than the store has a digest of: expected sha256 ${'0'.repeat(64)}, got ${hexOf(whole)}`
    )
    table.close()
  })

  test('several files are one table, each with its own columns, and with files of this machine', async () => {
    const other = join(await temporaryFolder(), 'other.parquet')
    await writeParquet(`SELECT y, wide, last, id, x, s, n, st, "odd, ""name" FROM (${SELECT})`, other)
    put('other.parquet', readFileSync(other))
    const paths = [ADDRESS, `s3://${BUCKET}/other.parquet`]
    expect((await cellsIn([ADDRESS, local], ['n']))[0]).toHaveLength(2 * ROWS)
    expect(await cellsIn(paths, ['id', 'n'])).toEqual(await cellsIn([local, other], ['id', 'n']))
  })
})

describe('is copied whole', () => {
  const ranges = async (more?: {readonly byColumns?: boolean}) => {
    const {table, asked} = await tableAt([ADDRESS], more)
    await table.fetch(['y'])
    expect(await table.digests()).toEqual([{name: ADDRESS, sha256: hexOf(whole), size: whole.length}])
    table.close()
    return asked().map(({headers}) => headers.range)
  }

  test.each([
    ['without a SHA-256', ''],
    ['with one of parts', `${Buffer.alloc(32).toString('base64')}-3`]
  ])('%s', async (_, sha256) => {
    put('train.parquet', whole, sha256)
    expect(await ranges()).toEqual([undefined])
  })

  test('where the SHA-256 is said to be of parts, however it is spelled', async () => {
    put('train.parquet', whole)
    fake.spoil = ({method}) => {
      const {etag = '', sha256 = ''} = fake.objects.get('train.parquet') ?? {}
      const headers = {etag, 'content-length': String(whole.length), 'x-amz-checksum-sha256': sha256, 'x-amz-checksum-type': 'COMPOSITE'}
      return method === 'HEAD' ? {instead: {status: 200, headers}} : undefined
    }
    const {table, asked} = await tableAt([ADDRESS])
    expect(asked().map(({headers}) => headers.range)).toEqual([undefined])
    table.close()
  })

  test('where all of it is needed', async () => expect(await ranges({})).toEqual([undefined]))

  test('by a server that sends the whole whatever it is asked for', async () => {
    fake.spoil = ({headers}) =>
      headers.range ? {instead: {status: 200, headers: {etag: fake.objects.get('train.parquet')?.etag ?? ''}, body: whole}} : undefined
    expect((await ranges()).at(-1)).toBeUndefined()
  })

  test('when it is small', async () => {
    const small = join(await temporaryFolder(), 'small.parquet')
    await writeParquet('SELECT i AS y FROM range(10) r(i)', small)
    put('small.parquet', readFileSync(small))
    const {table, asked} = await tableAt([`s3://${BUCKET}/small.parquet`])
    expect(asked().map(({headers}) => headers.range)).toEqual([undefined])
    table.close()
  })

  test('when it is no Parquet, which is said then', async () => {
    put('train.parquet', Buffer.alloc(5 << 20))
    await expect(tableAt([ADDRESS])).rejects.toThrow(`${ADDRESS}: is no Parquet file: it does not begin with PAR1`)
  })
})

describe('on the way', () => {
  const spoilRanges = (reply: (from: number, end: number) => Buffer) => {
    let seen = 0
    fake.spoil = ({headers}) => {
      const [, from, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
      if (from === undefined || ++seen <= 2) return undefined
      const range = {'content-range': `bytes ${from}-${last}/${whole.length}`, etag: String(headers['if-match'])}
      return {instead: {status: 206, headers: range, body: reply(Number(from), Number(last) + 1)}}
    }
  }

  test('a part that is cut short goes on where it was', async () => {
    let cuts = 0
    fake.spoil = ({headers}) => (headers.range && cuts++ % 2 === 0 ? {cut: 1000} : undefined)
    const {table} = await tableAt([ADDRESS])
    expect(await cellsOf(table, ['n'])).toEqual(await cellsIn([local], ['n']))
    table.close()
  })

  test('a part that stays too short, and one that is too long, are errors', async () => {
    const {table} = await tableAt([ADDRESS])
    spoilRanges(() => Buffer.alloc(0))
    await expect(table.fetch(['n'])).rejects.toThrow(/train.parquet: .*ended after \d+ of \d+ bytes/)
    spoilRanges((from, end) => Buffer.alloc(end - from + 1))
    await expect(table.fetch(['n'])).rejects.toThrow(/train.parquet: asked for \d+ bytes from \d+ on, got more bytes/)
    fake.spoil = () => undefined
    expect((await table.fetch(['n'])).rows).toBe(ROWS)
    table.close()
  })

  test('an object that is another by now is an error', async () => {
    const {table} = await tableAt([ADDRESS])
    put('train.parquet', Buffer.from(whole).fill(1, 100, 200))
    await expect(table.fetch(['n'])).rejects.toThrow(`${ADDRESS}: changed while it was read`)
    fake.objects.delete('train.parquet')
    await expect(table.fetch(['n'])).rejects.toThrow(`${ADDRESS}: changed while it was read`)
    table.close()
  })

  test('an object that is another by now is an error on a server that does not know If-Match either', async () => {
    const {table} = await tableAt([ADDRESS])
    const other = Buffer.from(whole).fill(1, 100, 200)
    fake.spoil = ({headers}) => {
      const [, from, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
      if (from === undefined) return undefined
      const range = {etag: '"another"', 'content-range': `bytes ${from}-${last}/${other.length}`}
      return {instead: {status: 206, headers: range, body: other.subarray(Number(from), Number(last) + 1)}}
    }
    await expect(table.fetch(['n'])).rejects.toThrow(`${ADDRESS}: changed while it was read`)
    table.close()
  })

  test('a server that sends parts no more is an error', async () => {
    const {table} = await tableAt([ADDRESS])
    fake.spoil = ({headers}) => (headers.range ? {instead: {status: 200, body: whole}} : undefined)
    await expect(table.fetch(['n'])).rejects.toThrow(`${ADDRESS}: the store sends parts of it no more`)
    table.close()
  })
})

describe('holes', () => {
  test('are no cells: a column that is not here is not there', async () => {
    const tempDir = await temporaryFolder()
    const database = await openDatabase([local], {tempDir})
    const source = {...(await openSource(readFiles([local], tempDir), database)), has: (column: string) => column === 'n'}
    const reading = openReading(source, database, new Map([['n', 'BIGINT']]))
    expect(await reading.select(from => `SELECT count(n) AS n FROM ${from}`)).toEqual([{n: ROWS - Math.ceil(ROWS / 7)}])
    await expect(reading.select(from => `SELECT count(y) FROM ${from}`)).rejects.toThrow(/column "y" not found/)
    const none = openReading({...source, has: () => false}, database, new Map())
    expect(await none.select(from => `SELECT count(*) AS n FROM ${from}`)).toEqual([{n: ROWS}])
    database.close()
  })

  test('are not brought in where pages go on behind their chunk: the whole is', async () => {
    // The pages of the first column begin right behind the magic.
    const damaged = Buffer.from(whole).fill(0xff, 4, 40)
    put('train.parquet', damaged)
    const {table, asked} = await tableAt([ADDRESS])
    await expect(table.fetch(['id'])).rejects.toThrow(`${ADDRESS}: cannot be read`)
    expect(asked().at(-1)?.headers.range).toBe(`bytes=0-${whole.length - 1}`)
    expect((await table.digests())[0].named).toBeUndefined()
    table.close()
  })

  test.each([
    ['as long as it says', 10, 5, 20, true],
    ['of fewer values than are read', 10, 4, 20, false],
    ['that goes on behind its chunk', 20, 5, 20, false]
  ])('a page %s', async (_, size, values, end, sound) => {
    // PageHeader {1: type 0, 2: size, 3: compressed size, 5: {1: values, 2: encoding 0}} in Thrift's compact protocol, numbers in zigzag.
    const header = [0x15, 0, 0x15, 2 * size, 0x15, 2 * size, 0x2c, 0x15, 2 * values, 0x15, 0, 0, 0]
    const path = join(await temporaryFolder(), 'pages')
    writeFileSync(path, Buffer.concat([Buffer.from(header), Buffer.alloc(100)]))
    const file = openSync(path, 'r')
    expect(endsAsSaid(file, {column: 'a', pages: {from: 0, end: header.length + end - 10}, values: 5})).toBe(sound)
    closeSync(file)
  })
})

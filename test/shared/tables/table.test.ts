import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {readdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {describe, expect, test} from 'vitest'
import {surveyCsv} from '#shared/tables/csv-fault'
import {dataDigest, type Table} from '#shared/tables/table'
import {compile} from '../../support/compile.js'
import {folder} from './folder.js'

describe('openTable on CSV', () => {
  test('reads numbers, text and missing cells in file order', async () => {
    const {open} = folder({'a.csv': 'id,age,plan,empty\nx1,30,free,\nx2,,pro,\nx3,4.5,free,\n'})
    const table = await open('a.csv')
    expect((await table.columns()).map(({name, kind}) => [name, kind])).toEqual([
      ['id', 'text'],
      ['age', 'number'],
      ['plan', 'text'],
      ['empty', 'text']
    ])
    const fetched = await table.fetch()
    expect(fetched.rows).toBe(3)
    expect([...(fetched.numeric('age') ?? [])]).toEqual([30, Number.NaN, 4.5])
    expect(fetched.text('id')).toEqual(['x1', 'x2', 'x3'])
    expect(fetched.text('age')).toEqual(['30', '', '4.5'])
    expect(fetched.categorical('plan')).toEqual({codes: Int32Array.of(0, 1, 0), values: ['free', 'pro']})
    expect([...fetched.categorical('empty').codes]).toEqual([-1, -1, -1])
    expect(fetched.numeric('plan')).toBeUndefined()
    table.close()
  })

  test('a late cell that is no number makes its column text, in every query', async () => {
    const rows = Array.from({length: 30_000}, (_, index) => `${index},${index}`)
    rows[25_000] = '25000,n/a'
    const {open} = folder({'a.csv': `a,b\n${rows.join('\n')}\n`})
    const table = await open('a.csv')
    const result = await table.measure(columns =>
      columns.map(column => ({key: column.name, sql: `${column.kind === 'number' ? 'max' : 'count'}("${column.name}")`}))
    )
    expect(result).toEqual({a: 29_999, b: 30_000})
    expect((await table.columns()).map(column => column.kind)).toEqual(['number', 'text'])
    expect((await table.fetch()).text('b')[25_000]).toBe('n/a')
    table.close()
  })

  test('a stream that breaks off after many rows is never a shorter table', async () => {
    const rows = Array.from({length: 200_000}, (_, index) => (index === 190_000 ? 'n/a,x' : `${index},x`))
    const {open} = folder({'late.csv': `a,b\n${rows.join('\n')}\n`})
    const table = await open('late.csv')
    const fetched = await table.fetch(['a'])
    expect([fetched.rows, fetched.text('a')[190_000], fetched.columns[0].kind]).toEqual([200_000, 'n/a', 'text'])
    expect(new Set(await table.rowHashes(['a'])).size).toBe(200_000)
    table.close()
  })

  test('columns() looks at every row by itself', async () => {
    const rows = Array.from({length: 30_000}, (_, index) => (index === 29_999 ? 'x' : String(index)))
    const {open} = folder({'a.csv': `a,b\n${rows.map(cell => `${cell},1`).join('\n')}\n`})
    const table = await open('a.csv')
    expect((await table.columns())[0].kind).toBe('text')
    expect(await table.rowCount()).toBe(30_000)
    table.close()
  })

  test("numbers that a double would change stay text, as do a contract's text columns", async () => {
    const {open} = folder({'a.csv': 'zip,id,n\n01234,12345678901234567,7\n99999,12345678901234568,8\n'})
    const table = await open('a.csv', {kinds: new Map([['n', 'text']])})
    const fetched = await table.fetch()
    expect(fetched.text('zip')).toEqual(['01234', '99999'])
    expect(fetched.text('id')).toEqual(['12345678901234567', '12345678901234568'])
    expect(fetched.columns.map(column => column.kind)).toEqual(['text', 'text', 'text'])
    table.close()
  })

  test('fractions after whole numbers are not rounded', async () => {
    const {open} = folder({'a.csv': 'a,b\n1,x\n2.5,y\n'})
    const table = await open('a.csv')
    expect([...((await table.fetch(['a'])).numeric('a') ?? [])]).toEqual([1, 2.5])
    table.close()
  })

  test('NaN is missing, true and false are 1 and 0', async () => {
    const {open} = folder({'a.csv': 'a,b\nNaN,true\n2,False\n'})
    const table = await open('a.csv')
    expect(await table.measure(() => [{key: 'n', sql: 'count(a)'}])).toEqual({n: 1})
    expect([...((await table.fetch()).numeric('b') ?? [])]).toEqual([1, 0])
    table.close()
  })

  test('several files are one table, by name of column, in the order given', async () => {
    const {open} = folder({'1.csv': 'a,b\n1,x\n', '2.csv': 'b;a\ny;2\n', '3.csv': 'a,b\n3,z\n'})
    const table = await open(['2.csv', '1.csv', '3.csv'])
    const fetched = await table.fetch()
    expect([...(fetched.numeric('a') ?? [])]).toEqual([2, 1, 3])
    expect(fetched.text('b')).toEqual(['y', 'x', 'z'])
    expect(await table.select(from => `SELECT "#" FROM ${from} WHERE a = 3`, {numbered: true})).toEqual([{'#': 3}])
    table.close()
  })

  test.each([
    ['a column that one lacks', {'1.csv': 'a,b\n1,x\n', '2.csv': 'a,c\n1,x\n'}, '2.csv: lacks the column b of 1.csv'],
    ['a column too many', {'1.csv': 'a\n1\n', '2.csv': 'a,c\n1,x\n'}, '2.csv: has the column c, which 1.csv lacks'],
    ['another format', {'1.csv': 'a\n1\n', '2.jsonl': '{"a":1}\n'}, '2.jsonl: is jsonl, but 1.csv is csv; several files are one table']
  ])('refuses %s', async (_, files, message) => {
    const {open} = folder(files)
    await expect(open(Object.keys(files))).rejects.toThrow(message)
  })

  test('a header alone is a table of no rows', async () => {
    const {open} = folder({'a.csv': 'a,b\n'})
    const table = await open('a.csv')
    expect(await table.rowCount()).toBe(0)
    expect((await table.fetch()).text('a')).toEqual([])
    table.close()
  })

  test('an unknown column names those there are', async () => {
    const {open} = folder({'a.csv': 'a,b\n1,2\n'})
    const table = await open('a.csv')
    await expect(table.fetch(['c'])).rejects.toThrow('a.csv: there is no column c')
    table.close()
  })
})

describe('openTable on Parquet and JSONL', () => {
  test('JSONL keeps types and finds a key that comes late', async () => {
    const {open} = folder({'a.jsonl': '{"a":1,"t":"2026-01-02","b":true}\n{"a":null,"t":"x","b":false,"late":"y"}\n'})
    const table = await open('a.jsonl')
    const fetched = await table.fetch()
    expect(fetched.names).toEqual(['a', 't', 'b', 'late'])
    expect([...(fetched.numeric('a') ?? [])]).toEqual([1, Number.NaN])
    expect([...(fetched.numeric('b') ?? [])]).toEqual([1, 0])
    expect(fetched.text('b')).toEqual(['true', 'false'])
    expect(fetched.text('t')).toEqual(['2026-01-02', 'x'])
    expect(fetched.text('late')).toEqual(['', 'y'])
    table.close()
  })

  test('a JSONL line that is no JSON is named', async () => {
    const {open} = folder({'a.jsonl': '{"a":1}\n{"a":2}\n{"a":nope}\n'})
    await expect(open('a.jsonl').then(table => table.fetch())).rejects.toThrow('a.jsonl line 3: no JSON')
  })
})

describe('writePredictions', () => {
  test('writes the exam and what was added, row by row, readable as a table', async () => {
    const rows = Array.from({length: 70_000}, (_, index) => `r${index},${index % 7 === 0 ? '' : index},${index}`)
    const {cwd, open} = folder({'exam.csv': `key,age,label\n${rows.join('\n')}\n`})
    const table = await open('exam.csv', {predictions: cwd})
    const score = Float64Array.from({length: 70_000}, (_, index) => (index === 5 ? Number.NaN : index / 70_000))
    const written = await table.writePredictions({score, prediction: Array.from(score, value => (value >= 0.5 ? '1' : '0'))})
    expect(written.path).toBe(join(cwd, `predictions-${written.sha256.slice(0, 12)}.parquet`))
    const again = await open(written.path)
    expect((await again.columns()).map(({name, kind}) => [name, kind])).toEqual([
      ['key', 'text'],
      ['age', 'number'],
      ['label', 'number'],
      ['score', 'number'],
      ['prediction', 'text']
    ])
    const fetched = await again.fetch()
    expect(fetched.text('key')[69_999]).toBe('r69999')
    expect(fetched.numeric('score')).toEqual(score)
    expect(fetched.numeric('label')?.[43_210]).toBe(43_210)
    expect(fetched.text('prediction')[69_998]).toBe('1')
    again.close()
    table.close()
  })

  test('the same rows, whether they were held or are read again; held, the same bytes each time', async () => {
    const rows = Array.from({length: 150_000}, (_, index) => `${index},${index % 3 === 0 ? 'NaN' : index / 7},"v, ${index}"`)
    const {cwd, open} = folder({'exam.csv': `a,b,c\n${rows.join('\n')}\n`})
    const score = Float64Array.from({length: 150_000}, (_, index) => index / 150_000)
    const write = async (heldBytes?: number) => {
      const table = await open('exam.csv', {predictions: cwd, limits: {tempDir: cwd, heldBytes}})
      expect((await table.fetch(['a'])).numeric('a')?.[149_999]).toBe(149_999)
      const written = await table.writePredictions({score})
      table.close()
      const again = await open(written.path)
      const hashes = await again.rowHashes(['a', 'b', 'c', 'score'])
      again.close()
      return {...written, hashes}
    }
    const [held, read, once] = [await write(), await write(0), await write()]
    expect(once.sha256).toBe(held.sha256)
    expect(read.hashes).toEqual(held.hashes)
  })

  test('a table that is closed while its rows are copied ends at once, and the process with it', async () => {
    const {cwd} = folder({'exam.csv': `a,b\n${'1,2\n'.repeat(2_000_000)}`})
    const {program, remove} = await compile('test/shared/tables/closed-early.ts')
    const {stdout} = await promisify(execFile)(process.execPath, [program], {cwd, timeout: 20_000}).finally(remove)
    expect(stdout).toBe('refused\n'.repeat(5))
  })

  test('rows that find no place to be held in are read again', async () => {
    const names = Array.from({length: 16}, (_, index) => `a${index + 1}`)
    const {cwd, open} = folder({'exam.csv': `${names}\n${'1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16\n'.repeat(600_000)}`})
    const table = await open('exam.csv', {predictions: cwd, limits: {tempDir: '/dev/null/none', memoryBytes: 64 << 20}})
    expect((await table.fetch(['a16'])).numeric('a16')?.at(-1)).toBe(16)
    const {path} = await table.writePredictions({score: new Float64Array(600_000)})
    table.close()
    const again = await open(path)
    expect(await again.rowCount()).toBe(600_000)
    again.close()
  })

  test('Parquet is not held, whose rows take many times the size of the file', async () => {
    const {cwd, open} = folder({'exam.csv': `a\n${'1\n'.repeat(5000)}`})
    const first = await open('exam.csv', {predictions: cwd})
    const {path} = await first.writePredictions({score: new Float64Array(5000)})
    first.close()
    const table = await open(path, {predictions: cwd})
    const relations: string[] = []
    await table.select(from => {
      relations.push(from)
      return `SELECT count(*) AS n FROM ${from}`
    })
    table.close()
    expect(relations).toEqual([expect.stringContaining('read_parquet')])
  })

  test('a cell that proves its column wrong is held as it stands', async () => {
    const {cwd, open} = folder({'exam.csv': `a,b\n${'1,2\n'.repeat(60_000)}x,3\n`})
    const table = await open('exam.csv', {predictions: cwd})
    expect((await table.fetch()).text('a')[60_000]).toBe('x')
    const {path} = await table.writePredictions({score: new Float64Array(60_001)})
    table.close()
    const again = await open(path)
    const fetched = await again.fetch()
    expect([fetched.text('a').slice(-2), fetched.numeric('b')?.subarray(-2)]).toEqual([['1', 'x'], Float64Array.of(2, 3)])
    again.close()
  })

  test('a folder that does not take it is named, and nothing is left there', async () => {
    const {cwd, open} = folder({'a.csv': 'a\n1\n', 'full/kept.txt': ''})
    const table = await open('a.csv', {predictions: join(cwd, 'gone')})
    await expect(table.writePredictions({score: Float64Array.of(0.5)})).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(new RegExp(`^${join(cwd, 'gone')}: the predictions could not be written \\(.*its file`)),
      hint: expect.stringContaining('Free some space')
    })
    table.close()
    expect(readdirSync(cwd).toSorted()).toEqual(['a.csv', 'full'])
  })

  test('refuses a name that the exam has, and leaves no file', async () => {
    const {cwd, open} = folder({'exam.csv': 'Score\n1\n'})
    const table = await open('exam.csv', {predictions: cwd})
    await expect(table.writePredictions({score: Float64Array.of(1)})).rejects.toThrow('The data has a column score already')
    expect(readdirSync(cwd)).toEqual(['exam.csv'])
    table.close()
  })
})

describe('digests', () => {
  test('are the SHA-256 of each file, and of their names and digests for several', async () => {
    const {open} = folder({'1.csv': 'a\n1\n', '2.csv': 'a\n2\n'})
    const table = await open('*.csv')
    const digests = await table.digests()
    const hex = (text: string) => createHash('sha256').update(text).digest('hex')
    expect(digests).toEqual([
      {name: '1.csv', sha256: hex('a\n1\n'), size: 4},
      {name: '2.csv', sha256: hex('a\n2\n'), size: 4}
    ])
    expect(dataDigest(digests.slice(0, 1))).toBe(hex('a\n1\n'))
    expect(dataDigest([...digests].reverse())).toBe(hex(`trainyard-data/v1\n1.csv\0${hex('a\n1\n')}\n2.csv\0${hex('a\n2\n')}\n`))
    table.close()
  })

  test('a file that changes after it was opened is refused', async () => {
    const {cwd, open} = folder({'a.csv': 'a\n1\n'})
    const table = await open('a.csv')
    writeFileSync(join(cwd, 'a.csv'), 'a\n2\n3\n')
    await expect(table.digests()).rejects.toThrow('a.csv: changed while it was read')
    table.close()
  })
})

describe('the walk that goes on while DuckDB reads', () => {
  const ask: readonly (readonly [string, (table: Table) => Promise<unknown>])[] = [
    ['columns', table => table.columns()],
    ['rowCount', table => table.rowCount()],
    ['fetch', table => table.fetch()],
    ['measure', table => table.measure(() => [{key: 'n', sql: 'count(a)'}])],
    ['select', table => table.select(from => `SELECT a FROM ${from} LIMIT 1`)],
    ['rowHashes', table => table.rowHashes(['a'])],
    ['writePredictions', table => table.writePredictions({})],
    ['digests', table => table.digests()]
  ]
  test.each(ask)('%s gives nothing of a file that only the walk refuses', async (_, work) => {
    const {open} = folder({'d.csv': `a,b\n${'1,x\n'.repeat(700_000)}2,"y"\r\n`})
    // The walk may end before the first look at the types does: then it is the opening that fails.
    await expect(open('d.csv', {predictions: '.'}).then(work)).rejects.toThrow('d.csv line 700002: the line ends differ')
  })

  test('ends at the next chunk when the table is closed', async () => {
    const {cwd} = folder({'d.csv': `a,b\n${'1,x\n'.repeat(1_000_000)}`})
    const closed = new AbortController()
    const survey = surveyCsv({path: join(cwd, 'd.csv'), name: 'd.csv', delimiter: ',', columns: 2}, closed.signal)
    closed.abort()
    await expect(survey).rejects.toThrow('aborted')
  })
})

describe('what a query may reach', () => {
  test('no other file, no file to write, no settings, no extensions', async () => {
    const {cwd, open} = folder({'a.csv': 'a\n1\n', 'secret.csv': 'a\n2\n'})
    const table = await open('a.csv')
    const run = (sql: string) => table.select(() => sql)
    await expect(run(`SELECT * FROM read_csv('${join(cwd, 'secret.csv')}')`)).rejects.toThrow(/disabled by configuration/)
    await expect(run(`COPY (SELECT 1) TO '${join(cwd, 'out.csv')}'`)).rejects.toThrow(/disabled by configuration/)
    await expect(run('SET threads = 1')).rejects.toThrow(/locked/)
    await expect(run('INSTALL httpfs')).rejects.toThrow(/disabled/)
    table.close()
  })

  test('a query that takes too long is stopped', async () => {
    const {cwd, open} = folder({'a.csv': 'a\n1\n'})
    const table = await open('a.csv', {limits: {tempDir: join(cwd, 'tmp'), timeoutMs: 200}})
    const start = performance.now()
    await expect(
      table.select(() => 'SELECT count(*) FROM range(100000) a, range(10000000) b WHERE a.range % 7 = b.range % 11')
    ).rejects.toThrow('one pass took longer than 0 s and was stopped')
    expect(performance.now() - start).toBeLessThan(5000)
    table.close()
  })
})

import {readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {folder} from './folder.js'

const MIB = 1 << 20
const utf16 = (text: string) => Buffer.from(text, 'utf16le')
const lines = (count: number, line: string) => `${line}\n`.repeat(count)

/** The error of opening and reading everything, with how long it took. */
async function faultOf(files: Readonly<Record<string, string | Uint8Array>>, paths: string | readonly string[] = Object.keys(files)) {
  const {open} = folder(files)
  const start = performance.now()
  const error: unknown = await open(paths)
    .then(async table => {
      try {
        return (await table.fetch()).rows
      } finally {
        table.close()
      }
    })
    .catch((reason: unknown) => reason)
  return {error, ms: performance.now() - start}
}

describe('CSV that is no table is refused with file, line and what to do', () => {
  test.each<[string, string | Uint8Array, string, number | undefined, string]>([
    ['an empty file', '', 'd.csv: the file is empty', undefined, 'Expected a header'],
    ['a blank header', '\n1\n', 'd.csv line 1: the header is blank', 1, 'column names'],
    [
      'a quote that is never closed',
      `a,b\n${lines(10, '1,x')}2,"y\n${lines(10, '3,z')}`,
      'd.csv line 12: a quote opens here and is never closed',
      12,
      'Close it'
    ],
    ['a quote never closed in the header', 'a,"b\n1,2\n', 'd.csv line 1: a quote in the header is never closed', 1, 'column names'],
    [
      'a quote never closed far before the end',
      `a,b\n1,"x\n${lines(2 * MIB, '2,y')}`,
      'd.csv line 2: a quote opens here and is never closed',
      2,
      'Close it'
    ],
    ['text after a closing quote', 'a,b\n1,"x" y\n', 'd.csv line 2: text stands after a closing quote', 2, 'Double quotes'],
    ['a line of 5 MiB', `a,b\n1,x\n2,${'y'.repeat(5 * MIB)}\n`, 'd.csv line 3: longer than 2 MiB', 3, 'no table row'],
    ['a header of 2 MiB', `${'a'.repeat(2 * MIB)}\n1\n`, 'd.csv line 1: the header is longer than 1 MiB', 1, 'column names'],
    [
      '100,000 columns',
      `${Array.from({length: 100_000}, (_, index) => `c${index}`).join(',')}\n`,
      'd.csv: 100000 columns, at most 4096 can be checked',
      1,
      'fewer columns'
    ],
    [
      'UTF-16 with a mark',
      Buffer.concat([Buffer.from([0xff, 0xfe]), utf16('a,b\n1,2\n')]),
      'd.csv: is UTF-16, expected UTF-8',
      1,
      'iconv -f UTF-16'
    ],
    [
      'UTF-16 big-endian',
      Buffer.concat([Buffer.from([0xfe, 0xff]), utf16('a,b\n1,2\n').swap16()]),
      'd.csv: is UTF-16, expected UTF-8',
      1,
      'iconv'
    ],
    ['UTF-16 without a mark', utf16('a,b\n1,2\n'), 'd.csv: is UTF-16, expected UTF-8', 1, 'iconv'],
    ['Latin-1', Buffer.from(`a,b\n${lines(5, '1,x')}2,caf\u00e9\n3,y\n`, 'latin1'), 'd.csv line 7: not UTF-8', 7, 'WINDOWS-1252'],
    [
      'Latin-1 after 6 MiB',
      Buffer.from(`a,b\n${lines(1_500_000, '1,x')}2,\u00e9\n`, 'latin1'),
      'd.csv line 1500002: not UTF-8',
      1_500_002,
      'WINDOWS-1252'
    ],
    ['a NUL byte', 'a,b\n1,x\n2,y\0z\n', 'd.csv line 3: a NUL byte', 3, 'write it anew'],
    ['a NUL byte after 6 MiB', `a,b\n${lines(1_500_000, '1,x')}2,\0\n`, 'd.csv line 1500002: a NUL byte', 1_500_002, 'write it anew'],
    ['LF among CRLF', 'a,b\r\n1,x\r\n2,y\n3,z\r\n', 'd.csv line 3: the line ends differ', 3, 'dos2unix'],
    ['CRLF among LF', 'a,b\n1,x\n2,y\r\n3,z\n', 'd.csv line 3: the line ends differ', 3, 'dos2unix'],
    ['a column name twice', 'a,b,a\n1,2,3\n', 'd.csv line 1: the column a stands twice, as 1 and 3', 1, 'Rename'],
    [
      'column names that differ in case',
      'age,Age\n1,2\n',
      'd.csv line 1: the column Age stands twice, as 1 and 2 (age)',
      1,
      'differ only in case'
    ],
    ['a trailing delimiter in the header', 'a,b,\n1,2,\n', 'd.csv line 1: column 3 of 3 has no name', 1, 'ends with a delimiter'],
    ['an index without a name', ',a\n0,1\n', 'd.csv line 1: column 1 of 2 has no name', 1, 'index=False'],
    ['a trailing delimiter in rows', 'a,b\n1,2,\n', 'd.csv line 2 (row 1): 3 fields, expected 2', 2, 'trailing delimiter'],
    ['a row too long', `a,b\n${lines(50_000, '1,x')}1,2,3\n`, 'd.csv line 50002 (row 50001): 3 fields, expected 2', 50_002, 'Quote cells'],
    [
      'a row too short after a cell of two lines',
      'a,b\n"1\n1",x\n2\n',
      'd.csv line 4 (row 2): 1 field, expected 2',
      4,
      'a field for each column'
    ],
    ['Parquet under the name of CSV', 'PAR1....PAR1', 'd.csv: is a Parquet file', undefined, '*.parquet'],
    ['an HTML page', '<!DOCTYPE html>\n<html><body>Not found</body></html>\n', 'd.csv: is an HTML page, expected rows', 1, 'fetch it anew'],
    ['HTML after a mark and blanks', '\ufeff\n <HTML>\n<p>x</p>\n', 'd.csv: is an HTML page', 1, 'fetch it anew'],
    ['an error of a store', '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>\n', 'd.csv: is XML', 1, 'fetch it anew'],
    [
      'a pointer of Git LFS',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
      'd.csv: is a pointer of Git LFS',
      1,
      'git lfs pull'
    ],
    ['gzip under the name of CSV', Buffer.from([0x1f, 0x8b, 8, 1, 1, 1]), 'd.csv: is a compressed file', undefined, 'Unpack']
  ])('%s', async (_, bytes, message, line, hint) => {
    const {error, ms} = await faultOf({'d.csv': bytes})
    expect(error).toMatchObject({name: 'UserError', message: expect.stringContaining(message), hint: expect.stringContaining(hint)})
    if (line !== undefined) expect(error).toMatchObject({at: {file: 'd.csv', line}})
    expect(ms).toBeLessThan(5000)
  })

  test.each<[string, string]>([
    ['a byte order mark', '\ufeffa,b\n1,x\n2,y\n'],
    ['CRLF', 'a,b\r\n1,x\r\n2,y\r\n'],
    ['CR alone', 'a,b\r1,x\r2,y\r'],
    ['no last line end', 'a,b\n1,x\n2,y'],
    ['blank lines', 'a,b\n1,x\n\n2,y\n\n'],
    ['semicolons', 'a;b\n1;x\n2;y\n'],
    ['quoted names', '"a","b"\n1,x\n2,y\n']
  ])('%s is read', async (_, text) => {
    const {open} = folder({'d.csv': text})
    const table = await open('d.csv')
    const fetched = await table.fetch()
    expect([fetched.names, fetched.text('b'), [...(fetched.numeric('a') ?? [])]]).toEqual([
      ['a', 'b'],
      ['x', 'y'],
      [1, 2]
    ])
    table.close()
  })

  test('decimals with a comma and impossible dates are text, as they stand', async () => {
    const {open} = folder({'d.csv': 'a;b\n1,5;2026-02-30\n2,5;2026-02-28\n'})
    const table = await open('d.csv')
    const fetched = await table.fetch()
    expect([fetched.text('a'), fetched.text('b')]).toEqual([
      ['1,5', '2,5'],
      ['2026-02-30', '2026-02-28']
    ])
    table.close()
  })

  test('names that mean something to SQL are only names', async () => {
    const {open} = folder({"d'x.csv": `"a""b",c'd,"select 1; --"\n1,2,3\n`})
    const table = await open("d'x.csv")
    const fetched = await table.fetch()
    expect(fetched.names).toEqual(['a"b', "c'd", 'select 1; --'])
    expect([...(fetched.numeric('a"b') ?? [])]).toEqual([1])
    table.close()
  })
})

describe('Parquet that is none', () => {
  async function parquet(): Promise<Buffer> {
    const {cwd, open} = folder({'d.csv': `a,b\n${Array.from({length: 3000}, (_, index) => `${index},v${index % 7}`).join('\n')}\n`})
    const table = await open('d.csv', {predictions: cwd})
    const {path} = await table.writePredictions({score: new Float64Array(3000).fill(0.5)})
    table.close()
    return readFileSync(path)
  }

  test.each<[string, (whole: Buffer) => Uint8Array, string]>([
    ['zero bytes', () => Buffer.alloc(0), 'd.parquet: the file is empty'],
    ['cut short', whole => whole.subarray(0, whole.length / 2), 'd.parquet: the Parquet file is cut short'],
    ['PAR1 only', () => Buffer.from('PAR1'), 'd.parquet: the Parquet file is cut short'],
    ['PAR1 and junk', () => Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(1000, 7)]), 'd.parquet: the Parquet file is cut short'],
    [
      'junk between the marks',
      () => Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(1000, 7), Buffer.from([200, 0, 0, 0]), Buffer.from('PAR1')]),
      'd.parquet: cannot be read'
    ],
    [
      'a footer longer than the file',
      whole => withFooterLength(whole, 2 ** 31 - 1),
      'd.parquet: the Parquet footer claims 2147483647 bytes'
    ],
    [
      'an encrypted footer',
      whole => Buffer.concat([Buffer.from('PARE'), whole.subarray(4, -4), Buffer.from('PARE')]),
      'd.parquet: encrypted Parquet is not supported'
    ],
    ['text', () => Buffer.from('a,b\n1,2\n'), 'd.parquet: is no Parquet file']
  ])('%s', async (_, make, message) => {
    const {error, ms} = await faultOf({'d.parquet': make(await parquet())})
    expect(error).toMatchObject({name: 'UserError', message: expect.stringContaining(message), at: {file: 'd.parquet'}})
    expect(ms).toBeLessThan(2000)
  })

  // FileMetaData in Thrift's compact protocol: version, a schema of groups in groups down to one column, no rows.
  function nested(levels: number): Buffer {
    const count = [((levels + 1) & 127) | 128, (((levels + 1) >> 7) & 127) | 128, (levels + 1) >> 14]
    const group = [0x48, 1, 0x67, 0x15, 2, 0]
    const footer = Buffer.from([
      0x15,
      2,
      0x19,
      0xfc,
      ...count,
      ...Array.from({length: levels}, () => group).flat(),
      0x15,
      2,
      0x38,
      1,
      0x61,
      0,
      0x16,
      0,
      0x19,
      0x0c,
      0
    ])
    return withFooterLength(Buffer.concat([Buffer.from('PAR1'), footer, Buffer.alloc(4), Buffer.from('PAR1')]), footer.length)
  }

  test('groups in groups are read to a depth, and refused in time beyond it', async () => {
    expect((await faultOf({'d.parquet': nested(60)})).error).toBe(0)
    for (const levels of [65, 10_000, 1_000_000]) {
      const {error, ms} = await faultOf({'d.parquet': nested(levels)})
      expect(error).toMatchObject({name: 'UserError', message: 'd.parquet: nested deeper than 64 levels', at: {file: 'd.parquet'}})
      expect(ms).toBeLessThan(2000)
    }
  })

  test.each<[string, readonly number[], string]>([
    [
      'lists of lists in a field that nobody knows',
      [0x09, 0xc8, 0x01, ...Array.from({length: 100_000}, () => 0x19)],
      'nested deeper than 64 levels'
    ],
    ['structs of structs there', [0x0c, 0xc8, 0x01, ...Array.from({length: 100_000}, () => 0x1c)], 'nested deeper than 64 levels'],
    ['a text longer than the footer', [0x18, 0xff, 0xff, 0xff, 0x7f], 'cannot be read: its footer is damaged'],
    ['a number without an end', [0x16, ...Array.from({length: 40}, () => 0xff)], 'cannot be read: its footer is damaged']
  ])('%s', async (_, fields, message) => {
    const footer = Buffer.from(fields)
    const bytes = withFooterLength(Buffer.concat([Buffer.from('PAR1'), footer, Buffer.alloc(4), Buffer.from('PAR1')]), footer.length)
    const {error, ms} = await faultOf({'d.parquet': bytes})
    expect(error).toMatchObject({name: 'UserError', message: `d.parquet: ${message}`, at: {file: 'd.parquet'}})
    expect(ms).toBeLessThan(2000)
  })

  test.each([15, 63])('a codec that nobody knows: %i', async codec => {
    const bytes = await parquet()
    // Of ColumnMetaData: the path, a list of the one text `a`; then the codec, a number.
    const at = bytes.lastIndexOf(Buffer.from([0x19, 0x18, 1, 0x61, 0x15])) + 5
    expect(at).toBeGreaterThan(bytes.length / 2)
    expect(bytes[at + 1]).toBe(0x16)
    bytes[at] = 2 * codec
    const {error, ms} = await faultOf({'d.parquet': bytes})
    expect(error).toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('d.parquet: cannot be read: '),
      at: {file: 'd.parquet'}
    })
    expect(ms).toBeLessThan(2000)
  })

  test('a million row groups', async () => {
    const groups = Array.from({length: 1_000_000}, () => [0x19, 0x0c, 0x16, 0, 0x16, 0, 0]).flat()
    const count = [(1_000_000 & 127) | 128, ((1_000_000 >> 7) & 127) | 128, 1_000_000 >> 14]
    const footer = Buffer.from([0x15, 2, 0x19, 0x2c, 0x48, 1, 0x67, 0x15, 2, 0, 0x15, 2, 0x38, 1, 0x61, 0, 0x16, 0, 0x19, 0xfc, ...count])
    const whole = Buffer.concat([Buffer.from('PAR1'), footer, Buffer.from(groups), Buffer.alloc(5), Buffer.from('PAR1')])
    const {error, ms} = await faultOf({'d.parquet': withFooterLength(whole, footer.length + groups.length + 1)})
    expect(error).toMatchObject({name: 'UserError', message: expect.stringContaining('d.parquet: cannot be read')})
    expect(ms).toBeLessThan(2000)
  })

  test('any flipped byte of the footer gives rows or an error of the file, never a crash', async () => {
    const whole = await parquet()
    const footer = whole.readUInt32LE(whole.length - 8)
    for (let at = whole.length - 8 - footer; at < whole.length - 8; at += 5) {
      const bytes = Buffer.from(whole)
      bytes[at] ^= 0xff
      const {error, ms} = await faultOf({'d.parquet': bytes})
      if (typeof error !== 'number')
        expect(error).toMatchObject({name: 'UserError', message: expect.stringContaining('d.parquet: cannot be read')})
      expect(ms).toBeLessThan(2000)
    }
  })

  function withFooterLength(whole: Buffer, length: number): Buffer {
    const bytes = Buffer.from(whole)
    bytes.writeUInt32LE(length, bytes.length - 8)
    return bytes
  }
})

describe('JSONL that is none', () => {
  const deep = (levels: number) => `{"a":1}\n{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}\n`
  test.each<[string, string | Uint8Array, string, number | undefined]>([
    ['empty', '', 'd.jsonl: the file is empty', undefined],
    ['blank', '\n\n \n', 'd.jsonl: holds no object', undefined],
    ['an array', '[1,2]\n', 'd.jsonl line 1: no JSON object', 1],
    ['text', 'a,b\n', 'd.jsonl line 1: no JSON object', 1],
    ['a number among objects', '{"a":1}\n5\n', 'd.jsonl line 2: no JSON object', 2],
    ['null among objects', '{"a":1}\n\nnull\n', 'd.jsonl line 3: no JSON object', 3],
    ['text after an object', '{"a":1}\n{"a":2}{"a":3}\n', 'd.jsonl line 2: text after the object', 2],
    ['an object over several lines', '{\n "a": 1\n}\n', 'd.jsonl line 1: an object that is not closed on its line', 1],
    ['a text that is not closed', '{"a":1}\n{"a":"x}\n{"a":1}\n', 'd.jsonl line 2: an object that is not closed on its line', 2],
    ['cut short', '{"a":1}\n{"a":{"b":', 'd.jsonl line 2: an object that is not closed: the file is cut short', 2],
    ['a word that is no value', `${lines(50_000, '{"a":1}')}{"a":nope}\n`, 'd.jsonl line 50001: no JSON', 50_001],
    ['the same key twice', '{"a":1,"a":2}\n', 'd.jsonl: cannot be read: JSON transform error', undefined],
    ['Latin-1', Buffer.from('{"a":"x"}\n{"a":"\u00e9"}\n', 'latin1'), 'd.jsonl line 2: not UTF-8', 2],
    ['UTF-16', utf16('\ufeff{"a":1}\n'), 'd.jsonl: is UTF-16, expected UTF-8', 1],
    ['a byte order mark', '\ufeff{"a":1}\n', 'd.jsonl line 1: begins with a byte order mark', 1],
    ['a NUL byte', '{"a":"x"}\n{"a":"\0"}\n', 'd.jsonl line 2: a NUL byte', 2],
    ['an HTML page', '<html>\n', 'd.jsonl: is an HTML page', 1],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 1, 1, 1]), 'd.jsonl: is a compressed file', undefined],
    ['lists in lists', deep(65), 'd.jsonl line 2: nested deeper than 64 levels', 2],
    ['a hundred thousand lists in lists', deep(100_000), 'd.jsonl line 2: nested deeper than 64 levels', 2],
    ['a hundred thousand objects in objects', '{"a":'.repeat(100_000), 'd.jsonl line 1: nested deeper than 64 levels', 1]
  ])('%s', async (_, text, message, line) => {
    const {error, ms} = await faultOf({'d.jsonl': text})
    expect(error).toMatchObject({name: 'UserError', message: expect.stringContaining(message), at: {file: 'd.jsonl'}})
    if (line !== undefined) expect(error).toMatchObject({at: {line}})
    expect(ms).toBeLessThan(2000)
  })

  test.each<[string, string]>([
    ['brackets and quotes inside texts, over the ends of chunks', `{"a":"${'[{\\"'.repeat(400_000)}"}\n{"a":"\\\\"}\n`],
    ['blank lines, CRLF and no last line end', '\n{"a":"x"}\r\n \r\n{"a":"y"}'],
    ['64 levels', deep(64)]
  ])('%s are read', async (_, text) => {
    const {error} = await faultOf({'d.jsonl': text})
    expect(error).toBe(2)
  })
})

describe('paths and globs', () => {
  test('match sorted, without hidden files and doubles', async () => {
    const csv = 'a\n1\n'
    const {open} = folder({'data/b.csv': csv, 'data/a.csv': csv, 'data/.hidden.csv': csv, 'data/deep/er/c.csv': csv, 'data/x.txt': 'no'})
    const names = async (paths: readonly string[]) => {
      const table = await open(paths)
      table.close()
      return table.files.map(file => file.name)
    }
    expect(await names(['data/*.csv'])).toEqual(['data/a.csv', 'data/b.csv'])
    expect(await names(['**/*.csv', 'data/a.csv'])).toEqual(['data/a.csv', 'data/b.csv', 'data/deep/er/c.csv'])
    expect(await names(['data/[a].csv'])).toEqual(['data/a.csv'])
    expect(await names(['data/?.csv', 'data/*/*/c.csv'])).toEqual(['data/a.csv', 'data/b.csv', 'data/deep/er/c.csv'])
  })

  test.each<[string, string, string]>([
    ['no match', 'data/*.parquet', 'data/*.parquet: matches no file'],
    ['no such file', 'gone.csv', 'gone.csv: there is no such file'],
    ['a folder', 'data', 'data: is a folder'],
    ['an unknown suffix', 'x.txt', 'x.txt: not a format that can be read'],
    ['a folder that cannot be searched', 'loop/*.csv', 'loop/*.csv: cannot search loop']
  ])('%s', async (_, path, message) => {
    const {cwd, open} = folder({'data/a.csv': 'a\n1\n', 'x.txt': 'a'})
    symlinkSync('loop', join(cwd, 'loop'))
    await expect(open(path)).rejects.toMatchObject({
      name: 'UserError',
      kind: path.startsWith('loop') ? 'measure' : 'usage',
      message: expect.stringContaining(message)
    })
  })

  test('a link to a folder above is not followed by **', async () => {
    const {cwd, open} = folder({'data/a.csv': 'a\n1\n'})
    symlinkSync(cwd, join(cwd, 'data', 'up'))
    const table = await open('**/*.csv')
    expect(table.files.map(file => file.name)).toEqual(['data/a.csv'])
    table.close()
  })

  test('too many entries end the search', async () => {
    const {cwd, open} = folder({'a/0.txt': ''})
    for (let index = 1; index < 2000; index++) writeFileSync(join(cwd, 'a', `${index}.txt`), '')
    for (let link = 0; link < 60; link++) symlinkSync('a', join(cwd, `a${link}`))
    await expect(open('*/*.csv')).rejects.toThrow('*/*.csv: more than 100000 entries to search')
  })
})

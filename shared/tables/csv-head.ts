import {isUtf8} from 'node:buffer'
import {closeSync, openSync, readSync} from 'node:fs'
import {UserError} from '#shared/errors'

export interface CsvHead {
  readonly delimiter: string
  readonly names: readonly string[]
  /** mean bytes a line of the first MiB */
  readonly lineBytes: number
}

const HEAD_BYTES = 1 << 20
export const MAX_COLUMNS = 4096

/** The header of a CSV file: the delimiter (`,` `;` tab or `|`, the most frequent in it) and the columns. Throws UserError on what is no UTF-8 CSV with a header. */
export function readCsvHead(path: string, name: string): CsvHead {
  const bytes = readHead(path)
  if (bytes.length === 0) throw new UserError(`${name}: the file is empty`, {hint: 'Expected a header line and rows.', at: {file: name}})
  refuseEncoding(bytes, name)
  const text = decode(bytes, name)
  const header = headerOf(text)
  if (header === undefined) {
    const why = bytes.length < HEAD_BYTES ? 'a quote in the header is never closed' : 'the header is longer than 1 MiB'
    throw new UserError(`${name} line 1: ${why}`, {
      hint: 'Expected one line of column names, separated by commas.',
      at: {file: name, line: 1}
    })
  }
  const delimiter = /\.tsv$/i.test(path) ? '\t' : delimiterOf(header)
  const names = splitHeader(header, delimiter)
  refuseNames(names, name)
  return {delimiter, names, lineBytes: lineBytesOf(bytes)}
}

/** Mean bytes a line; all of them where no line ends. */
export function lineBytesOf(bytes: Buffer): number {
  const end = bytes.includes(10) ? 10 : 13
  let lines = 0
  for (let at = bytes.indexOf(end); at >= 0; at = bytes.indexOf(end, at + 1)) lines++
  return bytes.length / Math.max(1, lines)
}

/** The first MiB of a file. */
export function readHead(path: string): Buffer {
  const descriptor = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(HEAD_BYTES)
    return buffer.subarray(0, readSync(descriptor, buffer, 0, HEAD_BYTES, 0))
  } finally {
    closeSync(descriptor)
  }
}

/** Throws UserError when the first bytes of a file say that it is another thing than text of rows: UTF-16, an archive, an error page, a pointer. */
export function refuseEncoding(bytes: Buffer, name: string): void {
  const [first, second] = bytes
  const utf16 =
    (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || (bytes.length > 3 && (bytes[1] === 0 || first === 0))
  if (utf16)
    throw new UserError(`${name}: is UTF-16, expected UTF-8`, {
      hint: `Convert it once: iconv -f UTF-16 -t UTF-8 in.csv > out.csv`,
      at: {file: name, line: 1}
    })
  if (bytes[0] === 0x50 && bytes.subarray(0, 4).toString('latin1') === 'PAR1')
    throw new UserError(`${name}: is a Parquet file`, {hint: 'Name it *.parquet.', at: {file: name}})
  if ((first === 0x1f && second === 0x8b) || bytes.subarray(0, 2).toString('latin1') === 'PK')
    throw new UserError(`${name}: is a compressed file, expected text`, {hint: 'Unpack it first.', at: {file: name}})
  const page = PAGES.find(([start]) => start.test(bytes.subarray(0, 256).toString('latin1')))
  if (page) throw new UserError(`${name}: is ${page[1]}, expected rows`, {hint: page[2], at: {file: name, line: 1}})
  const nul = bytes.indexOf(0)
  if (nul >= 0) throw nulByte(name, lineAt(bytes, nul))
}

const PAGES: readonly (readonly [start: RegExp, what: string, hint: string])[] = [
  [
    /^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s|html\b|head\b|body\b)/i,
    'an HTML page',
    'A download gave an error page instead of the data: fetch it anew.'
  ],
  [/^(?:\xef\xbb\xbf)?\s*<\?xml\b/i, 'XML', 'A download gave an error instead of the data: fetch it anew.'],
  [
    /^version https:\/\/git-lfs\.github\.com\/spec\//,
    'a pointer of Git LFS',
    'Fetch the data itself: git lfs pull, or lfs: true with actions/checkout.'
  ]
]

export function nulByte(name: string, line: number): UserError {
  return new UserError(`${name} line ${line}: a NUL byte, which is no text`, {
    hint: 'The file is damaged, binary or not UTF-8; write it anew.',
    at: {file: name, line}
  })
}

function lineAt(bytes: Buffer, end: number): number {
  let line = 1
  for (let at = bytes.indexOf(10); at >= 0 && at < end; at = bytes.indexOf(10, at + 1)) line++
  return line
}

function decode(bytes: Buffer, name: string): string {
  const lines = bytes.length < HEAD_BYTES ? bytes : bytes.subarray(0, Math.max(bytes.lastIndexOf(10) + 1, 0))
  if (!isUtf8(lines)) {
    const line = firstBadLine(lines)
    throw notUtf8(name, line)
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}

export function notUtf8(name: string, line: number): UserError {
  return new UserError(`${name} line ${line}: not UTF-8`, {
    hint: 'If it is Latin-1 (Windows-1252), convert it once: iconv -f WINDOWS-1252 -t UTF-8 in.csv > out.csv',
    at: {file: name, line}
  })
}

function firstBadLine(bytes: Buffer): number {
  let line = 1
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start)
    if (!isUtf8(bytes.subarray(start, end < 0 ? undefined : end))) return line
    if (end < 0) break
    start = end + 1
  }
  return line
}

function headerOf(text: string): string | undefined {
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '"') quoted = !quoted
    else if (!quoted && (character === '\n' || character === '\r')) return text.slice(0, index)
  }
  return quoted || text.length >= HEAD_BYTES - 3 ? undefined : text
}

function delimiterOf(header: string): string {
  const bare = header.replace(/"(?:[^"]|"")*"/g, '')
  const counted = [',', ';', '\t', '|'].map(delimiter => ({delimiter, n: bare.split(delimiter).length}))
  return counted.reduce((best, one) => (one.n > best.n ? one : best)).delimiter
}

function splitHeader(header: string, delimiter: string): string[] {
  const fields: string[] = []
  let start = 0
  let quoted = false
  for (let index = 0; index <= header.length; index++) {
    if (header[index] === '"') quoted = !quoted
    if (index < header.length && (quoted || header[index] !== delimiter)) continue
    fields.push(header.slice(start, index).replace(/^"(.*)"$/s, (_, inner: string) => inner.replaceAll('""', '"')))
    start = index + 1
  }
  return fields
}

function refuseNames(names: readonly string[], name: string): void {
  const at = {file: name, line: 1}
  if (names.length > MAX_COLUMNS)
    throw new UserError(`${name}: ${names.length} columns, at most ${MAX_COLUMNS} can be checked`, {hint: 'Use fewer columns.', at})
  const empty = names.findIndex(column => column.trim() === '')
  if (names.length === 1 && empty === 0)
    throw new UserError(`${name} line 1: the header is blank`, {hint: 'Expected one line of column names.', at})
  if (empty >= 0)
    throw new UserError(`${name} line 1: column ${empty + 1} of ${names.length} has no name`, {
      hint:
        empty === names.length - 1
          ? 'The header ends with a delimiter: remove it there and in every row, or name the column.'
          : empty === 0
            ? 'With pandas, write it by to_csv(..., index=False).'
            : 'Name the column.',
      at
    })
  const seen = new Map<string, {name: string; place: number}>()
  names.forEach((column, index) => {
    const key = column.toLowerCase()
    const other = seen.get(key)
    if (other)
      throw new UserError(
        `${name} line 1: the column ${column} stands twice, as ${other.place} and ${index + 1}${other.name === column ? '' : ` (${other.name})`}`,
        {
          hint: 'Names that differ only in case count as one. Rename one of them.',
          at
        }
      )
    seen.set(key, {name: column, place: index + 1})
  })
}

import {isUtf8} from 'node:buffer'
import {closeSync, openSync, readSync} from 'node:fs'
import {UserError} from '#shared/errors'
import {notUtf8, nulByte} from './csv-head.js'
import {type CsvFault, type CsvRecord, MAX_RECORD_BYTES, scanCsv} from './csv-records.js'

const LF = 10
const CHUNK_BYTES = 4 << 20

export interface CsvFile {
  readonly path: string
  /** as the user wrote it */
  readonly name: string
  readonly delimiter: string
  readonly columns: number
}

/** What is wrong with a file that could not be read, with its line; undefined when nothing is. Reads the file once, in bounded memory. */
export function describeCsvFault(file: CsvFile): UserError | undefined {
  let ragged: CsvRecord | undefined
  const fault = scanCsv(file.path, file.delimiter, file.columns, record => {
    if (record.fields !== file.columns) ragged = record
    return ragged === undefined
  })
  const encoding = badEncoding(file.path)
  if (encoding !== undefined && (fault === undefined || encoding <= fault.line)) return notUtf8(file.name, encoding)
  if (fault) return describe(file, fault)
  return ragged && raggedRow(file, ragged)
}

/** Throws UserError when a file holds a NUL byte, which DuckDB would keep inside a cell. */
export function refuseNul(path: string, name: string): void {
  const line = findLine(path, bytes => bytes.indexOf(0))
  if (line !== undefined) throw nulByte(name, line)
}

function raggedRow({name, columns}: CsvFile, {row, line, fields}: CsvRecord): UserError {
  const more = fields > columns
  return new UserError(`${name} line ${line} (row ${row}): ${fields} fields, expected ${columns} as in the header`, {
    hint: more
      ? 'Quote cells that hold the delimiter; a trailing delimiter makes a field too.'
      : 'A row must hold a field for each column, empty if it must be.',
    at: {file: name, line}
  })
}

const FAULTS: Readonly<Record<CsvFault['kind'], readonly [what: string, hint: string]>> = {
  'unclosed quote': ['a quote opens here and is never closed', 'Close it, or double it ("") inside a quoted cell.'],
  'text after quote': [
    'text stands after a closing quote',
    'Double quotes inside a quoted cell (""), and leave no blanks after the closing one.'
  ],
  NUL: ['a NUL byte, which is no text', 'The file is damaged, binary or not UTF-8; write it anew.'],
  'line ends': ['the line ends differ: LF here and CRLF elsewhere', 'Convert the file once, e.g. with dos2unix.'],
  'too long': [`longer than ${MAX_RECORD_BYTES >> 20} MiB`, 'A line that long is no table row; check quotes and line ends.']
}

function describe({name}: CsvFile, {kind, line}: CsvFault): UserError {
  const [what, hint] = FAULTS[kind]
  return new UserError(`${name} line ${line}: ${what}`, {hint, at: {file: name, line}})
}

function badEncoding(path: string): number | undefined {
  return findLine(path, bytes => {
    if (isUtf8(bytes)) return -1
    for (let start = 0; ; ) {
      const end = bytes.indexOf(LF, start)
      if (end < 0 || !isUtf8(bytes.subarray(start, end))) return start
      start = end + 1
    }
  })
}

/** The line of the first place that `find` gives in the file's chunks, each cut at a line end where it has one. */
function findLine(path: string, find: (bytes: Buffer) => number): number | undefined {
  const descriptor = openSync(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    let offset = 0
    for (;;) {
      const read = readSync(descriptor, buffer, 0, CHUNK_BYTES, offset)
      if (read === 0) return undefined
      const end = buffer.subarray(0, read).lastIndexOf(LF) + 1
      const bytes = buffer.subarray(0, end === 0 || read < CHUNK_BYTES ? read : end)
      const place = find(bytes)
      if (place >= 0) return countLines(descriptor, buffer, offset + place) + 1
      offset += bytes.length
    }
  } finally {
    closeSync(descriptor)
  }
}

function countLines(descriptor: number, buffer: Buffer, until: number): number {
  let lines = 0
  for (let offset = 0; offset < until; ) {
    const read = readSync(descriptor, buffer, 0, Math.min(CHUNK_BYTES, until - offset), offset)
    if (read === 0) break
    const bytes = buffer.subarray(0, read)
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines++
    offset += read
  }
  return lines
}

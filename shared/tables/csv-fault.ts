import {isUtf8} from 'node:buffer'
import {createHash} from 'node:crypto'
import {closeSync, openSync, readSync} from 'node:fs'
import {setImmediate as immediate} from 'node:timers/promises'
import {UserError} from '#shared/errors'
import type {FileDigest} from '#shared/files'
import {notUtf8, nulByte} from './csv-head.js'
import {type CsvFault, type CsvWalk, csvChunk, MAX_RECORD_BYTES, walkCsv} from './csv-records.js'

export interface CsvFile {
  readonly path: string
  /** as people read it */
  readonly name: string
  readonly delimiter: string
  readonly columns: number
}

const LF = 10
const CHUNK_BYTES = 4 << 20

/** What one walk over a whole CSV file brings. */
export interface Survey extends FileDigest {
  readonly rows: number
}

/**
 * Walks a CSV file once, for its rows and its digest, a chunk at a time, so that other work goes on between. Throws UserError, with the line, on
 * what is no table, the encoding of its text apart; what `signal` says when it is aborted.
 */
export async function surveyCsv(file: CsvFile, signal: AbortSignal): Promise<Survey> {
  let rows = 0
  let ragged: UserError | undefined
  const walk = walkCsv(file.delimiter, file.columns, (row, line, fields) => {
    rows = row
    if (fields !== file.columns) ragged = raggedRow(file, {row, line, fields})
    return ragged === undefined
  })
  const digest = await walkFile(file, walk, signal)
  if ('kind' in digest) throw encodingFault(file, digest.line) ?? describe(file, digest)
  if (ragged) throw encodingFault(file, ragged.at?.line) ?? ragged
  return {rows, ...digest}
}

/** The digest of the whole file, or the fault that ended the walk; nothing of worth where the visitor did. */
async function walkFile({path}: CsvFile, walk: CsvWalk, signal: AbortSignal): Promise<FileDigest | CsvFault> {
  const descriptor = openSync(path, 'r')
  try {
    const hash = createHash('sha256')
    const chunk = csvChunk()
    let size = 0
    for (let read = readSync(descriptor, chunk.bytes); read > 0; read = readSync(descriptor, chunk.bytes)) {
      const done = walk.take(chunk, read)
      if (done === 'stop') return {sha256: '', size}
      if (done !== 'on') return done
      hash.update(chunk.bytes.subarray(0, read))
      size += read
      await immediate()
      signal.throwIfAborted()
    }
    return walk.end() ?? {sha256: hash.digest('hex'), size}
  } finally {
    closeSync(descriptor)
  }
}

/** The first line, up to `until`, that is not UTF-8, as an error; undefined when there is none. */
export function encodingFault({path, name}: Pick<CsvFile, 'path' | 'name'>, until = Number.POSITIVE_INFINITY): UserError | undefined {
  const line = badLine(path)
  return line === undefined || line > until ? undefined : notUtf8(name, line)
}

function raggedRow({name, columns}: CsvFile, {row, line, fields}: {row: number; line: number; fields: number}): UserError {
  const more = fields > columns
  return new UserError(
    `${name} line ${line} (row ${row}): ${fields} ${fields === 1 ? 'field' : 'fields'}, expected ${columns} as in the header`,
    {
      hint: more
        ? 'Quote cells that hold the delimiter; a trailing delimiter makes a field too.'
        : 'A row must hold a field for each column, empty if it must be.',
      at: {file: name, line}
    }
  )
}

const FAULTS: Readonly<Record<Exclude<CsvFault['kind'], 'NUL'>, readonly [what: string, hint: string]>> = {
  'unclosed quote': ['a quote opens here and is never closed', 'Close it, or double it ("") inside a quoted cell.'],
  'text after quote': [
    'text stands after a closing quote',
    'Double quotes inside a quoted cell (""), and leave no blanks after the closing one.'
  ],
  'line ends': ['the line ends differ from those before (LF, CRLF)', 'Convert the file once, e.g. with dos2unix.'],
  'too long': [`longer than ${MAX_RECORD_BYTES >> 20} MiB`, 'A line that long is no table row; check quotes and line ends.']
}

function describe({name}: CsvFile, {kind, line}: CsvFault): UserError {
  if (kind === 'NUL') return nulByte(name, line)
  const [what, hint] = FAULTS[kind]
  return new UserError(`${name} line ${line}: ${what}`, {hint, at: {file: name, line}})
}

function badLine(path: string): number | undefined {
  const descriptor = openSync(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    for (let offset = 0; ; ) {
      const read = readSync(descriptor, buffer, 0, CHUNK_BYTES, offset)
      if (read === 0) return undefined
      const end = buffer.subarray(0, read).lastIndexOf(LF) + 1
      const bytes = buffer.subarray(0, end === 0 || read < CHUNK_BYTES ? read : end)
      if (!isUtf8(bytes)) return countLines(descriptor, buffer, offset + badPlace(bytes)) + 1
      offset += bytes.length
    }
  } finally {
    closeSync(descriptor)
  }
}

function badPlace(bytes: Buffer): number {
  for (let start = 0; ; ) {
    const end = bytes.indexOf(LF, start)
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return start
    start = end + 1
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

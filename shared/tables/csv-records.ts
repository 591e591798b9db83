import {closeSync, openSync, readSync} from 'node:fs'

/** What is wrong with the bytes themselves, and on which line. */
export interface CsvFault {
  readonly kind: 'unclosed quote' | 'text after quote' | 'line ends' | 'too long' | 'NUL'
  readonly line: number
}

/** Called for each record: data rows count from 1, the header is 0; lines count from 1. Ends the walk by returning false. */
export type CsvVisit = (row: number, line: number, fields: number) => boolean

/** A buffer for the walk, seen as bytes and four at a time. */
export interface CsvChunk {
  readonly bytes: Uint8Array
  readonly words: Int32Array
}

export interface CsvWalk {
  /** The next `length` bytes of the file: a fault, whether the visitor ended the walk, or that it goes on. */
  take(chunk: CsvChunk, length: number): CsvFault | 'on' | 'stop'
  /** After the last byte of the file. */
  end(): CsvFault | undefined
}

export const MAX_RECORD_BYTES = 2 << 20

const CHUNK_BYTES = 1 << 20
const LF = 10
const CR = 13
const QUOTE = 34
/** where a field stands: at its start, in plain text, inside quotes, after a closing quote */
const START = 0
const PLAIN = 1
const QUOTED = 2
const CLOSED = 3

/**
 * Walks a CSV file byte by byte: `"` quotes, doubled inside; line ends of one kind; blank lines are no rows where there are several columns.
 * Ends at the first fault, which it returns. Memory does not grow with the file; a gigabyte a second.
 */
export function scanCsv(path: string, delimiter: string, columns: number, visit: CsvVisit): CsvFault | undefined {
  const descriptor = openSync(path, 'r')
  try {
    const walk = walkCsv(delimiter, columns, visit)
    const chunk = csvChunk()
    for (let read = readSync(descriptor, chunk.bytes); read > 0; read = readSync(descriptor, chunk.bytes)) {
      const done = walk.take(chunk, read)
      if (done !== 'on') return done === 'stop' ? undefined : done
    }
    return walk.end()
  } finally {
    closeSync(descriptor)
  }
}

export function csvChunk(): CsvChunk {
  const words = new Int32Array(CHUNK_BYTES / 4)
  return {words, bytes: new Uint8Array(words.buffer)}
}

interface Place {
  row: number
  line: number
  startLine: number
  /** offset in the file of the chunk at hand */
  base: number
  /** offset in the file of the record's start */
  start: number
  /** kinds of line ends seen: LF 1, CRLF 2, CR 4 */
  ends: number
  afterCr: boolean
}

/** A walk over chunks of one file, in order. */
export function walkCsv(delimiter: string, columns: number, visit: CsvVisit): CsvWalk {
  const separator = delimiter.charCodeAt(0)
  const place: Place = {row: -1, line: 1, startLine: 1, base: 0, start: 0, ends: 0, afterCr: false}
  let state = START
  let fields = 1
  const tooLong = (): CsvFault => ({kind: state === QUOTED ? 'unclosed quote' : 'too long', line: place.startLine})

  // What every byte needs stands in local variables: through closures and objects this loop takes five times as long.
  const take = ({bytes, words}: CsvChunk, length: number): CsvFault | 'on' | 'stop' => {
    let now = state
    let count = fields
    for (let index = 0; index < length; index++) {
      if (place.afterCr) {
        const [skip, fault] = afterCr(place, place.base + index, bytes[index])
        if (fault) return fault
        if (skip) continue
      }
      if ((index & 3) === 0 && now !== CLOSED) {
        const from = index
        for (; index + 4 <= length && isPlain(words[index >> 2]); index += 4)
          if (now !== QUOTED) count += countOf(separator, words[index >> 2])
        if (index > from && now !== QUOTED) now = bytes[index - 1] === separator ? START : PLAIN
        if (index === length) break
      }
      const byte = bytes[index]
      if (now === QUOTED) {
        if (byte === QUOTE) now = CLOSED
        else if (byte === LF) place.line++
      } else if (byte === separator) {
        count++
        now = START
      } else if (byte === LF || byte === CR) {
        state = now
        if (place.base + index - place.start > MAX_RECORD_BYTES) return tooLong()
        const ended = endRecord(place, place.base + index, byte, count, columns, visit)
        if (ended !== 'on') return ended
        count = 1
        now = START
      } else if (byte === QUOTE && now !== PLAIN) now = QUOTED
      else if (byte !== QUOTE) {
        if (byte === 0) return {kind: 'NUL', line: place.line}
        if (now === CLOSED) return {kind: 'text after quote', line: place.line}
        now = PLAIN
      }
    }
    state = now
    fields = count
    place.base += length
    return place.base - place.start > MAX_RECORD_BYTES + CHUNK_BYTES ? tooLong() : 'on'
  }
  const end = (): CsvFault | undefined => {
    if (place.base - place.start > MAX_RECORD_BYTES) return tooLong()
    if (state === QUOTED) return {kind: 'unclosed quote', line: place.startLine}
    if (place.base > place.start && !place.afterCr) endRecord(place, place.base, LF, fields, columns, visit)
    return undefined
  }
  return {take, end}
}

const LOW = 0x20202020
const QUOTES = 0x22222222
const ONES = 0x01010101
const TOPS = 0x80808080 | 0
const REST = 0x7f7f7f7f

/** Whether none of four bytes is a quote or below a blank: neither line end nor NUL (Mycroft's test for a byte below n). */
function isPlain(word: number): boolean {
  const quotes = word ^ QUOTES
  return ((((word - LOW) & ~word) | ((quotes - ONES) & ~quotes)) & TOPS) === 0
}

/** How many of four bytes are `byte`. */
function countOf(byte: number, word: number): number {
  const others = word ^ Math.imul(byte, ONES)
  const equal = ~(((others & REST) + REST) | others | REST)
  return equal === 0 ? 0 : Math.imul(equal >>> 7, ONES) >>> 24
}

/** Ends a record at a line end, or at the end of the file. */
function endRecord(place: Place, at: number, byte: number, fields: number, columns: number, visit: CsvVisit): CsvFault | 'on' | 'stop' {
  const on = (at === place.start && columns > 1) || visit(++place.row, place.startLine, fields)
  place.startLine = ++place.line
  if (!on) return 'stop'
  place.afterCr = byte === CR
  place.start = at + 1
  return (byte === LF && unlikeEnds(place, 1)) || 'on'
}

/** What a byte after a CR makes of it: a line end of its own, or one with the LF, which is then passed over. */
function afterCr(place: Place, at: number, byte: number): readonly [skip: boolean, fault: CsvFault | undefined] {
  const skip = byte === LF
  place.afterCr = false
  place.start = at + (skip ? 1 : 0)
  return [skip, unlikeEnds(place, skip ? 2 : 4)]
}

function unlikeEnds(place: Place, kind: number): CsvFault | undefined {
  place.ends |= kind
  return (place.ends & (place.ends - 1)) === 0 ? undefined : {kind: 'line ends', line: place.line - 1}
}

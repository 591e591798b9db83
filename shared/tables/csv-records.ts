import {closeSync, openSync, readSync} from 'node:fs'

/** One record of a CSV file: its fields counted, its place known. */
export interface CsvRecord {
  /** data rows count from 1; the header is 0 */
  readonly row: number
  /** line on which it begins, from 1 */
  readonly line: number
  readonly fields: number
}

/** What is wrong with the bytes themselves, and on which line. */
export interface CsvFault {
  readonly kind: 'unclosed quote' | 'text after quote' | 'NUL' | 'line ends' | 'too long'
  readonly line: number
}

const LF = 10
const CR = 13
const QUOTE = 34
/** DuckDB's own limit of a record */
export const MAX_RECORD_BYTES = 2 << 20

/**
 * Walks a CSV file byte by byte by the rules it is loaded with: `"` quotes, doubled inside; blank lines are no rows where there are several columns.
 * Ends at a fault, which it returns, or when `visit` returns false. Memory does not grow with the file.
 */
export function scanCsv(path: string, delimiter: string, columns: number, visit: (record: CsvRecord) => boolean): CsvFault | undefined {
  const separator = delimiter.charCodeAt(0)
  const descriptor = openSync(path, 'r')
  try {
    const state = {
      row: -1,
      line: 1,
      start: 1,
      fields: 1,
      bytes: 0,
      mode: 'start' as 'start' | 'plain' | 'quoted' | 'closed',
      ends: 0,
      cr: false
    }
    const buffer = Buffer.allocUnsafe(1 << 20)
    const end = (): boolean => {
      const blank = state.bytes === 0 && columns > 1
      if (!blank) state.row++
      const on = blank || visit({row: state.row, line: state.start, fields: state.fields})
      state.start = state.line
      state.fields = 1
      state.bytes = 0
      state.mode = 'start'
      return on
    }
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer)) {
      for (let index = 0; index < read; index++) {
        const byte = buffer[index]
        const afterCr = state.cr
        state.cr = false
        if (state.mode === 'quoted') {
          if (byte === QUOTE) state.mode = 'closed'
          else if (byte === LF) state.line++
          else if (byte === 0) return {kind: 'NUL', line: state.line}
        } else if (byte === LF || byte === CR) {
          if (byte === LF && afterCr) {
            state.ends |= 2
            continue
          }
          // a CR alone is known only at the next byte: it counts as an end here, and as CRLF above
          if (byte === LF) state.ends |= 1
          if (state.ends === 3) return {kind: 'line ends', line: state.line}
          state.cr = byte === CR
          state.line++
          if (!end()) return undefined
          continue
        } else if (byte === separator) {
          state.fields++
          state.mode = 'start'
        } else if (byte === QUOTE && state.mode !== 'plain') state.mode = 'quoted'
        else if (byte === 0) return {kind: 'NUL', line: state.line}
        else if (state.mode === 'closed') return {kind: 'text after quote', line: state.line}
        else state.mode = 'plain'
        if (++state.bytes > MAX_RECORD_BYTES) return {kind: state.mode === 'quoted' ? 'unclosed quote' : 'too long', line: state.start}
      }
    }
    if (state.mode === 'quoted') return {kind: 'unclosed quote', line: state.start}
    if (state.bytes > 0) end()
    return undefined
  } finally {
    closeSync(descriptor)
  }
}

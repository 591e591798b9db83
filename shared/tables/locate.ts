import {createReadStream} from 'node:fs'
import {createInterface} from 'node:readline'
import {scanCsv} from './csv-records.js'
import type {Database} from './database.js'
import type {Source, SourceFile} from './source.js'
import {literal} from './sql.js'

/** Where a row of the table stands. */
export interface Place {
  readonly file: string
  /** data rows of that file count from 1 */
  readonly row: number
  /** its line, from 1; Parquet has none */
  readonly line?: number
}

/** The places of rows, which are numbered from 1 over all files. Reads each file up to the last row that is asked for. */
export async function locate(source: Source, database: Database, rows: readonly number[]): Promise<ReadonlyMap<number, Place>> {
  const places = new Map<number, Place>()
  const open = [...new Set(rows)].sort((a, b) => a - b)
  let before = 0
  for (const [index, file] of source.files.entries()) {
    if (places.size === open.length) break
    const wanted = new Set(open.filter(row => row > before).map(row => row - before))
    const found = (row: number, line?: number) => {
      if (wanted.has(row)) places.set(row + before, {file: file.name, row, ...(line !== undefined && {line})})
    }
    const last = index === source.files.length - 1 ? (open.at(-1) ?? 0) - before : Number.POSITIVE_INFINITY
    before += await walk(source, database, file, found, last)
  }
  return places
}

/** Shows rows with their lines up to `last`; gives the number of rows that it passed. */
async function walk(
  source: Source,
  database: Database,
  file: SourceFile,
  found: (row: number, line?: number) => void,
  last: number
): Promise<number> {
  if (file.format === 'csv') {
    let rows = 0
    scanCsv(file.path, source.delimiterOf(file), source.names.length, (row, line) => {
      rows = row
      if (row > 0) found(row, line)
      return row < last
    })
    return rows
  }
  if (file.format === 'parquet') {
    const [{n}] = await database.rows(`SELECT count(*) AS n FROM read_parquet(${literal(file.path)})`)
    for (let row = 1; row <= Math.min(Number(n), last); row++) found(row)
    return Number(n)
  }
  return walkLines(file, found, last)
}

async function walkLines(file: SourceFile, found: (row: number, line: number) => void, last: number): Promise<number> {
  let line = 0
  let row = 0
  for await (const text of createInterface({input: createReadStream(file.path), crlfDelay: Number.POSITIVE_INFINITY})) {
    line++
    if (text.trim() === '') continue
    found(++row, line)
    if (row >= last) break
  }
  return row
}

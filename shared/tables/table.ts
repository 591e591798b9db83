import {createHash} from 'node:crypto'
import {statSync} from 'node:fs'
import {messageOf, UserError} from '#shared/errors'
import {type FileDigest, sha256File} from '#shared/files'
import {type Column, kindOf} from './column.js'
import {type Cell, type Database, openDatabase, type Row, type TableLimits} from './database.js'
import {type Fetched, fetchColumns, fetchHashes} from './fetch.js'
import {locate, type Place} from './locate.js'
import {expandPaths} from './paths.js'
import {type AddedColumn, writePredictions} from './predictions.js'
import {openSource, readFiles, type Source, type SourceFile} from './source.js'
import {identifier} from './sql.js'
import {NUMBER, sniffTypes} from './types-of-cells.js'

export interface DataDigest {
  readonly name: string
  readonly sha256: string
  /** bytes */
  readonly size: number
}

/** One table over one or several files. Queries are built from the columns' kinds, and built again when a cell proves a kind wrong. */
export interface Table {
  readonly files: readonly SourceFile[]
  readonly names: readonly string[]
  /** The columns with kinds that hold over every row; one pass, unless queries over all of them went before. */
  columns(): Promise<readonly Column[]>
  rowCount(): Promise<number>
  /** Columns (default all) as typed arrays, in file order, with their kinds; one pass. Throws UserError on an unknown name. */
  fetch(names?: readonly string[]): Promise<Fetched>
  /** Aggregates by key over all rows; at most 32 columns' worth in one pass. */
  measure(build: (columns: readonly Column[]) => readonly Aggregate[]): Promise<Readonly<Record<string, Cell>>>
  /** Rows of any SELECT over `relation`, which is all rows; with `numbered` it has a column `#`, the row's number from 1. */
  select(build: (relation: string, columns: readonly Column[]) => string, options?: {numbered?: boolean}): Promise<readonly Row[]>
  /**
   * All columns and the added ones, in file order, to `<folder>/predictions-<12 hex>.parquet`. `begun` is called when the rest goes on in other
   * threads, so that this one can turn to other work.
   */
  writePredictions(
    folder: string,
    added: Readonly<Record<string, AddedColumn>>,
    begun?: () => void
  ): Promise<FileDigest & {readonly path: string}>
  /** Where rows stand, by their number. */
  locate(rows: readonly number[]): Promise<ReadonlyMap<number, Place>>
  /** A 64-bit hash of each row over the columns named, in file order; equal rows have equal hashes in any table, as cells of equal text. */
  rowHashes(names: readonly string[]): Promise<BigUint64Array>
  /** Digest of each file, whose bytes must not have changed since the table was opened. */
  digests(): Promise<readonly DataDigest[]>
  close(): void
}

export interface Aggregate {
  readonly key: string
  /** an SQL aggregate over the table's columns */
  readonly sql: string
}

export interface TableRequest {
  readonly paths: readonly string[]
  readonly cwd: string
  readonly limits: TableLimits
  /** columns whose cells are to be read as this where they can: a contract's word goes before our own reading */
  readonly kinds?: ReadonlyMap<string, 'number' | 'text'>
}

const BATCH_COLUMNS = 32
const BATCH = BATCH_COLUMNS * 12

/**
 * Opens CSV (`.csv .tsv`), Parquet or JSONL (`.jsonl .ndjson`) files, told apart by suffix, as one table. Paths may be globs.
 * An empty cell is missing, quoted or not; NaN is missing too. A CSV column is `number` when every cell is one.
 * Throws UserError, with file and line, on what cannot be read.
 */
export async function openTable({paths, cwd, limits, kinds}: TableRequest): Promise<Table> {
  const files = readFiles(await expandPaths(paths, cwd), cwd)
  const database = await openDatabase(
    files.map(file => file.path),
    limits
  )
  try {
    const source = await openSource(files, database)
    const types = await typesOf(source, database, kinds)
    return tableOf(source, database, types, limits)
  } catch (error) {
    database.close()
    throw error
  }
}

async function typesOf(source: Source, database: Database, kinds: TableRequest['kinds']): Promise<Map<string, string>> {
  if (source.format === 'csv') return sniffTypes(source, database, kinds ?? new Map())
  const described = await database.rows(`DESCRIBE SELECT * FROM ${source.relation(new Map())}`)
  return new Map(described.map(row => [String(row.column_name), String(row.column_type)]))
}

function tableOf(source: Source, database: Database, types: Map<string, string>, limits: TableLimits): Table {
  const checked = new Set<string>(source.format === 'csv' ? [] : source.names)
  const columns = () => source.names.map(name => ({name, type: types.get(name) ?? 'VARCHAR', kind: kindOf(types.get(name) ?? 'VARCHAR')}))
  const relation = (numbered: boolean) => {
    const cells = columns().map(({name, type}) =>
      /^(DOUBLE|FLOAT)$/.test(type) ? `nullif(${identifier(name)}, 'NaN'::${type}) AS ${identifier(name)}` : identifier(name)
    )
    return `(SELECT ${numbered ? 'row_number() OVER () AS "#", ' : ''}${cells.join(', ')} FROM ${source.relation(types)})`
  }
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof UserError) throw error
      if (/^Conversion Error/.test(messageOf(error)) && (await demote(source, database, types))) return work()
      throw source.explain(error) ?? error
    }
  }
  /** columns of numbers whose cells have not all been read as such */
  const unchecked = () =>
    columns()
      .filter(({name, kind}) => kind === 'number' && !checked.has(name))
      .map(({name}) => name)
  const rowsOf = async (build: (relation: string, columns: readonly Column[]) => string, {numbered = false} = {}) =>
    attempt(() => database.rows(build(relation(numbered), columns())))
  let rows = source.rows
  const confirmed = (count: number): number => {
    if (source.rows !== undefined && count !== source.rows) throw unlike(source, count)
    rows = count
    return count
  }
  const rowCount = async () => rows ?? confirmed(Number((await rowsOf(from => `SELECT count(*) AS n FROM ${from}`))[0].n))
  return {
    files: source.files,
    names: source.names,
    columns: async () => {
      const open = unchecked()
      if (open.length > 0) {
        const [first] = await rowsOf(
          from => `SELECT count(*) AS n, ${open.map(name => `count(${identifier(name)})`).join(', ')} FROM ${from}`
        )
        confirmed(Number(first.n))
        for (const name of open) checked.add(name)
      }
      return columns()
    },
    rowCount,
    fetch: async (names = source.names) => {
      refuseUnknown(source, names)
      const fetched = await attempt(() =>
        fetchColumns(
          database,
          relation(false),
          columns().filter(column => names.includes(column.name)),
          rows
        )
      )
      for (const name of names) checked.add(name)
      confirmed(fetched.rows)
      return fetched
    },
    measure: async build => {
      const results: Record<string, Cell> = {}
      for (let start = 0; ; start += BATCH) {
        const done = await attempt(async () => {
          const wanted = build(columns()).slice(start, start + BATCH)
          if (wanted.length === 0) return true
          const open = unchecked().slice(0, BATCH_COLUMNS)
          const every = open.map(name => `, count(${identifier(name)})`).join('')
          const sql = wanted.map((aggregate, index) => `${aggregate.sql} AS a${index}`).join(', ')
          const [row] = await database.rows(`SELECT count(*) AS n, ${sql}${every} FROM ${relation(false)}`)
          confirmed(Number(row.n))
          for (const name of open) checked.add(name)
          wanted.forEach(({key}, index) => {
            results[key] = row[`a${index}`]
          })
          return false
        })
        if (done) return results
      }
    },
    select: rowsOf,
    locate: rows => locate(source, database, rows),
    rowHashes: names => {
      refuseUnknown(source, names)
      return attempt(() =>
        fetchHashes(
          database,
          relation(false),
          columns().filter(column => names.includes(column.name))
        )
      )
    },
    writePredictions: async (folder, added, begun) => {
      const count = await rowCount()
      return attempt(() =>
        writePredictions({
          paths: source.files.map(file => file.path),
          relation: relation(false),
          rows: count,
          names: source.names,
          added,
          folder,
          limits,
          begun
        })
      )
    },
    digests: () => digestsOf(source.files),
    close: () => database.close()
  }
}

/** Reads as text the columns that hold a cell which is no number; true when there was one. */
async function demote(source: Source, database: Database, types: Map<string, string>): Promise<boolean> {
  const open = source.names.filter(name => types.get(name) === NUMBER)
  if (source.format !== 'csv' || open.length === 0) return false
  const bad = open.map(
    (name, index) => `count(*) FILTER (${identifier(name)} IS NOT NULL AND TRY_CAST(${identifier(name)} AS DOUBLE) IS NULL) AS b${index}`
  )
  const [row] = await database.rows(`SELECT ${bad.join(', ')} FROM ${source.relation(new Map())}`)
  const wrong = open.filter((_, index) => Number(row[`b${index}`]) > 0)
  for (const name of wrong) types.set(name, 'VARCHAR')
  return wrong.length > 0
}

/** DuckDB 1.5 can drop a record that is longer than its buffers without a word: two readings of a file must agree. */
function unlike({files, rows}: Source, count: number): UserError {
  return new UserError(`${files.map(file => file.name).join(', ')}: two readings differ, ${rows} rows and ${count}`, {
    hint: 'Write the file as plain CSV: quotes only around whole cells, doubled inside, one kind of line end.',
    at: {file: files[0].name}
  })
}

function refuseUnknown(source: Source, names: readonly string[]): void {
  const unknown = names.find(name => !source.names.includes(name))
  if (unknown !== undefined)
    throw new UserError(`${source.files[0].name}: there is no column ${unknown}`, {
      hint: `Columns: ${source.names.slice(0, 50).join(', ')}`,
      kind: 'usage'
    })
}

async function digestsOf(files: readonly SourceFile[]): Promise<readonly DataDigest[]> {
  const digests: DataDigest[] = []
  for (const file of files) {
    const {sha256, size} = await sha256File(file.path)
    const now = statSync(file.path, {bigint: true})
    if (size !== file.size || now.mtimeNs !== file.modifiedNs)
      throw new UserError(`${file.name}: changed while it was read`, {hint: 'Let what writes it end first.', at: {file: file.name}})
    digests.push({name: file.name, sha256, size})
  }
  return digests
}

/** The digest of a table: of one file its SHA-256; of several SHA-256 over `trainyard-data/v1 LF` and, sorted, `name NUL sha256 LF`. */
export function dataDigest(digests: readonly Pick<DataDigest, 'name' | 'sha256'>[]): string {
  if (digests.length === 1) return digests[0].sha256
  const hash = createHash('sha256').update('trainyard-data/v1\n')
  for (const line of digests.map(({name, sha256}) => `${name}\0${sha256}\n`).sort()) hash.update(line)
  return hash.digest('hex')
}

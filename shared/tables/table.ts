import {createHash} from 'node:crypto'
import {statSync} from 'node:fs'
import {UserError} from '#shared/errors'
import {type FileDigest, sha256File} from '#shared/files'
import type {Column} from './column.js'
import {type Cell, type Database, openDatabase, type Row, type TableLimits} from './database.js'
import {megabytes, onDemand, openDemand} from './demand.js'
import {type Fetched, fetchColumns, fetchHashes} from './fetch.js'
import {locate, type Place} from './locate.js'
import type {Partial} from './partial.js'
import {expandPaths} from './paths.js'
import {type AddedColumn, draftIn, writePredictions} from './predictions.js'
import {openReading, type Reading, type SelectOptions} from './reading.js'
import {localOf, type RemoteWorld} from './remote.js'
import {openSource, readFiles, type Source, type SourceFile} from './source.js'
import {identifier} from './sql.js'
import {sniffTypes} from './types-of-cells.js'

export interface DataDigest {
  readonly name: string
  readonly sha256: string
  /** bytes */
  readonly size: number
  /** how much of it was read, where the digest is the word of its store */
  readonly named?: string
}

/** One table over one or several files. Queries are built from the columns' kinds, and built again when a cell proves a kind wrong. */
export interface Table {
  readonly files: readonly SourceFile[]
  readonly names: readonly string[]
  /** rows as the files' sizes and their first lines have it, exact for Parquet; the same for the same bytes */
  readonly rowsAbout: number
  /** The columns with kinds that hold over every row; one pass, unless queries over all of them went before. */
  columns(): Promise<readonly Column[]>
  rowCount(): Promise<number>
  /** Columns (default all) as typed arrays, in file order, with their kinds; one pass. Throws UserError on an unknown name. */
  fetch(names?: readonly string[]): Promise<Fetched>
  /** Aggregates by key over all rows; at most 32 columns' worth in one pass. */
  measure(build: (columns: readonly Column[]) => readonly Aggregate[]): Promise<Readonly<Record<string, Cell>>>
  /** Rows of any SELECT over `relation`, which is all rows. */
  select(build: (relation: string, columns: readonly Column[]) => string, options?: SelectOptions): Promise<readonly Row[]>
  /**
   * All columns and the added ones, in file order, to `predictions-<12 hex>.parquet` in the folder that was named. `begun` is called when the rest
   * goes on in other threads, so that this one can turn to other work.
   */
  writePredictions(added: Readonly<Record<string, AddedColumn>>, begun?: () => void): Promise<FileDigest & {readonly path: string}>
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
  /** for `s3://` and `https://` among the paths; absent: they are refused */
  readonly remote?: RemoteWorld
  /** folder that `writePredictions` is to write to: all is read twice then, so that files of up to `heldBytes` are parsed once and held */
  readonly predictions?: string
  /** columns will be fetched by name: of Parquet at `s3://` whose SHA-256 the store keeps only those are brought, when they are asked for */
  readonly byColumns?: boolean
}

const HELD_BYTES = 1 << 29

const BATCH_COLUMNS = 32
const BATCH = BATCH_COLUMNS * 12
/** rows for which memory is set aside before they come */
const MOST_EXPECTED = 1 << 25

/**
 * Opens CSV (`.csv .tsv`), Parquet or JSONL (`.jsonl .ndjson`) files, told apart by suffix, as one table. Paths may be globs; what lies at an
 * `s3://` or `https://` address is copied to `tempDir` until the table is closed, and keeps its address as its name.
 * An empty cell is missing, quoted or not; NaN is missing too. A CSV column is `number` when every cell is one.
 * Throws UserError, with file and line, on what cannot be read.
 */
export async function openTable({paths, cwd, limits, kinds, remote, predictions, byColumns}: TableRequest): Promise<Table> {
  const local = await localOf(paths, {tempDir: limits.tempDir, world: remote, byColumns: byColumns && predictions === undefined})
  let database: Database | undefined
  try {
    const files = readFiles(await expandPaths(local.paths, cwd), cwd, local.names)
    const draft = predictions === undefined ? undefined : draftIn(predictions)
    const growing = local.partials.length > 0
    database = await openDatabase([...files.map(file => file.path), ...(draft === undefined ? [] : [draft])], {...limits, growing})
    const opened = await openSource(files, database)
    const demand = growing ? await openDemand(local.partials, opened.names, database, remote?.log) : undefined
    const source = {...opened, has: demand?.has}
    const reading = openReading(source, database, await typesOf(source, database, kinds))
    if (draft !== undefined && worthHolding(opened, limits)) reading.hold()
    const table = tableOf(source, database, reading, draft)
    const close = () => {
      table.close()
      local.remove()
    }
    return {...(demand ? onDemand(table, demand) : table), digests: () => digestsOf(source, local.partials), close}
  } catch (error) {
    database?.close()
    local.remove()
    throw error
  }
}

/** Parquet is read again sooner than it is copied, and unpacks to many times its size. */
function worthHolding({format, files}: Source, {heldBytes = HELD_BYTES}: TableLimits): boolean {
  return format !== 'parquet' && files.reduce((sum, {size}) => sum + size, 0) <= heldBytes
}

async function typesOf(source: Source, database: Database, kinds: TableRequest['kinds']): Promise<Map<string, string>> {
  if (source.format === 'csv') return sniffTypes(source, database, kinds ?? new Map())
  const described = await database.rows(`DESCRIBE SELECT * FROM ${source.relation(new Map())}`)
  return new Map(described.map(row => [String(row.column_name), String(row.column_type)]))
}

function tableOf(source: Source, database: Database, reading: Reading, draft: string | undefined): Table {
  const {attempt, relation} = reading
  const rowCount = async () =>
    (await reading.rows()) ?? reading.confirmed(Number((await reading.select(from => `SELECT count(*) AS n FROM ${from}`))[0].n))
  const chosen = (names: readonly string[]) => {
    refuseUnknown(source, names)
    return () => reading.columns().filter(column => names.includes(column.name))
  }
  return {
    files: source.files,
    names: source.names,
    rowsAbout: source.rowsAbout,
    columns: () => provenColumns(reading),
    rowCount,
    fetch: async (names = source.names) => {
      const columns = chosen(names)
      const expected = Math.min(MOST_EXPECTED, Math.ceil(1.05 * source.rowsAbout))
      const fetched = await attempt(() => fetchColumns(database, relation(false), columns(), expected))
      reading.checked(names)
      reading.confirmed(fetched.rows)
      return fetched
    },
    measure: build => measure(build, reading, database),
    select: reading.select,
    locate: rows => locate(source, database, rows),
    rowHashes: async names => {
      const columns = chosen(names)
      return attempt(() => fetchHashes(database, relation(false), columns()))
    },
    writePredictions: async (added, begun) => {
      if (draft === undefined) throw new Error('no folder was named for predictions')
      const rows = await rowCount()
      const {names} = source
      return attempt(() => writePredictions({database, relation: relation(false), rows, names, added, draft, begun}))
    },
    digests: () => digestsOf(source, []),
    close: () => {
      source.close?.()
      database.close()
    }
  }
}

/** The columns, when every cell has been read as what its column is said to hold. */
async function provenColumns(reading: Reading): Promise<readonly Column[]> {
  const open = reading.unchecked()
  if (open.length === 0) return reading.columns()
  const [row] = await reading.select(
    from => `SELECT count(*) AS n, ${open.map(name => `count(${identifier(name)})`).join(', ')} FROM ${from}`
  )
  reading.confirmed(Number(row.n))
  reading.checked(open)
  return reading.columns()
}

/** All aggregates, as many in one pass as DuckDB does well; each pass counts its rows, and reads every cell of some columns not yet proven. */
async function measure(
  build: (columns: readonly Column[]) => readonly Aggregate[],
  reading: Reading,
  database: Database
): Promise<Readonly<Record<string, Cell>>> {
  const results: Record<string, Cell> = {}
  const pass = async (start: number) => {
    const wanted = build(reading.columns()).slice(start, start + BATCH)
    if (wanted.length === 0) return undefined
    const open = reading.unchecked().slice(0, BATCH_COLUMNS)
    const every = open.map(name => `, count(${identifier(name)})`).join('')
    const sql = wanted.map((aggregate, index) => `${aggregate.sql} AS a${index}`).join(', ')
    const [row] = await database.rows(`SELECT count(*) AS n, ${sql}${every} FROM ${reading.relation(false)}`)
    return {row, wanted, open}
  }
  for (let start = 0; ; start += BATCH) {
    const passed = await reading.attempt(() => pass(start))
    if (passed === undefined) return results
    reading.confirmed(Number(passed.row.n))
    reading.checked(passed.open)
    passed.wanted.forEach(({key}, index) => {
      results[key] = passed.row[`a${index}`]
    })
  }
}

function refuseUnknown(source: Source, names: readonly string[]): void {
  const unknown = names.find(name => !source.names.includes(name))
  if (unknown !== undefined)
    throw new UserError(`${source.files[0].name}: there is no column ${unknown}`, {
      hint: `Columns: ${source.names.slice(0, 50).join(', ')}`,
      kind: 'usage'
    })
}

async function digestsOf({files, surveys}: Source, partials: readonly Partial[]): Promise<readonly DataDigest[]> {
  const digests: DataDigest[] = []
  const known = await surveys
  for (const [index, file] of files.entries()) {
    const partial = partials.find(({path}) => path === file.path)
    digests.push(partial ? namedDigest(partial) : {name: file.name, ...unchanged(file, known?.[index] ?? (await sha256File(file.path)))})
  }
  return digests
}

function namedDigest({name, sha256, size, here}: Partial): DataDigest {
  return {name, sha256, size, ...(here() < size && {named: `${megabytes(here())} of ${megabytes(size)} MB`})}
}

function unchanged(file: SourceFile, {sha256, size}: FileDigest): FileDigest {
  const now = statSync(file.path, {bigint: true})
  if (size === file.size && now.mtimeNs === file.modifiedNs) return {sha256, size}
  throw new UserError(`${file.name}: changed while it was read`, {hint: 'Let what writes it end first.', at: {file: file.name}})
}

/** The digest of a table: of one file its SHA-256; of several SHA-256 over `trainyard-data/v1 LF` and, sorted, `name NUL sha256 LF`. */
export function dataDigest(digests: readonly Pick<DataDigest, 'name' | 'sha256'>[]): string {
  if (digests.length === 1) return digests[0].sha256
  const hash = createHash('sha256').update('trainyard-data/v1\n')
  for (const line of digests.map(({name, sha256}) => `${name}\0${sha256}\n`).sort()) hash.update(line)
  return hash.digest('hex')
}

import type {DuckDBConnection, DuckDBDataChunk} from '@duckdb/node-api'
import {duckdb} from '#shared/engines'
import {messageOf, UserError} from '#shared/errors'
import {list, literal} from './sql.js'

/** What a query may spend, and where it may write what does not fit into memory. */
export interface TableLimits {
  readonly tempDir: string
  /** bytes of memory for DuckDB's buffers; default 1 GiB */
  readonly memoryBytes?: number
  /** default 2 */
  readonly threads?: number
  /** size of all files up to which their rows are held, in memory or on temporary disk, where they are read twice; default 512 MiB */
  readonly heldBytes?: number
  /** of one query; default 15 minutes */
  readonly timeoutMs?: number
}

interface Growing {
  /** the files get more of their bytes while they are open, so that none may be remembered */
  readonly growing?: boolean
}

/** A number, text, boolean, list of those, or null for SQL's NULL; 64-bit integers come as numbers. */
export type Cell = number | string | boolean | null | readonly Cell[]
export type Row = Readonly<Record<string, Cell>>

export interface Database {
  /** All rows of a small result. */
  rows(sql: string): Promise<readonly Row[]>
  /** The chunks of `SELECT cells FROM relation`, in order, each valid until the next is asked for. Never ends early without throwing. */
  chunks(cells: readonly string[], relation: string): AsyncIterable<{readonly chunk: DuckDBDataChunk; readonly rows: number}>
  /** Fills a new table in memory, chunk by chunk. */
  append(table: string, fill: (chunk: (rows: number) => DuckDBDataChunk, add: (chunk: DuckDBDataChunk) => void) => void): Promise<void>
  /** Stops the query that runs, if one does. */
  interrupt(): void
  /** Stops the query that runs, if one does, and closes when that has ended. */
  close(): void
}

const MEMORY_BYTES = 1 << 30
const TIMEOUT_MS = 15 * 60_000

/**
 * A DuckDB in memory that can open only `paths`, has no extension, no network, no other file, and whose settings are locked.
 * It runs in this process: its work is asynchronous on its own threads, its memory bounded by `memory_limit`, its time by an interrupt.
 */
export async function openDatabase(paths: readonly string[], limits: TableLimits & Growing): Promise<Database> {
  const engine = await duckdb()
  const instance = await engine.DuckDBInstance.create(':memory:', {
    memory_limit: `${Math.ceil((limits.memoryBytes ?? MEMORY_BYTES) / 1024)}KiB`,
    threads: String(limits.threads ?? 2),
    temp_directory: limits.tempDir,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_unsigned_extensions: 'false'
  })
  const connection = await instance.connect()
  await connection.run(`SET allowed_paths = ${list(paths.map(literal))}`)
  await connection.run('SET enable_external_access = false')
  if (limits.growing) await connection.run('SET enable_external_file_cache = false')
  await connection.run('SET lock_configuration = true')
  const timeoutMs = limits.timeoutMs ?? TIMEOUT_MS
  let open = true
  let asked = 0
  const end = () => {
    connection.closeSync()
    instance.closeSync()
  }
  const session: Session = {
    connection,
    ask: async work => {
      if (!open) throw new Error('the database is closed')
      asked++
      try {
        return await work()
      } finally {
        asked--
        if (!open && asked === 0) end()
      }
    }
  }
  return {
    rows: sql => guarded(session, timeoutMs, async () => (await connection.runAndReadAll(sql)).getRowObjectsJS().map(toRow)),
    chunks: (cells, relation) => stream(session, {cells, relation}, timeoutMs),
    append: (table, fill) =>
      guarded(session, timeoutMs, async () => {
        const appender = await connection.createAppender(table)
        const types = Array.from({length: appender.columnCount}, (_, index) => appender.columnType(index))
        fill(
          rows => engine.DuckDBDataChunk.create(types, rows),
          chunk => appender.appendDataChunk(chunk)
        )
        appender.closeSync()
      }),
    interrupt: () => {
      if (open) connection.interrupt()
    },
    close: () => {
      if (!open) return
      open = false
      // Closed below a query that runs, the engine hangs or crashes.
      if (asked === 0) end()
      else connection.interrupt()
    }
  }
}

interface Session {
  readonly connection: DuckDBConnection
  /** work that the database waits for before it closes; none is begun after that */
  readonly ask: <T>(work: () => Promise<T>) => Promise<T>
}

// A result that is streamed drops the error that ends it, and would read as a shorter table: so a last row says that it is whole.
async function* stream(session: Session, {cells, relation}: {cells: readonly string[]; relation: string}, timeoutMs: number) {
  const deadline = performance.now() + timeoutMs
  const left = () => Math.max(1, deadline - performance.now())
  const end = [...cells.map(() => 'NULL'), 'true'].join(', ')
  const sql = `SELECT ${[...cells, 'false'].join(', ')} FROM ${relation} UNION ALL SELECT ${end}`
  const result = await guarded(session, left(), () => session.connection.stream(sql))
  for (;;) {
    const chunk = await guarded(session, left(), () => result.fetchChunk())
    if (chunk === null || chunk.rowCount === 0) break
    const whole = chunk.getColumnVector(cells.length).getItem(chunk.rowCount - 1) === true
    const rows = whole ? chunk.rowCount - 1 : chunk.rowCount
    if (rows > 0) yield {chunk, rows}
    if (whole) return
  }
  if (performance.now() >= deadline) throw tooSlow(timeoutMs)
  await guarded(session, left(), () => session.connection.run(`SELECT ${cells.map(cell => `count(${cell})`).join(', ')} FROM ${relation}`))
  throw new Error('DuckDB ended a stream early and gave no reason')
}

async function guarded<T>({connection, ask}: Session, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    connection.interrupt()
  }, timeoutMs)
  try {
    return await ask(work)
  } catch (error) {
    if (late) throw tooSlow(timeoutMs)
    throw outOfMemory(error) ?? error
  } finally {
    clearTimeout(timer)
  }
}

function tooSlow(timeoutMs: number): UserError {
  return new UserError(`The data: one pass took longer than ${Math.round(timeoutMs / 1000)} s and was stopped`, {
    hint: 'Use fewer or smaller files, or Parquet instead of CSV.'
  })
}

function outOfMemory(error: unknown): UserError | undefined {
  const message = messageOf(error)
  if (!/Out of Memory|could not allocate|failed to allocate|failed to offload|No space left/i.test(message)) return undefined
  return new UserError(`The data: one pass needs more memory or temporary disk than it may use: ${message.split('\n')[0]}`, {
    hint: 'Use a runner with more memory and disk, or fewer and smaller files.',
    cause: error
  })
}

function toRow(row: Readonly<Record<string, unknown>>): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toCell(value)]))
}

function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(toCell)
  return value instanceof Date ? value.toISOString() : String(value)
}

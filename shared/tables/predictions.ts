import {existsSync} from 'node:fs'
import {rename, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {setTimeout} from 'node:timers/promises'
import type {DuckDBDataChunk} from '@duckdb/node-api'
import {messageOf, UserError} from '#shared/errors'
import {type FileDigest, sha256File} from '#shared/files'
import type {Database} from './database.js'
import {identifier, literal} from './sql.js'

/** A column to add: numbers, NaN where missing, or texts. */
export type AddedColumn = Float64Array | readonly string[]

export interface WriteRequest {
  readonly database: Database
  readonly relation: string
  readonly rows: number
  readonly names: readonly string[]
  readonly added: Readonly<Record<string, AddedColumn>>
  /** as `draftIn` names it; the database may write there */
  readonly draft: string
  /** called when all that is left is the engine's work */
  readonly begun?: () => void
}

const CHUNK_ROWS = 2048

/** Of a row group; trying columns of more values for a dictionary costs more than writing them. */
const DICTIONARY_VALUES = 1000

export function draftIn(folder: string): string {
  return join(folder, `predictions-${process.pid}-${Math.trunc(performance.now())}.partial`)
}

/**
 * Writes a table with added columns, one value a row in file order, to `predictions-<12 hex of its sha256>.parquet` in the folder of the draft.
 * Throws UserError when an added name is already a column, and when the folder can't take the file; nothing half-written is left.
 */
export async function writePredictions(request: WriteRequest): Promise<FileDigest & {readonly path: string}> {
  const {added, rows, names, draft} = request
  const folder = dirname(draft)
  for (const [name, values] of Object.entries(added)) {
    if (values.length !== rows) throw new Error(`${name}: ${values.length} values for ${rows} rows`)
    if (names.some(column => column.toLowerCase() === name.toLowerCase()))
      throw new UserError(`The data has a column ${name} already, which the predictions need`, {hint: 'Rename that column.', kind: 'usage'})
  }
  try {
    await copy(request)
    const digest = await sha256File(draft)
    const path = join(folder, `predictions-${digest.sha256.slice(0, 12)}.parquet`)
    await rename(draft, path)
    return {...digest, path}
  } catch (error) {
    // The rows are sound: it is the place that refuses.
    if (error instanceof UserError || !messageOf(error).includes(draft)) throw error
    throw new UserError(
      `${folder}: the predictions could not be written (${messageOf(error).split('\n')[0].replaceAll(draft, 'its file')})`,
      {
        hint: 'Free some space there, or let the user of this runner write there.',
        cause: error
      }
    )
  } finally {
    await rm(draft, {force: true})
  }
}

async function copy({database, relation, added, rows, names, draft, begun}: WriteRequest): Promise<void> {
  const columns = Object.entries(added)
  const types = columns.map(([name, values]) => `${identifier(name)} ${values instanceof Float64Array ? 'DOUBLE' : 'VARCHAR'}`)
  await database.rows(`CREATE OR REPLACE TABLE added (${types.join(', ')})`)
  await database.append('added', (make, add) => {
    for (let start = 0; start < rows; start += CHUNK_ROWS) {
      const end = Math.min(rows, start + CHUNK_ROWS)
      const chunk = make(end - start)
      for (const [index, [, values]] of columns.entries()) setCells(chunk, index, values.slice(start, end))
      add(chunk)
    }
  })
  const select = [...names.map(name => `t.${identifier(name)}`), ...columns.map(([name]) => `a.${identifier(name)}`)].join(', ')
  const writing = database.rows(
    `COPY (SELECT ${select} FROM ${relation} t POSITIONAL JOIN added a) TO ${literal(draft)} (FORMAT parquet, DICTIONARY_SIZE_LIMIT ${DICTIONARY_VALUES})`
  )
  writing.catch(() => undefined)
  if (begun) await Promise.race([writing, fileAt(draft)]).then(begun)
  await writing
}

async function fileAt(path: string): Promise<void> {
  for (let tries = 0; tries < 500 && !existsSync(path); tries++) await setTimeout(2)
}

function setCells(chunk: DuckDBDataChunk, column: number, values: AddedColumn): void {
  const vector = chunk.getColumnVector(column)
  // Whole numbers and fractions are copied at once; only where one is missing must each cell say so.
  if (values instanceof Float64Array && !values.includes(Number.NaN) && 'items' in vector && vector.items instanceof Float64Array) {
    vector.items.set(values)
    vector.flush()
  } else chunk.setColumnValues(column, Array.from(values, orNull))
}

function orNull(value: number | string): number | string | null {
  return typeof value === 'number' && Number.isNaN(value) ? null : value
}

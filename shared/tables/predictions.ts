import {existsSync} from 'node:fs'
import {rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout} from 'node:timers/promises'
import type {DuckDBDataChunk} from '@duckdb/node-api'
import {messageOf, UserError} from '#shared/errors'
import {type FileDigest, sha256File} from '#shared/files'
import {openDatabase, type TableLimits} from './database.js'
import {identifier, literal} from './sql.js'

/** A column to add: numbers, NaN where missing, or texts. */
export type AddedColumn = Float64Array | readonly string[]

export interface WriteRequest {
  /** absolute paths that `relation` reads */
  readonly paths: readonly string[]
  readonly relation: string
  readonly rows: number
  readonly names: readonly string[]
  readonly added: Readonly<Record<string, AddedColumn>>
  readonly folder: string
  readonly limits: TableLimits
  /** called when all that is left is the engine's work */
  readonly begun?: () => void
}

const CHUNK_ROWS = 2048

/** Of a row group; trying columns of more values for a dictionary costs more than writing them. */
const DICTIONARY_VALUES = 1000

/**
 * Writes a table with added columns, one value a row in file order, to `<folder>/predictions-<12 hex of its sha256>.parquet`.
 * Throws UserError when an added name is already a column, and when the folder can't take the file; nothing half-written is left.
 */
export async function writePredictions(request: WriteRequest): Promise<FileDigest & {readonly path: string}> {
  const {added, rows, names, folder} = request
  for (const [name, values] of Object.entries(added)) {
    if (values.length !== rows) throw new Error(`${name}: ${values.length} values for ${rows} rows`)
    if (names.some(column => column.toLowerCase() === name.toLowerCase()))
      throw new UserError(`The data has a column ${name} already, which the predictions need`, {hint: 'Rename that column.', kind: 'usage'})
  }
  const draft = join(folder, `predictions-${process.pid}-${Math.trunc(performance.now())}.partial`)
  try {
    await copy(request, draft)
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

async function copy({paths, relation, added, rows, names, limits, begun}: WriteRequest, draft: string): Promise<void> {
  const database = await openDatabase([...paths, draft], limits)
  const columns = Object.entries(added)
  try {
    await database.rows(
      `CREATE TABLE added (${columns.map(([name, values]) => `${identifier(name)} ${values instanceof Float64Array ? 'DOUBLE' : 'VARCHAR'}`).join(', ')})`
    )
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
  } finally {
    database.close()
  }
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

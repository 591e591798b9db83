import {readSync} from 'node:fs'
import type {Span} from '#shared/s3/download'
import type {Database} from './database.js'
import {pageOf} from './parquet-footer.js'
import {literal} from './sql.js'

/** Where a column lies in a row group: its pages, from the first to where another column begins. */
export interface Chunk {
  readonly column: string
  readonly pages: Span
  /** that are read of it at most */
  readonly values: number
}

const MOST_CHUNKS = 200_000
/** of a page: statistics of long texts stand in it */
const HEADER_BYTES = [1 << 10, 16 << 10, 256 << 10, 2 << 20, 16 << 20]

/**
 * Where the cells of each column lie in a Parquet file, as its footer has it, by the column's name in DuckDB. Reads nothing but the footer; undefined
 * where that leaves open what lies where.
 */
export async function readChunks(database: Database, path: string, footerAt: number): Promise<readonly Chunk[] | undefined> {
  const file = literal(path)
  const described = await database.rows(`DESCRIBE SELECT * FROM read_parquet(${file})`)
  const owners = ownersOf(await database.rows(`SELECT type, num_children FROM parquet_schema(${file})`), described.length)
  const rows = await database.rows(
    `SELECT column_id, greatest(num_values, row_group_num_rows) AS cells, dictionary_page_offset AS first, data_page_offset AS data, total_compressed_size AS size FROM parquet_metadata(${file}) LIMIT ${MOST_CHUNKS + 1}`
  )
  if (owners === undefined || rows.length > MOST_CHUNKS) return undefined
  const starts = rows.map(({first, data}) => Number(first) || Number(data))
  const limits = [...new Set([...starts, footerAt])].sort((a, b) => a - b)
  const next = new Map(limits.map((start, index) => [start, limits[index + 1]]))
  const chunks = rows.map(({column_id, cells, data, size}, index): Chunk | undefined => {
    const from = starts[index]
    const end = next.get(from) ?? 0
    const plain = from >= 4 && from <= Number(data) && Number(data) < end && from + Number(size) <= end
    const column = described[owners[Number(column_id)] ?? -1]?.column_name
    const values = Number(cells)
    return plain && Number.isSafeInteger(values) && typeof column === 'string' ? {column, pages: {from, end}, values} : undefined
  })
  return chunks.some(chunk => chunk === undefined) ? undefined : chunks.flatMap(chunk => chunk ?? [])
}

/**
 * Whether the pages of a chunk, read one after the other until all its values are there as DuckDB does, end where it ends: else cells would come from
 * bytes that are not its own, and are perhaps not here.
 */
export function endsAsSaid(descriptor: number, {pages, values}: Chunk): boolean {
  let at = pages.from
  for (let left = values; left > 0; ) {
    const page = readPage(descriptor, at, pages.end)
    if (page === undefined || at + page.bytes > pages.end) return false
    at += page.bytes
    left -= page.values
  }
  return true
}

function readPage(descriptor: number, at: number, end: number) {
  for (const most of HEADER_BYTES) {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(most, end - at)))
    const page = pageOf(bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, at)))
    if (page !== undefined) return page
  }
  return undefined
}

/** The column of each leaf of the schema, which stands in preorder below its root, by their numbers. */
function ownersOf(elements: readonly Readonly<Record<string, unknown>>[], columns: number): readonly number[] | undefined {
  const owners: number[] = []
  let at = 1
  for (let column = 0; column < columns; column++) {
    for (let open = 1; open > 0; open--, at++) {
      const element = elements[at]
      if (element === undefined) return undefined
      if (element.type === null) open += Number(element.num_children)
      else owners.push(column)
    }
  }
  return at === elements.length ? owners : undefined
}

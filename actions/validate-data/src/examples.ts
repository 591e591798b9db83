import type {Rule} from '#shared/contracts/rule'
import type {Column} from '#shared/tables/column'
import type {Cell} from '#shared/tables/database'
import type {Place} from '#shared/tables/locate'
import type {Table} from '#shared/tables/table'
import {firstDuplicates} from './duplicates.js'
import {quoted} from './sql.js'

/** The first rows that break a rule. */
export interface Examples {
  /** numbers over all files, from 1, rising */
  readonly rows: readonly number[]
  /** what stands there, of the first rows, as text */
  readonly values: readonly (string | null)[]
}

const MOST = 10

/** The first rows that break each of the rules, all in one pass and with nothing kept but these; sets of equal rows in one more each. */
export async function findExamples(
  table: Table,
  broken: readonly {rule: Rule; offends?: string}[],
  showRows: number
): Promise<ReadonlyMap<string, Examples>> {
  const found = new Map<string, Examples>()
  const cells = broken.filter(({offends}) => offends !== undefined)
  for (let start = 0; start < cells.length; start += 64) await findCells(table, cells.slice(start, start + 64), showRows, found)
  for (const {rule} of broken) {
    if (rule.measure.kind === 'duplicates') found.set(rule.id, {rows: await firstDuplicates(table, rule.measure.columns, MOST), values: []})
  }
  return found
}

async function findCells(
  table: Table,
  cells: readonly {rule: Rule; offends?: string}[],
  showRows: number,
  found: Map<string, Examples>
): Promise<void> {
  const picks = (columns: readonly Column[]) =>
    cells.flatMap(({rule, offends}, index) => {
      const name = 'column' in rule.measure ? rule.measure.column : undefined
      const shown = textSql(columns.find(column => column.name === name))
      const rows = `min("#", ${MOST}) FILTER (${offends}) AS r${index}`
      return showRows > 0
        ? [rows, `arg_min(coalesce('=' || left(${shown}, 200), ''), "#", ${showRows}) FILTER (${offends}) AS v${index}`]
        : [rows]
    })
  const [row] = await table.select((from, columns) => `SELECT ${picks(columns).join(', ')} FROM ${from}`, {numbered: true})
  cells.forEach(({rule}, index) => {
    const values = listOf(row[`v${index}`]).map(value => (value === '' ? null : String(value).slice(1)))
    found.set(rule.id, {rows: listOf(row[`r${index}`]).map(Number), values})
  })
}

/** A cell as text; whole numbers as they are written. */
function textSql(column: Column | undefined): string {
  if (column === undefined) return 'NULL'
  const cell = quoted(column.name)
  if (column.kind !== 'number') return `${cell}::VARCHAR`
  return `CASE WHEN abs(${cell}) < 1e15 AND ${cell} = trunc(${cell}) THEN ${cell}::BIGINT::VARCHAR ELSE ${cell}::VARCHAR END`
}

function listOf(cell: Cell | undefined): readonly Cell[] {
  return Array.isArray(cell) ? cell : []
}

/** `rows 3, 17 (line 21) and 40`; of several files `a.csv rows 3, 17; b.csv row 2 and 5 more`. Rows are of the data: a header is none. */
export function placesText(
  rows: readonly number[],
  places: ReadonlyMap<number, Place>,
  {files, total}: {files: number; total: number}
): string {
  const rest = total - rows.length
  const more = rest > 0 ? ` and ${rest.toLocaleString('en-US')} more` : ''
  if (files === 1) return `${rowsText(rows, places, more === '')}${more}`
  const fileOf = (row: number) => places.get(row)?.file ?? ''
  const byFile = [...new Set(rows.map(fileOf))].map(file => {
    const own = rows.filter(row => fileOf(row) === file)
    return `${file} ${rowsText(own, places, false)}`.trimStart()
  })
  return `${byFile.join('; ')}${more}`
}

function rowsText(rows: readonly number[], places: ReadonlyMap<number, Place>, closed: boolean): string {
  const shown = rows.map(row => {
    const place = places.get(row)
    const odd = place?.line !== undefined && place.line !== place.row + 1 ? ` (line ${place.line})` : ''
    return `${place?.row ?? row}${odd}`
  })
  const list = closed && shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : shown.join(', ')
  return `${rows.length > 1 ? 'rows' : 'row'} ${list}`
}

import type {Column} from '#shared/tables/column'
import type {Cell} from '#shared/tables/database'
import type {Table} from '#shared/tables/table'
import {type Spread, spreadOf} from './moments.js'
import {type Sample, sampleOf} from './quantiles.js'
import {quoted} from './sql.js'

/** What the first rows say of how each column is best measured. A function of the bytes alone, as all that follows from it. */
export interface FirstRows {
  /** columns of at most 100 values, which are listed */
  readonly few: ReadonlySet<string>
  /** columns of numbers with so few values that each is counted, and all else follows from the counts */
  readonly counted: ReadonlySet<string>
  /** columns with so few values that counting the distinct costs little memory */
  readonly countable: ReadonlySet<string>
  /** of columns of numbers */
  readonly spreads: ReadonlyMap<string, Spread>
  readonly sample: Sample
}

/** columns whose profile is worth a pass over a wide table */
export const MOST_DETAILED = 500

const ROWS = 10_000
const FEW = 100
const COUNTED = 1000
/** above this size distinct values are counted only where the first rows have few */
const SMALL_BYTES = 32 << 20

/** Looks at the first rows, since what a column costs to measure must be known before it is measured. */
export async function readFirstRows(table: Table): Promise<FirstRows> {
  const names = table.names.slice(0, MOST_DETAILED)
  const build = (from: string, columns: readonly Column[]) => `SELECT ${looks(names, columns)} FROM (SELECT * FROM ${from} LIMIT ${ROWS})`
  const [row] = await table.select(build, {early: true})
  const distinct = new Map(names.map((name, index) => [name, Number(row[`c${index}`])]))
  const below = (most: number) => new Set(names.filter(name => (distinct.get(name) ?? 0) <= most))
  const small = table.files.reduce((sum, file) => sum + file.size, 0) <= SMALL_BYTES
  // Where rows repeat, a sample by their hash would hold few of them many times.
  const alike = Number(row.d) < Number(row.n) / 5
  return {
    few: below(FEW),
    counted: below(alike ? ROWS : COUNTED),
    countable: small ? new Set(names) : below(ROWS / 4),
    spreads: new Map(names.map((name, index) => [name, spreadOf(numbersOf(row[`q${index}`]))])),
    sample: sampleOf(table.rowsAbout, distinct)
  }
}

function looks(names: readonly string[], columns: readonly Column[]): string {
  const cells = names.flatMap((name, index) => {
    const cell = `${quoted(name)}::DOUBLE`
    const spread = `quantile_disc(CASE WHEN isfinite(${cell}) THEN ${cell} END, [0, 0.05, 0.5, 0.95, 1]) AS q${index}`
    const number = columns.some(column => column.name === name && column.kind === 'number')
    return [`count(DISTINCT ${quoted(name)}) AS c${index}`, ...(number ? [spread] : [])]
  })
  return [...cells, 'count(*) AS n', `count(DISTINCT hash(${names.map(quoted).join(', ')})) AS d`].join(', ')
}

function numbersOf(cell: Cell | undefined): readonly number[] {
  return Array.isArray(cell) ? cell.map(Number) : []
}

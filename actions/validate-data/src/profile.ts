import {UserError} from '#shared/errors'
import type {Fact, Figure} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import type {Column, ColumnKind} from '#shared/tables/column'
import type {Cell} from '#shared/tables/database'
import type {Aggregate, Table} from '#shared/tables/table'
import {quoted} from './sql.js'

export const PROFILE_SCHEMA = 'urn:trainyard:profile:v1'

/** What a table looks like, to be kept and compared with later. Counts, ends and means are exact; quantiles of large tables are estimates. */
export interface Profile {
  readonly schema: typeof PROFILE_SCHEMA
  readonly rows: number
  readonly columns: readonly ColumnProfile[]
}

export interface ColumnProfile {
  readonly name: string
  readonly kind: ColumnKind
  readonly missing: number
  /** exact; absent where a large table's column has too many values to count beside the rest */
  readonly distinct?: number
  readonly min?: number | null
  readonly max?: number | null
  readonly mean?: number | null
  readonly sd?: number | null
  /** by level, the order statistic at or below it; beyond 16,384 rows of a random sample of as many */
  readonly quantiles?: Readonly<Record<string, number | null>>
  /** every value with its rows, most first, where there are at most 100 */
  readonly values?: readonly {readonly value: string; readonly n: number}[]
}

const LEVELS = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
const SAMPLE_ROWS = 10_000
const RESERVOIR_ROWS = 16_384
const FEW = 100
/** above this size distinct values are counted only where the first rows have few */
const SMALL_BYTES = 32 << 20
/** columns whose quantiles are worth a pass over a wide table */
const MOST_DETAILED = 500

/** Which columns have few enough values to count them: `few` at most 100, `countable` so few that counting costs little memory. */
export interface Cardinality {
  readonly few: ReadonlySet<string>
  readonly countable: ReadonlySet<string>
}

/** Looks at the first rows, since what a column costs to count must be known before it is counted. */
export async function sampleCardinality(table: Table): Promise<Cardinality> {
  const names = table.names.slice(0, MOST_DETAILED)
  const small = table.files.reduce((sum, file) => sum + file.size, 0) <= SMALL_BYTES
  const [row] = await table.select(
    from =>
      `SELECT ${names.map((name, index) => `count(DISTINCT ${quoted(name)}) AS c${index}`).join(', ')} FROM (SELECT * FROM ${from} LIMIT ${SAMPLE_ROWS})`
  )
  const below = (most: number) => new Set(names.filter((_, index) => Number(row[`c${index}`]) <= most))
  return {few: below(FEW), countable: small ? new Set(names) : below(SAMPLE_ROWS / 4)}
}

/** The aggregates that a profile is made of. */
export function profileAggregates(columns: readonly Column[], {few, countable}: Cardinality): readonly Aggregate[] {
  const own = columns.slice(0, MOST_DETAILED).flatMap(({name, kind}) => {
    const cell = quoted(name)
    const numbers: readonly (readonly [string, string])[] =
      kind === 'number'
        ? [
            ['min', `min(${cell})::DOUBLE`],
            ['max', `max(${cell})::DOUBLE`],
            ['mean', `avg(${cell})`],
            ['sd', `stddev_samp(${finiteOf(cell)})`],
            ['quantiles', `reservoir_quantile(${finiteOf(cell)}, ${JSON.stringify(LEVELS)}, ${RESERVOIR_ROWS})`]
          ]
        : []
    const values: readonly (readonly [string, string])[] =
      kind !== 'number' && few.has(name)
        ? [
            ['values', `map_keys(histogram(${cell}::VARCHAR))`],
            ['counts', `map_values(histogram(${cell}::VARCHAR))`]
          ]
        : countable.has(name)
          ? [['distinct', `count(DISTINCT ${cell})`]]
          : []
    return [['present', `count(${cell})`] as const, ...numbers, ...values].map(([part, sql]) => ({key: keyOf(part, name), sql}))
  })
  return [{key: ROWS, sql: 'count(*)'}, ...own]
}

/** Cheaper than a FILTER, for which DuckDB slices every column of the pass once more. */
const finiteOf = (cell: string) => `CASE WHEN isfinite(${cell}::DOUBLE) THEN ${cell}::DOUBLE END`

export const ROWS = 'profile rows'
const keyOf = (part: string, name: string) => `profile ${part} ${name}`

/** The profile that the aggregates add up to. */
export function profileOf(columns: readonly Column[], measured: Readonly<Record<string, Cell>>): Profile {
  const rows = Number(measured[ROWS])
  const detailed = columns.filter(({name}) => keyOf('present', name) in measured)
  return {
    schema: PROFILE_SCHEMA,
    rows,
    columns: detailed.map(column => columnProfile(column, rows, part => measured[keyOf(part, column.name)]))
  }
}

function columnProfile({name, kind}: Column, rows: number, read: (part: string) => Cell | undefined): ColumnProfile {
  const base = {name, kind, missing: rows - Number(read('present'))}
  const values = valuesOf(read('values'), read('counts'))
  const distinct = values?.length ?? (read('distinct') === undefined ? undefined : Number(read('distinct')))
  const counted = {...base, ...(distinct !== undefined && {distinct}), ...(values && values.length <= FEW && {values})}
  if (kind !== 'number') return counted
  const quantiles = read('quantiles')
  return {
    ...counted,
    min: finite(read('min')),
    max: finite(read('max')),
    mean: finite(read('mean')),
    sd: finite(read('sd')),
    ...(Array.isArray(quantiles) && {
      quantiles: Object.fromEntries(LEVELS.map((level, index) => [String(level), finite(quantiles[index])]))
    })
  }
}

function finite(value: Cell | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function valuesOf(values: Cell | undefined, counts: Cell | undefined): readonly {value: string; n: number}[] | undefined {
  if (values === null && counts === null) return []
  if (!Array.isArray(values) || !Array.isArray(counts)) return undefined
  const pairs = values.map((value, index) => ({value: String(value), n: Number(counts[index])}))
  return pairs.sort((a, b) => b.n - a.n || (a.value < b.value ? -1 : 1))
}

/** A stored profile. Throws UserError on what is none. */
export function parseProfile(text: string, file: string): Profile {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    document = undefined
  }
  if (isProfile(document)) return document
  throw new UserError(`${file}: is no profile`, {
    hint: `A profile is the JSON file that validate-data wrote (schema ${PROFILE_SCHEMA}).`,
    at: {file},
    kind: 'usage'
  })
}

function isProfile(value: unknown): value is Profile {
  if (typeof value !== 'object' || value === null || !('schema' in value) || value.schema !== PROFILE_SCHEMA) return false
  if (!('rows' in value) || !isCount(value.rows) || !('columns' in value) || !Array.isArray(value.columns)) return false
  return value.columns.every((column: unknown) => {
    if (typeof column !== 'object' || column === null || !('name' in column) || !('missing' in column)) return false
    const numbers = ['distinct', 'min', 'max', 'mean', 'sd'].map(part => (part in column ? Reflect.get(column, part) : null))
    return typeof column.name === 'string' && isCount(column.missing) && numbers.every(number => number === null || Number.isFinite(number))
  })
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

const MOST_FACTS = 40

/** A line a column, for the report's table. */
export function profileFacts({rows, columns}: Profile, files: number): readonly Fact[] {
  const lines = columns.slice(0, MOST_FACTS).map(column => ({name: column.name, value: columnLine(column, rows)}))
  return [
    {name: 'rows', value: rows, unit: 'count'},
    {name: 'columns', value: columns.length, unit: 'count'},
    {name: 'files', value: files, unit: 'count'},
    ...lines
  ]
}

function columnLine({kind, missing, distinct, min, max, mean, values}: ColumnProfile, rows: number): string {
  const parts: string[] = [kind]
  if (kind === 'number' && typeof min === 'number' && typeof max === 'number') parts.push(`${formatNumber(min)} to ${formatNumber(max)}`)
  if (kind === 'number' && typeof mean === 'number') parts.push(`mean ${formatNumber(mean)}`)
  if (distinct !== undefined)
    parts.push(
      `${formatNumber(distinct)} distinct${values && values.length > 0 && values.length <= 3 ? ` (${values.map(one => one.value).join(', ')})` : ''}`
    )
  parts.push(missing === 0 ? 'none missing' : missing === rows ? 'all missing' : `${formatNumber(missing)} missing`)
  return parts.join(', ')
}

/** Share of missing cells, of the columns that have any. */
export function missingFigure({rows, columns}: Profile): readonly Figure[] {
  const lacking = columns.filter(({missing}) => missing > 0).sort((a, b) => b.missing - a.missing)
  if (lacking.length === 0 || rows === 0) return []
  const shown = lacking.slice(0, 30)
  const series = {name: 'missing', x: shown.map(({name}) => name), y: shown.map(({missing}) => missing / rows), n: shown.map(() => rows)}
  return [{kind: 'bars', id: 'missing', title: 'Missing cells by column', xLabel: 'column', yLabel: 'share missing', series: [series]}]
}

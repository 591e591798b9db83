import {UserError} from '#shared/errors'
import type {Column, ColumnKind} from '#shared/tables/column'
import type {Cell} from '#shared/tables/database'
import type {Aggregate} from '#shared/tables/table'
import {type FirstRows, MOST_DETAILED} from './first-rows.js'
import {momentsOf, momentsOfCounts, momentsSql, type Spread, type Summed, widerSpread} from './moments.js'
import {isWhole, LEVELS, quantilesMethod, quantilesOfCounts, quantilesSql, resample, sampledSql} from './quantiles.js'
import {quoted} from './sql.js'

export const PROFILE_SCHEMA = 'urn:trainyard:profile:v1'

const FEW = 100
const NO_SPREAD: Spread = {centre: 0, exponent: 0}

/**
 * What a table looks like, to be kept and compared with later: the same bytes for the same data, whatever the threads. Counts, ends and means are
 * exact; quantiles of large tables are those of a sample.
 */
export interface Profile {
  readonly schema: typeof PROFILE_SCHEMA
  readonly rows: number
  /** how figures were found, in words */
  readonly methods?: {readonly quantiles: string; readonly moments: string}
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
  /** by level, the order statistic at or below it; of large tables in a sample of rows */
  readonly quantiles?: Readonly<Record<string, number | null>>
  /** every value with its rows, most first, where there are at most 100 */
  readonly values?: readonly {readonly value: string; readonly n: number}[]
}

/** The aggregates that a profile is made of. */
export function profileAggregates(columns: readonly Column[], first: FirstRows): readonly Aggregate[] {
  const own = columns.slice(0, MOST_DETAILED).flatMap(column =>
    [['present', `count(${quoted(column.name)})`] as const, ...partsOf(column, first)].map(([part, sql]) => ({
      key: keyOf(part, column.name),
      sql
    }))
  )
  return [{key: ROWS, sql: 'count(*)'}, {key: SAMPLED, sql: `count(${sampledSql('1', first.sample)})`}, ...own]
}

function partsOf(
  {name, kind}: Column,
  {few, counted, countable, spreads, sample}: FirstRows
): readonly (readonly [part: string, sql: string])[] {
  const cell = quoted(name)
  const distinct: readonly (readonly [string, string])[] = countable.has(name) ? [['distinct', `count(DISTINCT ${cell})`]] : []
  const counts = (type: string): readonly (readonly [string, string])[] => [
    ['values', `map_keys(histogram(${cell}::${type}))`],
    ['counts', `map_values(histogram(${cell}::${type}))`]
  ]
  if (kind !== 'number') return few.has(name) ? counts('VARCHAR') : distinct
  if (counted.has(name)) return counts('DOUBLE')
  const [once, squared] = momentsSql(cell, spreads.get(name) ?? NO_SPREAD)
  return [
    ['min', `min(${cell})::DOUBLE`],
    ['max', `max(${cell})::DOUBLE`],
    ['first', once],
    ['second', squared],
    ['quantiles', quantilesSql(cell, sample)],
    ...distinct
  ]
}

export const ROWS = 'profile rows'
const SAMPLED = 'profile sampled'
const keyOf = (part: string, name: string) => `profile ${part} ${name}`

/** What to measure by instead, where the first rows were too unlike the rest; undefined where they were not. */
export function refined(columns: readonly Column[], measured: Readonly<Record<string, Cell>>, first: FirstRows): FirstRows | undefined {
  const sample = resample(first.sample, Number(measured[SAMPLED]), Number(measured[ROWS]))
  const wider = columns.flatMap(({name}) => {
    const summed = summedOf(part => measured[keyOf(part, name)])
    const spread = summed && widerSpread(first.spreads.get(name) ?? NO_SPREAD, summed)
    return spread === undefined ? [] : [[name, spread] as const]
  })
  if (sample === undefined && wider.length === 0) return undefined
  return {...first, sample: sample ?? first.sample, spreads: new Map([...first.spreads, ...wider])}
}

function summedOf(read: (part: string) => Cell | undefined): Summed | undefined {
  const [min, max] = [read('min'), read('max')]
  if (typeof min !== 'number' || typeof max !== 'number') return undefined
  return {n: Number(read('present')), min, max, first: Number(read('first')), second: Number(read('second'))}
}

/** The profile that the aggregates add up to. */
export function profileOf(columns: readonly Column[], measured: Readonly<Record<string, Cell>>, first: FirstRows): Profile {
  const rows = Number(measured[ROWS])
  const sampled = Number(measured[SAMPLED])
  const detailed = columns.filter(({name}) => keyOf('present', name) in measured)
  return {
    schema: PROFILE_SCHEMA,
    rows,
    methods: {quantiles: quantilesMethod(first.sample, sampled, rows), moments: MOMENTS},
    columns: detailed.map(column => {
      const read = (part: string) => (part === 'quantiles' && !isWhole(sampled) ? undefined : measured[keyOf(part, column.name)])
      return columnProfile(column, rows, first.spreads.get(column.name) ?? NO_SPREAD, read)
    })
  }
}

const MOMENTS = 'sums of whole numbers in units that the first rows give: the same for any order of the rows'

function columnProfile({name, kind}: Column, rows: number, spread: Spread, read: (part: string) => Cell | undefined): ColumnProfile {
  const base = {name, kind, missing: rows - Number(read('present'))}
  const counts = countsOf(read('values'), read('counts'))
  const distinct = counts?.length ?? (read('distinct') === undefined ? undefined : Number(read('distinct')))
  const counted = {...base, ...(distinct !== undefined && {distinct})}
  if (kind !== 'number') return {...counted, ...(counts && counts.length <= FEW && {values: listed(counts)})}
  if (counts) return {...counted, ...ofCounts(counts)}
  const summed = summedOf(read)
  const quantiles = read('quantiles')
  return {
    ...counted,
    min: finite(summed?.min),
    max: finite(summed?.max),
    ...(summed ? momentsOf(spread, summed) : {mean: null, sd: null}),
    ...(quantiles !== undefined && {quantiles: byLevel(Array.isArray(quantiles) ? quantiles : [])})
  }
}

/** All of a column of numbers, from its values. */
function ofCounts(counts: readonly (readonly [value: Cell, n: number])[]) {
  const rising = counts.map(([value, n]) => [Number(value), n] as const).sort((a, b) => a[0] - b[0])
  const [mean, sd] = rising.length === 0 ? [null, null] : [momentsOfCounts(rising).mean, momentsOfCounts(rising).sd]
  return {min: finite(rising[0]?.[0]), max: finite(rising.at(-1)?.[0]), mean, sd, quantiles: byLevel(quantilesOfCounts(rising))}
}

function byLevel(quantiles: readonly (Cell | undefined)[]): Readonly<Record<string, number | null>> {
  return Object.fromEntries(LEVELS.map((level, index) => [String(level), finite(quantiles[index])]))
}

function finite(value: Cell | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function countsOf(values: Cell | undefined, counts: Cell | undefined): readonly (readonly [value: Cell, n: number])[] | undefined {
  if (values === null && counts === null) return []
  if (!Array.isArray(values) || !Array.isArray(counts)) return undefined
  return values.map((value, index) => [value, Number(counts[index])])
}

function listed(counts: readonly (readonly [value: Cell, n: number])[]): readonly {value: string; n: number}[] {
  const pairs = counts.map(([value, n]) => ({value: String(value), n}))
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
    const values = 'values' in column ? column.values : undefined
    return (
      typeof column.name === 'string' &&
      isCount(column.missing) &&
      numbers.every(number => number === null || Number.isFinite(number)) &&
      (values === undefined || (Array.isArray(values) && values.every(isValue)))
    )
  })
}

function isValue(entry: unknown): boolean {
  return (
    typeof entry === 'object' && entry !== null && 'value' in entry && typeof entry.value === 'string' && 'n' in entry && isCount(entry.n)
  )
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

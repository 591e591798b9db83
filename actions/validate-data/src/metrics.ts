import {UserError} from '#shared/errors'
import type {Gate} from '#shared/gates/gate'
import type {Comparison, Measured, Metric, MetricTable, Query, ReferenceState} from '#shared/gates/metric'
import type {Estimate} from '#shared/stats/estimate'
import type {Column} from '#shared/tables/column'
import type {Cell} from '#shared/tables/database'
import type {Aggregate, Table} from '#shared/tables/table'
import {countDuplicates} from './duplicates.js'
import type {Profile} from './profile.js'
import {sliceSql} from './slices.js'
import {quoted} from './sql.js'

/** What gates are held against: another table, or a profile of one; or why there is neither. */
export type Reference =
  | {readonly kind: 'table'; readonly table: Table}
  | {readonly kind: 'profile'; readonly profile: Profile}
  | {readonly kind: 'none'; readonly state: ReferenceState}

/** Aggregates of a gate's metric, keyed, so that all gates are measured in one pass. */
interface Recipe {
  readonly unit: Metric['unit']
  readonly items: Metric['items']
  /** SQL of value and denominator over the rows of a slice */
  readonly sql?: (cells: readonly string[], slice: string) => readonly [value: string, n: string]
  readonly numbersOnly?: boolean
  /** measured of table and reference together */
  readonly of?: (table: Table, reference: Reference | undefined, query: Query) => Promise<Estimate>
}

const rows = (slice: string) => `count(*) FILTER (${slice})`
const RECIPES: Readonly<Record<string, Recipe>> = {
  row_count: {unit: 'count', items: [0, 0], sql: (_, slice) => [rows(slice), rows(slice)]},
  null_count: {unit: 'count', items: [1, 1], sql: ([cell], slice) => [`count(*) FILTER (${slice} AND ${cell} IS NULL)`, rows(slice)]},
  null_share: {
    unit: 'share',
    items: [1, 1],
    sql: ([cell], slice) => [`count(*) FILTER (${slice} AND ${cell} IS NULL) / nullif(${rows(slice)}, 0)`, rows(slice)]
  },
  distinct_count: {unit: 'count', items: [1, 1], sql: ([cell], slice) => [`count(DISTINCT ${cell}) FILTER (${slice})`, rows(slice)]},
  mean: {unit: 'number', items: [1, 1], numbersOnly: true, sql: ([cell], slice) => numeric('avg', cell, slice)},
  min: {unit: 'number', items: [1, 1], numbersOnly: true, sql: ([cell], slice) => numeric('min', cell, slice)},
  max: {unit: 'number', items: [1, 1], numbersOnly: true, sql: ([cell], slice) => numeric('max', cell, slice)},
  duplicate_rows: {unit: 'count', items: [0, 0]},
  duplicate_count: {unit: 'count', items: [1, Number.POSITIVE_INFINITY]},
  overlap_rows: {unit: 'count', items: [0, 0], of: overlap},
  new_categories: {unit: 'count', items: [1, 1], of: newCategories}
}

function numeric(aggregate: string, cell: string, slice: string): readonly [string, string] {
  return [`${aggregate}(${cell}::DOUBLE) FILTER (${slice})`, `count(${cell}) FILTER (${slice})`]
}

const keyOf = (name: string, {items, slice}: Query) =>
  JSON.stringify([name, items, slice.map(({column, operator, value}) => [column, operator, value])])

/** The aggregates that gates will ask for, `[column=*]` apart. */
export function gateAggregates(gates: readonly Gate[], columns: readonly Column[]): readonly Aggregate[] {
  const asked = gates.filter(({metric, slice}) => Object.hasOwn(RECIPES, metric) && !slice.some(condition => condition.any))
  return asked
    .filter(gate => gate.items.every(item => columns.some(column => column.name === item)))
    .flatMap(gate => aggregatesOf(gate.metric, gate, columns))
}

function aggregatesOf(name: string, query: Query, columns: readonly Column[]): readonly Aggregate[] {
  const {sql, numbersOnly} = RECIPES[name]
  if (sql === undefined || !query.slice.every(({column}) => columns.some(one => one.name === column))) return []
  if (numbersOnly) refuseText(name, query, columns)
  const [value, n] = sql(query.items.map(quoted), sliceSql(query.slice, columns))
  const key = keyOf(name, query)
  return [
    {key: `${key} value`, sql: value},
    {key: `${key} n`, sql: n}
  ]
}

function refuseText(name: string, {items}: Query, columns: readonly Column[]): void {
  const text = columns.find(column => items.includes(column.name) && column.kind !== 'number')
  if (text)
    throw new UserError(`${name}(${text.name}): the column holds ${text.kind}, not only numbers`, {
      hint: 'A cell that is no number makes a column text: a contract with logicalType: number shows which.',
      kind: 'usage'
    })
}

/** What gates can name here. `measured` are the aggregates that a first pass brought; what it lacks is measured when it is asked for. */
export function metricsOf(table: Table, measured: Readonly<Record<string, Cell>>, reference: Reference | undefined): Measured {
  const metrics: MetricTable = Object.fromEntries(
    Object.entries(RECIPES).map(([name, {unit, items, of}]): [string, Metric] => [
      name,
      {
        unit,
        items,
        takes: items[1] === 0 ? 'nothing' : 'columns',
        slices: of === undefined,
        references: of === undefined ? ['reference'] : [],
        ...(of && {needs: 'reference' as const}),
        measure: query => of?.(table, reference, query) ?? measure(name, query, table, measured),
        compare: async (query, _, factor) =>
          compare(await measure(name, query, table, measured), await referred(name, query, reference), factor)
      }
    ])
  )
  const missing = {kind: 'error' as const, message: 'no reference was given; give reference: a table, a profile or champion'}
  const state = reference === undefined ? missing : reference.kind === 'none' ? reference.state : ({kind: 'ready'} as const)
  return {
    metrics,
    references: {reference: state},
    columns: table.names,
    values: column => valuesOf(table, column)
  }
}

async function measure(name: string, query: Query, table: Table, measured: Readonly<Record<string, Cell>>): Promise<Estimate> {
  const known = `${keyOf(name, query)} value`
  if (RECIPES[name].sql !== undefined) {
    const found = Object.hasOwn(measured, known) ? measured : await table.measure(columns => aggregatesOf(name, query, columns))
    const n = Number(found[`${keyOf(name, query)} n`])
    const value = found[known]
    return typeof value === 'number' ? {value, n} : {value: null, n, reason: 'no cell to measure'}
  }
  const columns = await table.columns()
  const where = sliceSql(query.slice, columns)
  const [{n}] = await table.select(from => `SELECT count(*) AS n FROM ${from} WHERE ${where}`)
  const whole = name === 'duplicate_rows'
  const {surplus} = await countDuplicates(table, whole ? table.names : query.items, {where, missing: whole})
  return {value: surplus, n: Number(n)}
}

/** Rows whose cells, in all columns, stand in the reference as well. */
async function overlap(table: Table, reference: Reference | undefined): Promise<Estimate> {
  if (reference?.kind !== 'table')
    throw new UserError('overlap_rows: needs a reference that is a table', {
      hint: 'Give reference: the table whose rows must not come again.',
      kind: 'usage'
    })
  const other = reference.table
  const lacking = table.names.find(name => !other.names.includes(name))
  if (lacking !== undefined)
    throw new UserError(`overlap_rows: the reference has no column ${lacking}`, {
      hint: 'Rows are equal when all columns are.',
      kind: 'usage'
    })
  const [rows, known] = [await table.rowHashes(table.names), new Set(await other.rowHashes(table.names))]
  return {value: rows.reduce((sum, hash) => (known.has(hash) ? sum + 1 : sum), 0), n: rows.length}
}

/** Values of a column that no row of the reference has. */
async function newCategories(table: Table, reference: Reference | undefined, {items: [column]}: Query): Promise<Estimate> {
  const values = await valuesOf(table, column, `new_categories(${column})`)
  const known = await knownValues(column, reference)
  const n = values.reduce((sum, value) => sum + value.n, 0)
  if (typeof known === 'string') return {value: null, n, reason: known}
  return {value: values.filter(({value}) => !known.has(value)).length, n}
}

async function knownValues(column: string, reference: Reference | undefined): Promise<ReadonlySet<string> | string> {
  if (reference?.kind === 'table') {
    if (!reference.table.names.includes(column)) return `the reference has no column ${column}`
    return new Set((await valuesOf(reference.table, column, `new_categories(${column}) of the reference`)).map(({value}) => value))
  }
  const values = reference?.kind === 'profile' ? reference.profile.columns.find(({name}) => name === column)?.values : undefined
  return values === undefined ? `the reference profile lists no values of ${column}` : new Set(values.map(({value}) => value))
}

async function referred(name: string, query: Query, reference: Reference | undefined): Promise<Estimate> {
  if (reference === undefined || reference.kind === 'none') return {value: null, n: 0, reason: 'no reference was given'}
  if (reference.kind === 'table') {
    const lacking = [...query.items, ...query.slice.map(({column}) => column)].find(column => !reference.table.names.includes(column))
    if (lacking !== undefined) return {value: null, n: 0, reason: `the reference has no column ${lacking}`}
    return measure(name, query, reference.table, {})
  }
  const {profile} = reference
  const column = profile.columns.find(one => one.name === query.items[0])
  const value = query.slice.length > 0 || query.items.length > 1 ? undefined : inProfile(name, profile, column)
  return value === undefined || value === null
    ? {value: null, n: profile.rows, reason: 'the reference profile does not hold it'}
    : {value, n: profile.rows}
}

function inProfile(name: string, profile: Profile, column: Profile['columns'][number] | undefined): number | null | undefined {
  if (name === 'row_count') return profile.rows
  if (column === undefined) return undefined
  const values: Readonly<Record<string, number | null | undefined>> = {
    null_count: column.missing,
    null_share: profile.rows > 0 ? column.missing / profile.rows : undefined,
    distinct_count: column.distinct,
    mean: column.mean,
    min: column.min,
    max: column.max
  }
  return values[name]
}

function compare(candidate: Estimate, reference: Estimate, factor: number): Comparison {
  const n = candidate.n
  if (candidate.value === null || reference.value === null)
    return {reference: reference.value, difference: {value: null, n, reason: candidate.reason ?? reference.reason}}
  return {reference: reference.value, difference: {value: candidate.value - factor * reference.value, n}}
}

const MOST_VALUES = 1000

async function valuesOf(table: Table, column: string, what = `slice [${column}]`) {
  const kind = (await table.columns()).find(one => one.name === column)?.kind
  const cell = kind === 'number' ? `${quoted(column)}::DOUBLE` : `${quoted(column)}::VARCHAR`
  const found = await table.select(
    from =>
      `SELECT ${cell} AS value, count(*) AS n FROM ${from} WHERE ${quoted(column)} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT ${MOST_VALUES + 1}`
  )
  if (found.length > MOST_VALUES)
    throw new UserError(`${what}: more than ${MOST_VALUES} values`, {hint: 'Name a column of few values.', kind: 'usage'})
  return found.map(({value, n}) => ({value: String(value), n: Number(n)}))
}

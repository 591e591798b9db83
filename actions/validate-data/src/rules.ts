import type {Contract, Expectation, Measure, Rule} from '#shared/contracts/rule'
import type {Check} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {meets} from '#shared/gates/decision'
import {code} from '#shared/report/inert'
import type {Column} from '#shared/tables/column'
import type {Cell} from '#shared/tables/database'
import type {Place} from '#shared/tables/locate'
import type {Aggregate, Table} from '#shared/tables/table'
import {countDuplicates} from './duplicates.js'
import {type Examples, findExamples, placesText} from './examples.js'
import {offends} from './predicates.js'
import {ROWS} from './profile.js'
import {quoted} from './sql.js'
import {wording} from './wording.js'

const keyOf = (rule: Rule) => `rule ${rule.id}`

/** The aggregates that a contract's rules need; sets of several columns are counted on their own. */
export function ruleAggregates({rules}: Contract, columns: readonly Column[]): readonly Aggregate[] {
  return rules.flatMap(rule => {
    const sql = countSql(rule.measure, columns, rules)
    return sql === undefined ? [] : [{key: keyOf(rule), sql}]
  })
}

function countSql(measure: Measure, columns: readonly Column[], rules: readonly Rule[]): string | undefined {
  if (measure.kind === 'duplicates') {
    const [name] = measure.columns
    return measure.columns.length === 1 && columns.some(column => column.name === name)
      ? `count(${quoted(name)}) - count(DISTINCT ${quoted(name)})`
      : undefined
  }
  const condition = predicateOf(measure, columns, rules)
  // Cheaper than count(*) FILTER, for which DuckDB slices every column of the pass once more.
  return condition === undefined ? undefined : `coalesce(sum((${condition})::INTEGER), 0)::BIGINT`
}

function predicateOf(measure: Measure, columns: readonly Column[], rules: readonly Rule[]): string | undefined {
  if (!('column' in measure)) return undefined
  const tokens = rules.flatMap(rule =>
    rule.measure.kind === 'missing' && rule.measure.column === measure.column ? rule.measure.tokens : []
  )
  return offends(
    measure,
    columns.find(column => column.name === measure.column),
    tokens
  )
}

interface Counted {
  readonly rule: Rule
  readonly verdict: Check['verdict']
  /** rows, or percent of them */
  readonly measured?: number
  readonly count: number
  /** said instead of a count */
  readonly message?: string
}

/** Judges a contract: a check for each rule whose column is there, for each column that is not, and for all that is not understood. */
export async function judgeContract(
  contract: Contract,
  table: Table,
  measured: Readonly<Record<string, Cell>>,
  showRows: number
): Promise<readonly Check[]> {
  const rows = Number(measured[ROWS])
  const columns = await table.columns()
  const emptyIsMeant = contract.rules.some(rule => rule.measure.kind === 'rows' && namesZero(rule.expect))
  const counted: Counted[] = []
  for (const rule of contract.rules) {
    const one = await countRule(rule, table, measured, rows, emptyIsMeant)
    if (one) counted.push(one)
  }
  const broken = counted.filter(
    ({verdict, count, message}) => (verdict === 'fail' || verdict === 'warn') && count > 0 && message === undefined
  )
  const open = broken.filter(({rule}) => rule.measure.kind !== 'rows')
  const examples = await findExamples(
    table,
    open.map(({rule}) => ({rule, offends: predicateOf(rule.measure, columns, contract.rules)})),
    showRows
  )
  const places = await table.locate([...examples.values()].flatMap(({rows: found}) => found))
  const checks = counted.map(one => toCheck(one, rows, examples.get(one.rule.id), places, table.files.length))
  return [...checks, ...unexpected(contract, table), ...unsupported(contract)]
}

async function countRule(
  rule: Rule,
  table: Table,
  measured: Readonly<Record<string, Cell>>,
  rows: number,
  emptyIsMeant: boolean
): Promise<Counted | undefined> {
  const {measure, expect, unit, severity} = rule
  if (measure.kind === 'present') {
    const there = table.names.includes(measure.column)
    const message = there ? `${rule.id}: the column is there` : `${rule.id}: the data has no column ${measure.column}`
    return {rule, verdict: there ? 'pass' : 'fail', count: 0, message}
  }
  const needed = measure.kind === 'duplicates' ? measure.columns : 'column' in measure ? [measure.column] : []
  if (needed.some(name => !table.names.includes(name))) return undefined
  const broken = severity === 'warning' ? 'warn' : 'fail'
  if (rows === 0 && measure.kind !== 'rows') {
    const message = `${rule.id}: there are no rows, so nothing was measured`
    return {rule, verdict: emptyIsMeant ? 'warn' : 'error', count: 0, message}
  }
  const count = measure.kind === 'rows' ? rows : await countOf(rule, table, measured)
  const value = unit === 'percent' ? (100 * count) / rows : count
  return {rule, verdict: holds(value, expect) ? 'pass' : broken, measured: value, count}
}

async function countOf(rule: Rule, table: Table, measured: Readonly<Record<string, Cell>>): Promise<number> {
  const known = measured[keyOf(rule)]
  if (typeof known === 'number') return known
  if (rule.measure.kind === 'duplicates') return (await countDuplicates(table, rule.measure.columns)).surplus
  return Number.NaN
}

/** Whether no rows at all is what a rule says in so many words: exactly, at least or at most 0, or from 0 on. An upper limit alone is not. */
function namesZero(expect: Expectation): boolean {
  if ('value' in expect) return expect.value === 0 && ['==', '>=', '<='].includes(expect.operator)
  return expect.operator === 'between' && expect.low === 0
}

/** Never true of what is not finite. */
function holds(value: number, expect: Expectation): boolean {
  if (!Number.isFinite(value)) return false
  if ('value' in expect) return meets(value, expect.operator, expect.value)
  const inside = value >= expect.low && value <= expect.high
  return expect.operator === 'between' ? inside : !inside
}

function toCheck(one: Counted, rows: number, examples: Examples | undefined, places: ReadonlyMap<number, Place>, files: number): Check {
  const {rule, verdict, measured, count} = one
  const first = examples?.rows[0] === undefined ? undefined : places.get(examples.rows[0])
  const inRepository = first !== undefined && !/^([A-Za-z]:|[\\/])/.test(first.file)
  const at = inRepository
    ? {file: first.file, ...(first.line !== undefined && {line: first.line})}
    : {file: rule.at.file, line: rule.at.line}
  const detail =
    examples && examples.rows.length > 0 ? `: ${placesText(examples.rows, places, {files, total: count})}${valuesText(examples)}` : ''
  const reason = verdict === 'pass' || rule.description === undefined ? '' : `. ${rule.description}`
  return {
    id: rule.id,
    verdict,
    message: one.message ?? `${titleOf(rule)}: ${wording(rule, count, rows)}${detail}${reason}`,
    ...(measured !== undefined && Number.isFinite(measured) && {measured}),
    ...(measured !== undefined && boundOf(rule.expect)),
    ...(measured !== undefined && {n: rows, unit: rule.unit}),
    at
  }
}

/** The id, and the column where the id doesn't begin with it. */
function titleOf({id, measure}: Rule): string {
  return 'column' in measure && !id.startsWith(`${measure.column}.`) ? `${id}: ${measure.column}` : id
}

function boundOf(expect: Expectation): Pick<Check, 'operator' | 'bound'> {
  return 'value' in expect ? {operator: expect.operator, bound: expect.value} : {}
}

function valuesText({values}: Examples): string {
  if (values.length === 0) return ''
  return `; there stands ${values.map(value => (value === null ? 'nothing' : code(value, 80))).join(', ')}`
}

/** Columns of the data that the contract does not name: seen, never an error. */
function unexpected(contract: Contract, table: Table): readonly Check[] {
  const extra = table.names.filter(name => !contract.columns.some(column => column.name === name))
  if (extra.length === 0 || contract.columns.length === 0) return []
  const shown = extra.length > 10 ? `${extra.slice(0, 10).join(', ')} and ${formatNumber(extra.length - 10)} more` : extra.join(', ')
  const at = contract.columns[0].at
  return [
    {
      id: 'columns',
      verdict: 'warn',
      message: `columns: the contract does not name ${shown}`,
      measured: extra.length,
      unit: 'count',
      at: {file: at.file, line: at.line}
    }
  ]
}

function unsupported(contract: Contract): readonly Check[] {
  return contract.unsupported.map(({id, what, at}) => ({
    id,
    verdict: 'error' as const,
    message: `${id}: not measured, for ${what} is not understood here; express it as a rule that is, or remove it`,
    at: {file: at.file, line: at.line}
  }))
}

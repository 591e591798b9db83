import type {CellType, Measure, Validity} from '#shared/contracts/rule'
import type {Column} from '#shared/tables/column'
import {literal, numberOf, quoted} from './sql.js'

/** SQL that is true where a row breaks a rule; undefined for rules that count no single rows. `tokens` are what a contract calls missing. */
export function offends(measure: Measure, column: Column | undefined, tokens: readonly string[]): string | undefined {
  if (column === undefined) return undefined
  if (measure.kind === 'missing') return missing(column, measure.tokens)
  const there = `NOT ${missing(column, tokens)}`
  if (measure.kind === 'type') return `(${there} AND NOT (${isType(measure.type, column)}))`
  return measure.kind === 'invalid' ? `(${there} AND (${invalid(measure.validity, column)}))` : undefined
}

function missing({name}: Column, tokens: readonly string[]): string {
  const cell = quoted(name)
  return tokens.length === 0 ? `(${cell} IS NULL)` : `(${cell} IS NULL OR ${cell}::VARCHAR IN (${tokens.map(literal).join(', ')}))`
}

const SHAPES = {
  date: {shape: '[0-9]{4}-[0-9]{2}-[0-9]{2}', as: 'DATE'},
  timestamp: {
    shape: '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?',
    as: 'TIMESTAMP'
  },
  time: {shape: '[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?', as: 'TIME'}
} as const

/** SQL that is true where a cell, which is not missing, is of a type. Dates are those of ISO 8601, years of four digits. */
function isType(type: CellType, column: Column): string {
  const cell = quoted(column.name)
  if (type === 'string') return column.kind === 'text' ? 'true' : 'false'
  if (type === 'boolean')
    return column.kind === 'boolean' ? 'true' : column.kind === 'text' ? `lower(${cell}) IN ('true', 'false')` : 'false'
  if (type === 'number' || type === 'integer') {
    const number = `(${numberOf(column)})::DOUBLE`
    const finite = column.kind === 'number' ? `isfinite(${number})` : `coalesce(isfinite(${number}), false)`
    return type === 'number' ? finite : `${finite} AND ${number} = trunc(${number})`
  }
  if (column.kind === 'text') return `${moment(type, column)} IS NOT NULL`
  return column.kind === type || (type === 'time' && column.type.startsWith('TIME')) ? 'true' : 'false'
}

/** A column of dates or times, however it is stored; NULL where a text is none. */
function moment(type: 'date' | 'timestamp' | 'time', column: Column): string {
  const cell = quoted(column.name)
  const {shape, as} = SHAPES[type]
  if (column.kind !== 'text') return `TRY_CAST(${cell} AS ${as})`
  return `CASE WHEN regexp_full_match(${cell}, ${literal(shape)}) THEN TRY_CAST(${cell} AS ${as}) END`
}

const COMPARISONS = {minimum: '<', exclusiveMinimum: '<=', maximum: '>', exclusiveMaximum: '>='} as const

/** SQL that is true where any part does not hold. Cells of another type are the type rule's to count. */
function invalid(validity: Validity, column: Column): string {
  const cell = quoted(column.name)
  const parts: string[] = []
  for (const [key, operator] of Object.entries(COMPARISONS)) {
    const bound = validity[key as keyof typeof COMPARISONS]
    if (typeof bound === 'number') parts.push(`${numberOf(column)} ${operator} ${bound}`)
    else if (bound !== undefined) parts.push(`${momentOf(validity, column)} ${operator} ${literal(bound)}::${castOf(validity)}`)
  }
  const {multipleOf, minLength, maxLength, pattern, values} = validity
  const ratio = `(${numberOf(column)})::DOUBLE / ${multipleOf}`
  if (multipleOf !== undefined) parts.push(`abs(${ratio} - round(${ratio})) > 1e-9 * greatest(1, abs(${ratio}))`)
  if (minLength !== undefined) parts.push(`length(${cell}::VARCHAR) < ${minLength}`)
  if (maxLength !== undefined) parts.push(`length(${cell}::VARCHAR) > ${maxLength}`)
  if (pattern !== undefined) parts.push(`NOT regexp_matches(${cell}::VARCHAR, ${literal(pattern)})`)
  if (values !== undefined) parts.push(outside(values, column))
  if (parts.length === 0 && validity.type) parts.push(`NOT (${isType(validity.type, column)})`)
  // Where a part is neither true nor false, it counts as false in a sum and in a FILTER alike.
  return parts.join(' OR ')
}

function momentOf({type}: Validity, column: Column): string {
  return type === 'date' || type === 'timestamp' || type === 'time' ? moment(type, column) : quoted(column.name)
}

function castOf({type}: Validity): string {
  return type === 'date' || type === 'timestamp' || type === 'time' ? SHAPES[type].as : 'VARCHAR'
}

function outside(values: readonly string[], column: Column): string {
  if (column.kind !== 'number') return `${quoted(column.name)}::VARCHAR NOT IN (${values.map(literal).join(', ')})`
  const numbers = values
    .filter(value => value.trim() !== '')
    .map(Number)
    .filter(Number.isFinite)
  return numbers.length === 0 ? 'true' : `${quoted(column.name)} NOT IN (${numbers.join(', ')})`
}

/** Columns whose cells a contract speaks of as text or as numbers: its word goes before what they look like. */
export function kindsOf(rules: readonly {readonly measure: Measure}[]): ReadonlyMap<string, 'number' | 'text'> {
  const kinds = new Map<string, 'number' | 'text'>()
  for (const {measure} of rules)
    if (measure.kind === 'type') kinds.set(measure.column, measure.type === 'integer' || measure.type === 'number' ? 'number' : 'text')
  for (const {measure} of rules) {
    if (measure.kind === 'invalid' && (measure.validity.pattern ?? measure.validity.minLength ?? measure.validity.maxLength) !== undefined)
      kinds.set(measure.column, 'text')
    if (measure.kind === 'missing' && measure.tokens.length > 0) kinds.set(measure.column, 'text')
  }
  return kinds
}

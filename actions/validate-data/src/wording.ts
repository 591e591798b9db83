import type {CellType, Expectation, Measure, Rule, Validity} from '#shared/contracts/rule'
import {formatNumber} from '#shared/evidence/number'

/** What was counted and what is expected, in words: `3 of 534 are not at least 18`. */
export function wording({measure, expect, unit}: Rule, count: number, rows: number): string {
  if (measure.kind === 'rows') return `${formatNumber(count)} rows${expected(expect, '')}`
  const {all, some} = predicate(measure)
  const found =
    count === 0 ? `${all.replace('#', formatNumber(rows))}` : `${formatNumber(count)} of ${formatNumber(rows)} ${some(count === 1)}`
  const share = unit === 'percent' && count > 0 ? ` (${formatNumber((100 * count) / rows)}%)` : ''
  const never = 'value' in expect && expect.operator === '==' && expect.value === 0
  return `${found}${share}${never ? '' : expected(expect, unit === 'percent' ? '%' : '')}`
}

const COMPARED = {'==': 'exactly', '!=': 'not', '>': 'more than', '>=': 'at least', '<': 'fewer than', '<=': 'at most'} as const

function expected(expect: Expectation, suffix: string): string {
  if ('value' in expect) return `, expected ${COMPARED[expect.operator]} ${formatNumber(expect.value)}${suffix}`
  return `, expected ${expect.operator === 'between' ? '' : 'not '}from ${formatNumber(expect.low)} to ${formatNumber(expect.high)}${suffix}`
}

const TYPES: Readonly<Record<CellType, readonly [one: string, many: string]>> = {
  string: ['text', 'text'],
  integer: ['a whole number', 'whole numbers'],
  number: ['a number', 'numbers'],
  boolean: ['true or false', 'true or false'],
  date: ['a date such as 2026-01-31', 'dates such as 2026-01-31'],
  timestamp: ['a time such as 2026-01-31T09:00:00Z', 'times such as 2026-01-31T09:00:00Z'],
  time: ['a time of day such as 09:00:00', 'times of day such as 09:00:00']
}

interface Wording {
  /** no row breaks the rule; `#` stands for how many there are */
  readonly all: string
  /** some rows break it */
  readonly some: (one: boolean) => string
}

function predicate(measure: Exclude<Measure, {kind: 'rows'}>): Wording {
  if (measure.kind === 'missing') {
    const tokens = measure.tokens.length === 0 ? '' : ` (missing, too: ${measure.tokens.map(quote).join(', ')})`
    return {all: `none of # is missing${tokens}`, some: one => `${one ? 'is' : 'are'} missing${tokens}`}
  }
  if (measure.kind === 'duplicates') {
    const columns = measure.columns.join(', ')
    return {
      all: `none of # rows repeats an earlier one in ${columns}`,
      some: one => `rows ${one ? 'repeats' : 'repeat'} an earlier one in ${columns}`
    }
  }
  if (measure.kind === 'present') return {all: 'the column is there', some: () => 'lack the column'}
  const [single, many] = measure.kind === 'type' ? TYPES[measure.type] : validityText(measure.validity)
  return {all: `all of # are ${many}`, some: one => `${one ? `is not ${single}` : `are not ${many}`}`}
}

function validityText({type, ...validity}: Validity): readonly [string, string] {
  const parts = Object.entries(validity).map(([key, value]) => {
    if (Array.isArray(value)) return value.length === 1 ? quote(String(value[0])) : `one of ${listText(value)}`
    return `${PARTS[key] ?? key} ${showBound(value)}`
  })
  const text = parts.join(' and ')
  return parts.length > 0 ? [text, text] : TYPES[type ?? 'string']
}

const PARTS: Readonly<Record<string, string>> = {
  minimum: 'at least',
  exclusiveMinimum: 'above',
  maximum: 'at most',
  exclusiveMaximum: 'below',
  multipleOf: 'a multiple of',
  minLength: 'of a length of at least',
  maxLength: 'of a length of at most',
  pattern: 'like'
}

function showBound(value: unknown): string {
  return typeof value === 'number' ? formatNumber(value) : String(value)
}

function listText(values: readonly string[]): string {
  return values.length > 8 ? `${values.slice(0, 8).map(quote).join(', ')} and ${values.length - 8} more` : values.map(quote).join(', ')
}

function quote(text: string): string {
  return text === '' ? 'an empty text' : text
}

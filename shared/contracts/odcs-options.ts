import {child, mapOf, type Node, numberOf, textOf, wrong} from './node.js'
import {type Parsed, ruleOf} from './odcs-quality.js'
import {refusePattern} from './pattern.js'
import type {CellType, Validity} from './rule.js'

const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const

const KNOWN: Readonly<Record<CellType, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  integer: [...BOUNDS, 'multipleOf', 'format'],
  number: [...BOUNDS, 'multipleOf', 'format'],
  date: [...BOUNDS, 'format', 'timezone', 'defaultTimezone'],
  timestamp: [...BOUNDS, 'format', 'timezone', 'defaultTimezone'],
  time: [...BOUNDS, 'format', 'timezone', 'defaultTimezone'],
  boolean: []
}

/** `logicalTypeOptions` of a property: each option is a rule. */
export function parseOptions(node: Node, column: string, type: CellType, parsed: Parsed): void {
  mapOf(
    node,
    KNOWN[type],
    type === 'boolean' ? {} : {enum: 'Use a quality rule: {metric: invalidValues, arguments: {validValues: [...]}, mustBe: 0}.'}
  )
  for (const {key, at, node: value} of node.entries) {
    const id = `${column}.${key}`
    const read = validityOf(key, value, type)
    if (typeof read === 'string') parsed.unsupported.push({id, what: read, at})
    else if (read) parsed.rules.push(ruleOf(id, {kind: 'invalid', column, validity: read}, {at}))
  }
}

function validityOf(key: string, value: Node, type: CellType): Validity | string | undefined {
  if (key === 'pattern') return refusePattern(textOf(value)) ?? {pattern: textOf(value)}
  if (key === 'format') return formatOf(textOf(value), type)
  if (key === 'timezone' || key === 'defaultTimezone') return `the option ${key}`
  if (type === 'date' || type === 'timestamp' || type === 'time') return {type, [key]: momentOf(value, type)}
  const number = numberOf(value)
  if (key === 'minLength' || key === 'maxLength') {
    if (!Number.isInteger(number) || number < 0) throw wrong(value, `expected a whole number of characters, got ${number}`)
    return {[key]: number}
  }
  if (key === 'multipleOf' && number <= 0) throw wrong(value, `expected a number above 0, got ${number}`)
  return {type: 'number', [key]: number}
}

const MOMENTS = {
  date: /^\d{4}-\d{2}-\d{2}$/,
  timestamp: /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/,
  time: /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/
}

function momentOf(node: Node, type: 'date' | 'timestamp' | 'time'): string {
  const text = textOf(node)
  if (!MOMENTS[type].test(text)) throw wrong(node, `expected a ${type} as ISO 8601 writes it, got ${text}`, 'Such as 2026-01-31.')
  return text
}

const HEX = '[0-9a-fA-F]'
const TEXTS: Readonly<Record<string, string>> = {
  email: '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
  uuid: `^${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}$`,
  uri: '^[A-Za-z][A-Za-z0-9+.-]*:\\S+$',
  ipv4: '^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])$',
  hostname: '^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$'
}

const ISO: Readonly<Record<string, RegExp>> = {
  date: /^yyyy-MM-dd$/i,
  timestamp: /^yyyy-MM-dd('T'|T| )HH:mm:ss(\.S+)?(X+|Z|'Z'|XXX)?$/,
  time: /^HH:mm(:ss(\.S+)?)?$/
}

function formatOf(format: string, type: CellType): Validity | string | undefined {
  const unknown = `the format ${format}`
  if (type === 'string') return Object.hasOwn(TEXTS, format) ? {pattern: TEXTS[format]} : unknown
  if (type === 'number') return /^f(32|64)$/.test(format) ? {type: 'number'} : unknown
  if (type === 'integer') {
    const bits = /^([iu])(8|16|32|64|128)$/.exec(format)
    if (!bits) return unknown
    const span = 2 ** Number(bits[2])
    return bits[1] === 'u' ? {type, minimum: 0, exclusiveMaximum: span} : {type, minimum: -span / 2, exclusiveMaximum: span / 2}
  }
  return ISO[type]?.test(format) ? {type} : unknown
}

/** `logicalType` of a property, if it is one whose cells can be checked. */
export function typeOf(node: Node, column: string, parsed: Parsed): CellType | undefined {
  const given = child(node, 'logicalType')
  if (given === undefined) return undefined
  const name = textOf(given)
  if (name === 'object' || name === 'array') {
    parsed.unsupported.push({id: `${column}.logicalType`, what: `the logical type ${name}`, at: given.at})
    return undefined
  }
  const type = Object.keys(KNOWN).find((known): known is CellType => known === name)
  if (type === undefined) throw wrong(given, `unknown logical type ${name}`, `Known: ${Object.keys(KNOWN).join(', ')}, object, array.`)
  return type
}

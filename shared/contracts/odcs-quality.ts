import {child, flagOf, listOf, mapOf, type Node, numberOf, textOf, wrong} from './node.js'
import {OPERATORS, QUALITY} from './odcs-keys.js'
import {refusePattern} from './pattern.js'
import {type Expectation, type Measure, NONE, type Rule, type Unsupported, type Validity} from './rule.js'

/** What is found in a document, before ids are made unique. */
export interface Parsed {
  readonly rules: Rule[]
  readonly unsupported: Unsupported[]
}

/** One `quality` entry of a column, or of the table when `column` is absent. */
export function parseQuality(node: Node, column: string | undefined, {rules, unsupported}: Parsed): void {
  mapOf(node, QUALITY, {pattern: 'A pattern stands inside arguments.', validValues: 'validValues stand inside arguments.'})
  const type = child(node, 'type')
  const kind = type === undefined ? 'library' : textOf(type)
  const scope = column === undefined ? '' : `${column}.`
  if (kind === 'text') return
  if (kind === 'library') {
    parseLibrary(node, column, {rules, unsupported})
    return
  }
  if (kind !== 'sql' && kind !== 'custom') throw wrong(type ?? node, `unknown type ${kind}`, 'Known: library, text, sql, custom.')
  const label = `${scope}${optionalText(node, 'name') ?? kind}`
  unsupported.push({id: optionalText(node, 'id') ?? label, what: `a quality rule of type ${kind}`, at: node.at})
}

function parseLibrary(node: Node, column: string | undefined, {rules, unsupported}: Parsed): void {
  const metric = child(node, 'metric') ?? child(node, 'rule')
  if (metric === undefined) throw wrong(node, 'metric is missing', `Known: ${Object.keys(METRICS).join(', ')}.`)
  const name = textOf(metric)
  const id = optionalText(node, 'id') ?? (column === undefined ? name : `${column}.${name}`)
  if (!Object.hasOwn(METRICS, name)) return void unsupported.push({id, what: `the metric ${name}`, at: metric.at})
  const measure = METRICS[name](node, column)
  if ('unsupported' in measure) return void unsupported.push({id, what: measure.unsupported, at: node.at})
  const description = optionalText(node, 'description')
  rules.push({
    id,
    measure,
    expect: expectationOf(node),
    unit: unitOf(child(node, 'unit'), name),
    severity: severityOf(child(node, 'severity')),
    ...(description !== undefined && {description}),
    at: metric.at
  })
}

function optionalText(node: Node, name: string): string | undefined {
  const given = child(node, name)
  return given && textOf(given)
}

type Read = (node: Node, column: string | undefined) => Measure | {readonly unsupported: string}

const METRICS: Readonly<Record<string, Read>> = {
  nullValues: (node, column) => {
    argumentsOf(node, [])
    return {kind: 'missing', column: columnOf(node, column), tokens: []}
  },
  missingValues: (node, column) => {
    const tokens = child(argumentsOf(node, ['missingValues']) ?? node, 'missingValues')
    return {
      kind: 'missing',
      column: columnOf(node, column),
      tokens: listOf(tokens)
        .filter(item => item.kind !== 'null')
        .map(cellText)
    }
  },
  invalidValues: (node, column) => {
    const given = argumentsOf(node, ['validValues', 'pattern'])
    const values = given && child(given, 'validValues')
    const pattern = given && child(given, 'pattern')
    if (values === undefined && pattern === undefined)
      throw wrong(node, 'invalidValues says nothing of what is valid', 'Add arguments: {validValues: [...]} or {pattern: ...}.')
    if (values && listOf(values).length === 0) throw wrong(values, 'expected values, got none')
    const bad = pattern && refusePattern(textOf(pattern))
    if (bad) return {unsupported: bad}
    const validity: Validity = {...(values && {values: listOf(values).map(cellText)}), ...(pattern && {pattern: textOf(pattern)})}
    return {kind: 'invalid', column: columnOf(node, column), validity}
  },
  duplicateValues: (node, column) => {
    if (column !== undefined) return {kind: 'duplicates', columns: [column]}
    const given = argumentsOf(node, ['properties'])
    const properties = given && child(given, 'properties')
    if (properties === undefined) throw wrong(node, 'duplicateValues of a table names no columns', 'Add arguments: {properties: [...]}.')
    const columns = listOf(properties).map(textOf)
    if (columns.length === 0) throw wrong(properties, 'expected columns, got none')
    return {kind: 'duplicates', columns}
  },
  rowCount: node => {
    argumentsOf(node, [])
    return {kind: 'rows'}
  }
}

function argumentsOf(node: Node, known: readonly string[]): Node | undefined {
  const given = child(node, 'arguments')
  return given && mapOf(given, known)
}

function columnOf(node: Node, column: string | undefined): string {
  if (column !== undefined) return column
  throw wrong(node, 'this metric counts cells of a column', 'Move it under a property.')
}

function cellText(node: Node): string {
  if (node.kind === 'text' || node.kind === 'number' || node.kind === 'boolean') return String(node.value)
  throw wrong(node, `expected a value, got a ${node.kind}`)
}

const SINGLE = {
  mustBe: '==',
  mustNotBe: '!=',
  mustBeGreaterThan: '>',
  mustBeGreaterOrEqualTo: '>=',
  mustBeLessThan: '<',
  mustBeLessOrEqualTo: '<='
} as const

function expectationOf(node: Node): Expectation {
  const given = node.entries.filter(entry => OPERATORS.some(operator => operator === entry.key))
  if (given.length === 0) throw wrong(node, 'no operator says what is expected', `Add one: ${OPERATORS.join(', ')}.`)
  if (given.length > 1)
    throw wrong({at: given[1].at, path: node.path}, `two operators, ${given[0].key} and ${given[1].key}`, 'Write two rules.')
  const {key, node: value} = given[0]
  const single = Object.entries(SINGLE).find(([name]) => name === key)
  if (single) return {operator: single[1], value: numberOf(value)}
  const ends = listOf(value).map(numberOf)
  if (ends.length !== 2 || ends[0] > ends[1]) throw wrong(value, `${key} expects two numbers, the lower first`)
  return {operator: key === 'mustBeBetween' ? 'between' : 'not between', low: ends[0], high: ends[1]}
}

function unitOf(node: Node | undefined, metric: string): 'rows' | 'percent' {
  if (node === undefined) return 'rows'
  const unit = textOf(node)
  if (unit !== 'rows' && unit !== 'percent') throw wrong(node, `unknown unit ${unit}`, 'Known: rows, percent.')
  if (unit === 'percent' && metric === 'rowCount') throw wrong(node, 'rowCount in percent means nothing', 'Remove the unit.')
  return unit
}

function severityOf(node: Node | undefined): 'error' | 'warning' {
  return node !== undefined && /^(info|warn|warning)$/i.test(textOf(node)) ? 'warning' : 'error'
}

/** `required` and `unique` of a property. */
export function parseFlags(node: Node, column: string, {rules}: Parsed): void {
  const required = child(node, 'required')
  if (flagOf(required) && required) rules.push(ruleOf(`${column}.required`, {kind: 'missing', column, tokens: []}, required))
  const unique = child(node, 'unique')
  if (flagOf(unique) && unique) rules.push(ruleOf(`${column}.unique`, {kind: 'duplicates', columns: [column]}, unique))
}

/** A rule that no row may break. */
export function ruleOf(id: string, measure: Measure, {at}: Pick<Node, 'at'>): Rule {
  return {id, measure, expect: NONE, unit: 'rows', severity: 'error', at}
}

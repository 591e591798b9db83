import {child, flagOf, listOf, mapOf, type Node, numberOf, textOf, wrong} from './node.js'
import {DOCUMENT, OBJECT, PROPERTY} from './odcs-keys.js'
import {parseOptions, typeOf} from './odcs-options.js'
import {type Parsed, parseFlags, parseQuality, ruleOf} from './odcs-quality.js'
import type {Contract, ContractColumn, Rule, Unsupported} from './rule.js'

const REQUIRED = ['apiVersion', 'kind', 'id', 'version', 'status']

export function isOdcs(document: Node): boolean {
  return document.entries.some(({key, node}) => (key === 'kind' && node.value === 'DataContract') || key === 'apiVersion')
}

/** An Open Data Contract Standard 3.x document. Throws UserError with file and line on what the standard does not know. */
export function parseOdcs(document: Node): Contract {
  mapOf(document, DOCUMENT)
  for (const key of REQUIRED)
    if (child(document, key) === undefined) throw wrong(document, `${key} is missing`, `An ODCS document needs ${REQUIRED.join(', ')}.`)
  const [apiVersion, kind] = ['apiVersion', 'kind'].map(key => child(document, key) ?? document)
  if (kind.value !== 'DataContract') throw wrong(kind, `expected DataContract, got ${String(kind.value)}`)
  if (!/^v?3\./.test(String(apiVersion.value)))
    throw wrong(apiVersion, `version ${String(apiVersion.value)} is not read here`, 'Write the contract as v3.1.0.')
  const schema = child(document, 'schema')
  const objects = listOf(schema)
  if (schema === undefined || objects.length === 0)
    throw wrong(schema ?? document, 'schema has no table', 'Add schema: [{name: ..., properties: [...]}].')
  if (objects.length > 1) throw wrong(objects[1], `${objects.length} tables, but the data is one`, 'Write a contract for each table.')
  const parsed: Parsed = {rules: [], unsupported: []}
  const columns = parseObject(objects[0], parsed)
  parseSla(child(document, 'slaProperties'), parsed)
  refuseUnknownColumns(parsed.rules, columns)
  const name = textOf(child(objects[0], 'name') ?? objects[0])
  return {format: 'odcs', name, columns, ...unique(parsed)}
}

function parseObject(object: Node, parsed: Parsed): readonly ContractColumn[] {
  mapOf(object, OBJECT)
  if (child(object, 'name') === undefined) throw wrong(object, 'name is missing', 'Give the table a name.')
  refuseParts(object, '', ['relationships', 'logicalTypeOptions'], parsed)
  const properties = listOf(child(object, 'properties'))
  const columns = properties.map(property => parseProperty(property, parsed))
  const twice = columns.find((column, index) => columns.findIndex(other => other.name === column.name) !== index)
  if (twice) throw wrong({at: twice.at, path: ''}, `the column ${twice.name} stands twice`, 'Remove one.')
  parsePrimaryKey(properties, parsed)
  for (const quality of listOf(child(object, 'quality'))) parseQuality(quality, undefined, parsed)
  return columns
}

function parseProperty(node: Node, parsed: Parsed): ContractColumn {
  mapOf(node, PROPERTY)
  const named = child(node, 'physicalName') ?? child(node, 'name')
  if (child(node, 'name') === undefined || named === undefined) throw wrong(node, 'name is missing', 'Name the column.')
  const name = textOf(named)
  parsed.rules.push(ruleOf(`${name}.present`, {kind: 'present', column: name}, named))
  const type = typeOf(node, name, parsed)
  const logicalType = child(node, 'logicalType')
  if (type !== undefined && logicalType) parsed.rules.push(ruleOf(`${name}.type`, {kind: 'type', column: name, type}, logicalType))
  parseFlags(node, name, parsed)
  const options = child(node, 'logicalTypeOptions')
  if (options && type === undefined)
    parsed.unsupported.push({id: `${name}.logicalTypeOptions`, what: 'options without a logical type', at: options.at})
  else if (options && type !== undefined) parseOptions(options, name, type, parsed)
  refuseParts(node, `${name}.`, ['relationships', 'properties', 'items'], parsed)
  for (const quality of listOf(child(node, 'quality'))) parseQuality(quality, name, parsed)
  return {name, type, at: named.at}
}

function refuseParts(node: Node, scope: string, keys: readonly string[], {unsupported}: Parsed): void {
  for (const key of keys) {
    const found = child(node, key)
    if (found && (found.items.length > 0 || found.entries.length > 0))
      unsupported.push({id: `${scope}${key}`, what: `${key}`, at: found.at})
  }
}

function parsePrimaryKey(properties: readonly Node[], {rules}: Parsed): void {
  const parts = properties
    .filter(node => flagOf(child(node, 'primaryKey')))
    .map((node, index) => {
      const position = child(node, 'primaryKeyPosition')
      const name = textOf(child(node, 'physicalName') ?? child(node, 'name') ?? node)
      const given = position && numberOf(position)
      return {
        name,
        order: given === undefined || given < 0 ? Number.MAX_SAFE_INTEGER + index : given,
        at: (child(node, 'primaryKey') ?? node).at
      }
    })
    .sort((a, b) => a.order - b.order)
  if (parts.length === 0) return
  const columns = parts.map(part => part.name)
  rules.push(ruleOf(`${columns.join('+')}.primaryKey`, {kind: 'duplicates', columns}, parts[0]))
  for (const {name, at} of parts) {
    const required = rules.some(rule => rule.id === `${name}.required`)
    if (!required) rules.push(ruleOf(`${name}.required`, {kind: 'missing', column: name, tokens: []}, {at}))
  }
}

/** Promises about time need a clock of the data's source; promises about the service are not about these bytes. */
function parseSla(node: Node | undefined, {unsupported}: Parsed): void {
  for (const item of listOf(node)) {
    const property = child(item, 'property')
    const name = property === undefined ? '' : textOf(property)
    if (/^(latency|freshness)$/i.test(name)) unsupported.push({id: `sla.${name}`, what: `the service level ${name}`, at: item.at})
  }
}

function refuseUnknownColumns(rules: readonly Rule[], columns: readonly ContractColumn[]): void {
  for (const {measure, at} of rules) {
    if (measure.kind !== 'duplicates') continue
    const unknown = measure.columns.find(name => !columns.some(column => column.name === name))
    if (unknown !== undefined)
      throw wrong(
        {at, path: ''},
        `the column ${unknown} is not among the properties`,
        `There is: ${columns.map(column => column.name).join(', ')}.`
      )
  }
}

/** An id that stands twice gets a number. */
function unique({rules, unsupported}: Parsed): {rules: readonly Rule[]; unsupported: readonly Unsupported[]} {
  const seen = new Map<string, number>()
  const own = <T extends {readonly id: string}>(item: T): T => {
    const times = (seen.get(item.id) ?? 0) + 1
    seen.set(item.id, times)
    return times === 1 ? item : {...item, id: `${item.id}#${times}`}
  }
  return {rules: rules.map(own), unsupported: unsupported.map(own)}
}

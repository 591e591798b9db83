import {distance} from 'fastest-levenshtein'
import {isMap, isScalar, isSeq, LineCounter, parseDocument} from 'yaml'
import {type Position, UserError} from '#shared/errors'

/** A place in a YAML document, with its value and where it stands. */
export interface Node {
  readonly at: Position
  /** `schema[0].properties[2].name`, empty for the document */
  readonly path: string
  readonly kind: 'map' | 'list' | 'text' | 'number' | 'boolean' | 'null'
  /** of a scalar */
  readonly value: string | number | boolean | null
  /** of a map, in order */
  readonly entries: readonly {readonly key: string; readonly at: Position; readonly node: Node}[]
  /** of a list */
  readonly items: readonly Node[]
}

const MAX_ALIASES = 100
const MAX_DEPTH = 60

/** A YAML document as nodes that know their lines. Throws UserError, with line and column, on what is no YAML 1.2. */
export function parseNode(text: string, file: string): Node {
  const lines = new LineCounter()
  const document = parseDocument(text, {lineCounter: lines, uniqueKeys: true, version: '1.2', schema: 'core'})
  const place = (offset: number | undefined): Position => {
    const {line, col} = lines.linePos(offset ?? 0)
    return {file, line, column: col}
  }
  const [problem] = document.errors
  if (problem) {
    const at = place(problem.pos[0])
    const reason = problem.message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, '')
    throw new UserError(`${file} line ${at.line}: ${reason}`, {hint: 'Mend the YAML.', at, kind: 'usage'})
  }
  let aliases = 0
  const walk = (node: unknown, path: string, depth: number, fallback: Position): Node => {
    if (depth > MAX_DEPTH)
      throw new UserError(`${file}: nested more than ${MAX_DEPTH} levels deep`, {hint: 'Flatten it.', at: fallback, kind: 'usage'})
    const bare = {path, entries: [], items: [], value: null}
    if (isMap(node)) {
      const at = place(node.range?.[0])
      const entries = node.items.map(pair => {
        const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key)
        const keyAt = isScalar(pair.key) ? place(pair.key.range?.[0]) : at
        return {key, at: keyAt, node: walk(pair.value, path === '' ? key : `${path}.${key}`, depth + 1, keyAt)}
      })
      return {...bare, kind: 'map', at, entries}
    }
    if (isSeq(node)) {
      const at = place(node.range?.[0])
      return {...bare, kind: 'list', at, items: node.items.map((item, index) => walk(item, `${path}[${index}]`, depth + 1, at))}
    }
    if (isScalar(node)) return {...bare, ...scalar(node.value), at: place(node.range?.[0])}
    if (node === null || node === undefined) return {...bare, kind: 'null', at: fallback}
    if (++aliases > MAX_ALIASES)
      throw new UserError(`${file}: more than ${MAX_ALIASES} aliases`, {hint: 'Write the values out.', at: fallback, kind: 'usage'})
    const target = typeof node === 'object' && 'resolve' in node && typeof node.resolve === 'function' ? node.resolve(document) : undefined
    return walk(target, path, depth + 1, fallback)
  }
  return walk(document.contents, '', 0, {file, line: 1, column: 1})
}

function scalar(value: unknown): Pick<Node, 'kind' | 'value'> {
  if (typeof value === 'number' || typeof value === 'bigint') return {kind: 'number', value: Number(value)}
  if (typeof value === 'boolean') return {kind: 'boolean', value}
  return value === null || value === undefined ? {kind: 'null', value: null} : {kind: 'text', value: String(value)}
}

/** An error at a node: where, what, how to mend it. */
export function wrong(node: Pick<Node, 'at' | 'path'>, message: string, hint?: string): UserError {
  const subject = node.path === '' ? '' : ` ${node.path}:`
  return new UserError(`${node.at.file} line ${node.at.line}:${subject} ${message}`, {hint, at: node.at, kind: 'usage'})
}

/** The value of a key of a map, if it is there and not null. */
export function child(node: Node, key: string): Node | undefined {
  const found = node.entries.find(entry => entry.key === key)?.node
  return found?.kind === 'null' ? undefined : found
}

/** Throws on a node that is no map, and on keys that are not known. */
export function mapOf(node: Node, known: readonly string[], hints: Readonly<Record<string, string>> = {}): Node {
  if (node.kind !== 'map') throw wrong(node, `expected a map, got a ${node.kind}`)
  const unknown = node.entries.find(entry => !known.includes(entry.key))
  if (unknown) {
    const [nearest] = [...known].sort((a, b) => distance(a, unknown.key) - distance(b, unknown.key))
    const close = nearest !== undefined && distance(nearest, unknown.key) <= Math.max(2, unknown.key.length / 3)
    const hint = hints[unknown.key] ?? (close ? `Did you mean ${nearest}?` : `Known here: ${known.join(', ')}.`)
    throw wrong({at: unknown.at, path: node.path}, `unknown key ${unknown.key}`, hint)
  }
  return node
}

export function listOf(node: Node | undefined): readonly Node[] {
  if (node === undefined) return []
  if (node.kind !== 'list') throw wrong(node, `expected a list, got a ${node.kind}`)
  return node.items
}

export function textOf(node: Node): string {
  if (node.kind === 'text' && node.value !== '') return String(node.value)
  throw wrong(node, node.kind === 'text' ? 'expected a text, got an empty one' : `expected a text, got a ${node.kind}`, 'Put it in quotes.')
}

export function numberOf(node: Node): number {
  if (typeof node.value === 'number' && Number.isFinite(node.value)) return node.value
  throw wrong(node, `expected a number, got ${node.kind === 'text' ? JSON.stringify(node.value) : node.kind}`, 'Write it without quotes.')
}

export function flagOf(node: Node | undefined): boolean {
  if (node === undefined) return false
  if (typeof node.value === 'boolean') return node.value
  throw wrong(node, `expected true or false, got a ${node.kind}`)
}

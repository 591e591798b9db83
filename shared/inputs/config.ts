import {createHash} from 'node:crypto'
import {access} from 'node:fs/promises'
import {dirname} from 'node:path'
import {isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type YAMLMap} from 'yaml'
import {codeOf, throwAll, UserError} from '#shared/errors'
import {readText} from '#shared/files'
import {nearest} from '#shared/gates/validity'
import type {Entry, Given, InputSpec} from './reader.js'

const MAX_BYTES = 1 << 20

/** The inputs of every action, by its name: the vocabulary of `trainyard.yml`. */
export type Vocabulary = Readonly<Record<string, InputSpec>>

/** `trainyard.yml`, read: values by name at the top level and by action. */
export interface Config {
  readonly file: string
  readonly folder: string
  /** of the text that was read */
  readonly sha256: string
  readonly top: ReadonlyMap<string, Given>
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, Given>>
}

/**
 * Reads `trainyard.yml`; undefined when it is absent and `optional`. Throws one UserError of kind `usage` for all that is wrong in it:
 * syntax, keys twice, unknown keys (with a did-you-mean), inputs of another action, values that are maps, secrets.
 */
export async function readConfig(
  file: string,
  vocabulary: Vocabulary,
  {optional, shown = file}: {optional: boolean; shown?: string}
): Promise<Config | undefined> {
  let source: string
  try {
    source = await readText(file, MAX_BYTES)
  } catch (error) {
    const absent = error instanceof UserError && codeOf(error.cause) === 'ENOENT'
    if (absent && optional) return await refuseYaml(file, shown)
    throw error instanceof UserError
      ? new UserError(error.message, {kind: 'usage', hint: absent ? 'Check the input `config`.' : error.hint, cause: error})
      : error
  }
  return parseConfig(source, file, vocabulary, shown)
}

/** The other ending would be passed over without a word. */
async function refuseYaml(file: string, shown: string): Promise<undefined> {
  const there = await access(file.replace(/\.yml$/, '.yaml')).then(
    () => true,
    () => false
  )
  if (there)
    throw new UserError(`${shown}: no such file, but ${shown.replace(/\.yml$/, '.yaml')} is there`, {
      kind: 'usage',
      hint: `Rename it to ${shown}.`
    })
  return undefined
}

/** Parses the text of `trainyard.yml`; see readConfig. */
export function parseConfig(source: string, file: string, vocabulary: Vocabulary, shown = file): Config {
  const lines = new LineCounter()
  const sha256 = createHash('sha256').update(source).digest('hex')
  const document = parseDocument(source, {lineCounter: lines, uniqueKeys: true, strict: true, stringKeys: true})
  const here = (node: Located) => {
    const {line, col} = lines.linePos(node?.range?.[0] ?? 0)
    return {file: shown, line, column: col}
  }
  throwAll(
    document.errors.map(error => {
      const {line, col} = lines.linePos(error.pos[0])
      return new UserError(`${shown}:${line}:${col}: ${error.message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, '')}`, {
        kind: 'usage',
        hint: 'Mend the YAML.',
        at: {file: shown, line, column: col}
      })
    })
  )
  if (document.contents === null) return {file, folder: dirname(file), sha256, top: new Map(), sections: new Map()}
  if (!isMap(document.contents))
    throw new UserError(`${shown}: expected a map of inputs`, {kind: 'usage', hint: 'Write  name: value  lines.'})
  return readMap(document.contents, {file, shown, sha256, vocabulary, errors: [], here})
}

interface Reading {
  readonly file: string
  readonly shown: string
  readonly sha256: string
  readonly vocabulary: Vocabulary
  readonly errors: UserError[]
  here(node: Located): {file: string; line: number; column: number}
}

type Located = {range?: readonly number[] | null} | null | undefined

function readMap(map: YAMLMap, reading: Reading): Config {
  const {vocabulary, file, sha256} = reading
  const top = new Map<string, Given>()
  const sections = new Map<string, ReadonlyMap<string, Given>>()
  const known = new Set(Object.values(vocabulary).flatMap(spec => Object.keys(spec)))
  for (const pair of map.items) {
    const key = keyOf(pair)
    if (Object.hasOwn(vocabulary, key)) sections.set(key, readSection(key, pair, reading))
    else if (!known.has(key)) refuseUnknown(pair, key, [...known, ...Object.keys(vocabulary)], 'an input or an action', reading)
    else readValue(top, pair, key, reading)
  }
  throwAll(reading.errors)
  return {file, folder: dirname(file), sha256, top, sections}
}

function readSection(action: string, pair: Pair, reading: Reading): Map<string, Given> {
  const found = new Map<string, Given>()
  if (isScalar(pair.value) && pair.value.value === null) return found
  if (!isMap(pair.value)) {
    refuse(pair.key as Node, `${action}: expected a map of its inputs`, `Write the inputs of ${action} below it, indented.`, reading)
    return found
  }
  const known = Object.keys(reading.vocabulary[action])
  for (const inner of pair.value.items) {
    const key = keyOf(inner)
    if (known.includes(key)) readValue(found, inner, key, reading)
    else refuseUnknown(inner, key, known, `an input of ${action}`, reading)
  }
  return found
}

function readValue(into: Map<string, Given>, pair: Pair, key: string, reading: Reading): void {
  const secret = Object.values(reading.vocabulary).some(spec => spec[key]?.secret)
  if (key === 'config')
    refuse(pair.key as Node, "config names this file and can't stand in it", 'Give it with `with:` or --config.', reading)
  else if (secret)
    refuse(pair.key as Node, `${key}: a token never stands in a file`, `Give it with \`with: ${key}: \${{ secrets.… }}\`.`, reading)
  else {
    const given = givenOf(pair, key, reading)
    if (given !== undefined) into.set(key, given)
  }
}

function refuseUnknown(pair: Pair, key: string, known: readonly string[], what: string, reading: Reading): void {
  const owner = Object.keys(reading.vocabulary).find(action => Object.hasOwn(reading.vocabulary[action], key))
  const hint = owner === undefined ? `Did you mean ${nearest(key, known).join(', ')}?` : `${key} is an input of ${owner}.`
  refuse(pair.key as Node, `"${key}" is not ${what}`, hint, reading)
}

function givenOf(pair: Pair, key: string, reading: Reading): Given | undefined {
  const base = {base: dirname(reading.file), place: `${reading.shown}:${reading.here(pair.key as Node).line}: ${key}`}
  const node = pair.value as Node | null
  if (isSeq(node)) return {...base, texts: node.items.flatMap(item => entryOf(item as Node, key, reading) ?? []), list: true}
  const entry = entryOf(node, key, reading)
  return entry && {...base, texts: isBlock(node) ? linesOf(entry) : [entry], list: isBlock(node), block: isBlock(node)}
}

function entryOf(node: Node | null, key: string, reading: Reading): Entry | undefined {
  const at = reading.here(node)
  if (isScalar(node) && node.value !== null)
    return {text: typeof node.value === 'string' ? node.value : (node.source ?? String(node.value)), at}
  if (isMap(node) && node.items.length === 1 && keyOf(node.items[0]) === 'warn' && isScalar(node.items[0].value)) {
    return {text: `warn: ${node.items[0].value.value}`, at}
  }
  if (isAlias(node)) refuse(node, `${key}: an alias (*name) can't stand here`, 'Write the value out.', reading)
  else if (isMap(node) || isSeq(node))
    refuse(node, `${key}: expected a value, got a nested one`, 'Write a text, a number or a list of them.', reading)
  else refuse(node, `${key}: expected a value, got nothing`, 'Give a value or remove the line.', reading)
  return undefined
}

function refuse(node: Node | null, message: string, hint: string, {shown, errors, here}: Reading): void {
  const at = here(node)
  errors.push(new UserError(`${shown}:${at.line}: ${message}`, {kind: 'usage', hint, at}))
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key)
}

function isBlock(node: Node | null): boolean {
  return isScalar(node) && (node.type === 'BLOCK_LITERAL' || (typeof node.value === 'string' && node.value.includes('\n')))
}

// A block scalar's text starts on the line after its indicator; columns there are those of the text.
function linesOf({text, at}: Entry): Entry[] {
  return text.split('\n').map((line, index) => ({text: line, at: at && {file: at.file, line: (at.line ?? 0) + 1 + index}}))
}

import {UserError} from '#shared/errors'
import type {Column} from './column.js'
import type {Database} from './database.js'
import {type Categorical, dictionary, grown} from './dictionary.js'
import {identifier} from './sql.js'

const CHUNK_ROWS = 2048

/** Columns in memory, in file order. */
export interface Fetched {
  readonly rows: number
  readonly columns: readonly Column[]
  readonly names: readonly string[]
  /** NaN where missing; true and false are 1 and 0; undefined for other text, dates and unknown names */
  numeric(name: string): Float64Array | undefined
  /** "" where missing; a number as JavaScript writes it. Throws UserError on an unknown name. */
  text(name: string): string[]
  /** Throws UserError on an unknown name. */
  categorical(name: string): Categorical
}

/**
 * Reads columns in one pass into typed arrays: numbers and booleans as doubles, all else as codes into their distinct values.
 * Where no more rows come than are expected, the arrays need not grow.
 */
export async function fetchColumns(
  database: Database,
  relation: string,
  columns: readonly Column[],
  expectedRows = CHUNK_ROWS
): Promise<Fetched> {
  const numbers = new Map(columns.filter(isNumeric).map(({name}) => [name, doubles(expectedRows)]))
  const texts = new Map(columns.filter(column => !isNumeric(column)).map(({name}) => [name, dictionary(expectedRows)]))
  const cells = [
    ...[...numbers.keys()].map(name => `coalesce(${identifier(name)}::DOUBLE, 'NaN'::DOUBLE)`),
    ...[...texts.keys()].flatMap(name => [`${identifier(name)}::VARCHAR`, `hash(${identifier(name)}::VARCHAR)`])
  ]
  let rows = 0
  for await (const part of database.chunks(cells.length > 0 ? cells : ['1'], relation)) {
    let at = 0
    for (const sink of numbers.values()) sink.add(parseItems(part.chunk.getColumnVector(at++), Float64Array).subarray(0, part.rows))
    for (const sink of texts.values()) {
      const text = part.chunk.getColumnVector(at++)
      const {buffer, byteOffset} = parseItems(part.chunk.getColumnVector(at++), BigUint64Array)
      sink.add(new Uint32Array(buffer, byteOffset, 2 * part.rows), part.rows, row => text.getItem(row))
    }
    rows += part.rows
  }
  return fetched(rows, columns, numbers, texts)
}

/** A hash of each row, by the text of its cells in the order of their columns' names; whole numbers are written alike whatever their type. */
export async function fetchHashes(database: Database, relation: string, columns: readonly Column[]): Promise<BigUint64Array> {
  const cells = [...columns]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({name, kind}) => (kind === 'number' ? `${identifier(name)}::DOUBLE` : `${identifier(name)}::VARCHAR`))
  const parts: BigUint64Array[] = []
  for await (const {chunk, rows} of database.chunks([`hash(${cells.join(', ')})`], relation))
    parts.push(parseItems(chunk.getColumnVector(0), BigUint64Array).slice(0, rows))
  const hashes = new BigUint64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    hashes.set(part, at)
    at += part.length
  }
  return hashes
}

function isNumeric({kind}: Column): boolean {
  return kind === 'number' || kind === 'boolean'
}

/** The memory of a DuckDB vector, without an object a cell. */
function parseItems<T>(vector: object, type: new (...args: never[]) => T): T {
  if ('items' in vector && vector.items instanceof type) return vector.items
  throw new Error(`DuckDB's vector has no ${type.name}`)
}

function fetched(
  rows: number,
  columns: readonly Column[],
  numbers: ReadonlyMap<string, ReturnType<typeof doubles>>,
  texts: ReadonlyMap<string, ReturnType<typeof dictionary>>
): Fetched {
  const names = columns.map(column => column.name)
  const unknown = (name: string) =>
    new UserError(`There is no column ${name}`, {hint: `Columns: ${names.slice(0, 50).join(', ')}`, kind: 'usage'})
  const numeric = (name: string) => {
    const number = numbers.get(name)
    if (number) return number.array()
    const text = texts.get(name)
    return text && truths(text.categorical())
  }
  const categorical = (name: string): Categorical => {
    const text = texts.get(name)
    if (text) return text.categorical()
    const number = numbers.get(name)
    if (!number) throw unknown(name)
    const boolean = columns.find(column => column.name === name)?.kind === 'boolean'
    return encode(number.array(), value => (boolean ? String(value === 1) : String(value)))
  }
  return {
    rows,
    columns,
    names,
    numeric,
    categorical,
    text: name => {
      const {codes, values} = categorical(name)
      const texts = new Array<string>(codes.length)
      for (let row = 0; row < texts.length; row++) texts[row] = codes[row] < 0 ? '' : values[codes[row]]
      return texts
    }
  }
}

function truths({codes, values}: Categorical): Float64Array | undefined {
  const numbers = values.map(value => (/^true$/i.test(value) ? 1 : /^false$/i.test(value) ? 0 : Number.NaN))
  if (values.length === 0 || numbers.some(Number.isNaN)) return undefined
  return Float64Array.from(codes, code => (code < 0 ? Number.NaN : numbers[code]))
}

function encode(numbers: Float64Array, show: (value: number) => string): Categorical {
  const known = new Map<number, number>()
  const codes = new Int32Array(numbers.length)
  // Labels change seldom from row to row: the last two values spare most of the look-ups.
  let [last, lastCode, other, otherCode] = [Number.NaN, -1, Number.NaN, -1]
  for (let row = 0; row < codes.length; row++) {
    const value = numbers[row]
    if (value === last) codes[row] = lastCode
    else if (value === other) codes[row] = otherCode
    else if (Number.isNaN(value)) codes[row] = -1
    else {
      const code = known.get(value) ?? known.size
      known.set(value, code)
      codes[row] = code
      ;[other, otherCode] = [last, lastCode]
      ;[last, lastCode] = [value, code]
    }
  }
  return {codes, values: [...known.keys()].map(show)}
}

/** A growing array of doubles. */
function doubles(expected: number) {
  let items = new Float64Array(Math.max(CHUNK_ROWS, expected))
  let size = 0
  return {
    add(more: Float64Array): void {
      if (size + more.length > items.length) items = grown(items, new Float64Array(Math.max(items.length * 2, size + more.length)))
      items.set(more, size)
      size += more.length
    },
    array: () => items.subarray(0, size)
  }
}

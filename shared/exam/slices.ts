import {UserError} from '#shared/errors'
import type {Condition} from '#shared/gates/gate'
import {conditionText} from '#shared/gates/gate'
import type {Coded} from './labels.js'

/** What slices are cut from. */
export interface Sliceable {
  categorical(name: string): Coded
  numeric(name: string): Float64Array | undefined
}

/** The rows, from 0 and rising, that meet every condition; undefined for no condition: all rows. A missing cell meets none but `!=` and `=(missing)`. */
function rowsOf(slice: readonly Condition[], table: Sliceable, n: number): Uint32Array | undefined {
  if (slice.length === 0) return undefined
  const tests = slice.map(condition => testOf(condition, table))
  const rows = new Uint32Array(n)
  let count = 0
  const [only] = tests
  if (tests.length === 1) {
    for (let row = 0; row < n; row++) if (only(row)) rows[count++] = row
  } else for (let row = 0; row < n; row++) if (tests.every(test => test(row))) rows[count++] = row
  return rows.slice(0, count)
}

/** rowsOf, which reads a column once for all of its values: a watched column asks for each of them. */
export function rowsFinder(table: Sliceable, n: number): (slice: readonly Condition[]) => Uint32Array | undefined {
  const known = new Map<string, ReadonlyMap<string, Uint32Array>>()
  return slice => {
    const [{column, operator, value} = {column: '', operator: '', value: ''}] = slice
    if (slice.length !== 1 || operator !== '=') return rowsOf(slice, table, n)
    const byValue = known.get(column) ?? rowsByValue(table.categorical(column))
    known.set(column, byValue)
    return byValue.get(value) ?? new Uint32Array(0)
  }
}

/** The rows of each value, rising; those without one are `(missing)`, unless that is a value. */
function rowsByValue({codes, values}: Coded): Map<string, Uint32Array> {
  const missing = values.length
  const starts = new Uint32Array(missing + 2)
  for (let row = 0; row < codes.length; row++) starts[(codes[row] < 0 ? missing : codes[row]) + 1]++
  for (let code = 0; code <= missing; code++) starts[code + 1] += starts[code]
  const next = starts.slice()
  const rows = new Uint32Array(codes.length)
  for (let row = 0; row < codes.length; row++) rows[next[codes[row] < 0 ? missing : codes[row]]++] = row
  const of = (code: number) => rows.subarray(starts[code], starts[code + 1])
  return new Map([[MISSING, of(missing)], ...values.map((value, code) => [value, of(code)] as const)])
}

function testOf(condition: Condition, table: Sliceable): (row: number) => boolean {
  const {column, operator, value} = condition
  if (operator === '=' || operator === '!=') {
    const {codes, values} = table.categorical(column)
    const code = values.includes(value) || value !== MISSING ? values.indexOf(value) : -1
    if (value === MISSING && code === -1) return operator === '=' ? row => codes[row] === -1 : row => codes[row] !== -1
    return operator === '=' ? row => code >= 0 && codes[row] === code : row => codes[row] !== code
  }
  const numbers = table.numeric(column)
  const bound = value.trim() === '' ? Number.NaN : Number(value)
  if (numbers === undefined || !Number.isFinite(bound)) {
    throw new UserError(
      `slice [${conditionText(condition)}]: ${numbers === undefined ? `${column} holds text` : `"${value}" is no number`}`,
      {kind: 'usage', hint: 'Compare numbers with >= <= > <, text with = and !=.'}
    )
  }
  if (operator === '>=') return row => numbers[row] >= bound
  if (operator === '<=') return row => numbers[row] <= bound
  return operator === '>' ? row => numbers[row] > bound : row => numbers[row] < bound
}

/** The value under which rows without one are listed. */
export const MISSING = '(missing)'

/** The values of a column with their number of rows, most first; rows without a value are `(missing)`. */
export function valuesOf({codes, values}: Coded): {value: string; n: number}[] {
  const counts = new Float64Array(values.length)
  for (const code of codes) if (code >= 0) counts[code]++
  const missing = codes.length - counts.reduce((sum, n) => sum + n, 0)
  return [...values.map((value, index) => ({value, n: counts[index]})), ...(missing > 0 ? [{value: MISSING, n: missing}] : [])].sort(
    (a, b) => b.n - a.n || (a.value < b.value ? -1 : 1)
  )
}

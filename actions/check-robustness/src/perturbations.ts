import {normalQuantile} from '#shared/stats/special'
import {type Changes, overlay, type Rows, realColumns, textColumns} from './rows.js'

/** One way to change rows a little. Undefined when the model reads no column that it could change. */
export type Perturbation = (rows: Rows, random: () => number) => Rows | undefined

/** By the word in `flip_rate(word)`. */
export const PERTURBATIONS: Readonly<Record<string, Perturbation>> = {noise, scale, missing, category, spelling}

/** What the model would have to read for a perturbation to change anything. */
export const NEEDS: Readonly<Record<string, string>> = {
  noise: 'a column of real numbers',
  scale: 'a column of real numbers',
  missing: 'a column that may be missing',
  category: 'a column of texts with two values or more',
  spelling: 'a column of texts'
}

const NOISE_SHARE = 0.01

/** Adds to every real cell a normal deviate of 0.01 standard deviations of its column. */
function noise(rows: Rows, random: () => number): Rows | undefined {
  return changeReals(rows, values => {
    const sd = deviationOf(values)
    return Float64Array.from(values, value => value + NOISE_SHARE * sd * normalQuantile(Math.min(Math.max(random(), 1e-12), 1 - 1e-12)))
  })
}

/** Multiplies every real cell by 1.01 or 0.99, drawn at random. */
function scale(rows: Rows, random: () => number): Rows | undefined {
  return changeReals(rows, values => Float64Array.from(values, value => value * (random() < 0.5 ? 0.99 : 1.01)))
}

function changeReals(rows: Rows, change: (values: Float64Array) => Float64Array): Rows | undefined {
  const changes = new Map<string, Float64Array>()
  for (const column of realColumns(rows)) changes.set(column, change(rows.columns.numeric(column) ?? new Float64Array()))
  return changed(rows, changes)
}

function changed(rows: Rows, changes: Changes): Rows | undefined {
  return changes.size === 0 ? undefined : {...rows, columns: overlay(rows.columns, changes)}
}

/** Takes one cell of every row away, drawn among the columns that may be missing. */
function missing(rows: Rows, random: () => number): Rows | undefined {
  const reals = new Map(realColumns(rows).map(column => [column, Float64Array.from(rows.columns.numeric(column) ?? [])]))
  const texts = new Map(textColumns(rows).map(column => [column, [...rows.columns.text(column)]]))
  const names = [...reals.keys(), ...texts.keys()]
  for (let row = 0; row < rows.n && names.length > 0; row++) {
    const name = names[Math.floor(random() * names.length)]
    const numbers = reals.get(name)
    const cells = texts.get(name)
    if (numbers !== undefined) numbers[row] = Number.NaN
    if (cells !== undefined) cells[row] = ''
  }
  return changed(rows, new Map<string, Float64Array | readonly string[]>([...reals, ...texts]))
}

/** Gives one text cell of every row another value that its column has elsewhere. */
function category(rows: Rows, random: () => number): Rows | undefined {
  const texts = new Map(textColumns(rows).map(column => [column, [...rows.columns.text(column)]]))
  const values = new Map([...texts].map(([name, cells]) => [name, [...new Set(cells)].filter(cell => cell !== '')]))
  const names = [...texts.keys()].filter(name => (values.get(name)?.length ?? 0) > 1)
  for (let row = 0; row < rows.n && names.length > 0; row++) {
    const name = names[Math.floor(random() * names.length)]
    const cells = texts.get(name) ?? []
    const others = (values.get(name) ?? []).filter(value => value !== cells[row])
    cells[row] = others[Math.floor(random() * others.length)]
  }
  return names.length === 0 ? undefined : changed(rows, texts)
}

/** Swaps upper and lower case of every text cell and puts a blank behind it. */
function spelling(rows: Rows): Rows | undefined {
  const respelled = (text: string) => (text === '' ? '' : `${text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase()} `)
  return changed(rows, new Map(textColumns(rows).map(column => [column, rows.columns.text(column).map(respelled)])))
}

/** Sample standard deviation of the cells that are there. */
export function deviationOf(values: Float64Array): number {
  const there = values.filter(value => Number.isFinite(value))
  if (there.length < 2) return 0
  const mean = there.reduce((sum, value) => sum + value, 0) / there.length
  return Math.sqrt(there.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (there.length - 1))
}

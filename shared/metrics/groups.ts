import type {Scored} from './scored.js'

/** Which group each row is in: an index into `names`. */
export interface Grouping {
  readonly names: readonly string[]
  readonly of: Int32Array
}

/** A column as codes into its values, -1 where missing. */
export interface GroupColumn {
  readonly codes: Int32Array
  readonly values: readonly string[]
}

const MISSING = '(missing)'

/** Groups by one column, or by the combinations that occur of several: `female × white`. Missing values are a group of their own. Most rows first. */
export function groupsOf(columns: readonly GroupColumn[]): Grouping {
  const n = columns[0].codes.length
  const known = new Map<number, number>()
  const keys: number[] = []
  const of = new Int32Array(n)
  for (let row = 0; row < n; row++) {
    let key = 0
    for (const {codes, values} of columns) key = key * (values.length + 1) + codes[row] + 1
    let group = known.get(key)
    if (group === undefined) {
      group = keys.length
      known.set(key, group)
      keys.push(key)
    }
    of[row] = group
  }
  return bySize({names: keys.map(key => nameOf(key, columns)), of})
}

function nameOf(key: number, columns: readonly GroupColumn[]): string {
  const parts: string[] = []
  let rest = key
  for (const {values} of [...columns].reverse()) {
    const code = (rest % (values.length + 1)) - 1
    parts.unshift(code < 0 ? MISSING : values[code])
    rest = Math.floor(rest / (values.length + 1))
  }
  return parts.join(' × ')
}

function bySize({names, of}: Grouping): Grouping {
  const sizes = new Float64Array(names.length)
  for (const group of of) sizes[group]++
  const order = names.map((_, index) => index).sort((a, b) => sizes[b] - sizes[a] || (names[a] < names[b] ? -1 : 1))
  const place = new Int32Array(names.length)
  for (const [index, group] of order.entries()) place[group] = index
  return {names: order.map(group => names[group]), of: of.map(group => place[group])}
}

/** Counts of rows of each group by label and prediction, `2 * label + prediction`. */
export function cellsByGroup({names, of}: Grouping, {labels, predictions}: Scored): Float64Array[] {
  const cells = new Float64Array(names.length * 4)
  for (let row = 0; row < of.length; row++) cells[4 * of[row] + 2 * labels[row] + predictions[row]]++
  return names.map((_, group) => cells.subarray(4 * group, 4 * group + 4))
}

/** Counts by label, prediction of the candidate and of the reference, `4 * label + 2 * candidate + reference`. */
export function jointCellsByGroup({names, of}: Grouping, candidate: Scored, reference: Scored): Float64Array[] {
  const cells = new Float64Array(names.length * 8)
  for (let row = 0; row < of.length; row++)
    cells[8 * of[row] + 4 * candidate.labels[row] + 2 * candidate.predictions[row] + reference.predictions[row]]++
  return names.map((_, group) => cells.subarray(8 * group, 8 * group + 8))
}

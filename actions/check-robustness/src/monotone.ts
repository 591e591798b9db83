import {UserError} from '#shared/errors'
import {type Answer, isValid, overlay, type Rows, takeRows} from './rows.js'

/** `+experience`: the score must not fall when the column rises. */
export interface Direction {
  readonly column: string
  readonly sign: 1 | -1
}

/** Throws UserError of kind `usage` on a word without a sign, a column that the model doesn't read, or one twice. */
export function parseMonotone(words: readonly string[], reals: readonly string[]): Direction[] {
  return words.map((word, index) => {
    const column = word.slice(1).trim()
    const sign = word[0] === '+' ? 1 : word[0] === '-' ? -1 : undefined
    if (sign === undefined)
      throw wrong(word, 'expected a sign and a column', 'Write +experience where the score must not fall, -age where it must not rise.')
    if (!reals.includes(column))
      throw wrong(word, 'the model reads no column of numbers of this name', `It reads ${reals.join(', ') || 'none'}.`)
    if (words.findIndex(other => other.slice(1).trim() === column) !== index) throw wrong(word, 'the column stands twice', 'Remove one.')
    return {column, sign}
  })
}

function wrong(word: string, problem: string, hint: string): UserError {
  return new UserError(`monotone: ${JSON.stringify(word)}: ${problem}`, {kind: 'usage', hint})
}

/** Values of the column that each row is given. */
const GRID = 10
/** A smaller step back is rounding. */
export const TOLERANCE = 1e-6

/**
 * For each row whether its score anywhere steps against the direction by more than 1e-6, while the column goes through ten of its own
 * quantiles and all else stays; 2 where a score is not valid.
 */
export async function measureMonotone(rows: Rows, {column, sign}: Direction, answer: Answer): Promise<Uint8Array> {
  const grid = gridOf(rows.columns.numeric(column) ?? new Float64Array())
  const order = Uint32Array.from({length: rows.n * grid.length}, (_, at) => Math.floor(at / grid.length))
  const spread = takeRows(rows, order)
  const values = Float64Array.from(order, (_, at) => grid[at % grid.length])
  const {values: scores} = await answer(overlay(spread.columns, new Map([[column, values]])), spread.n)
  return Uint8Array.from({length: rows.n}, (_, row) => {
    const line = scores.subarray(row * grid.length, (row + 1) * grid.length)
    if (!line.every(isValid)) return 2
    return line.some((score, at) => at > 0 && sign * (score - line[at - 1]) < -TOLERANCE) ? 1 : 0
  })
}

function gridOf(values: Float64Array): number[] {
  const there = values.filter(value => Number.isFinite(value)).sort()
  if (there.length === 0) return []
  return [...new Set(Array.from({length: GRID}, (_, step) => there[Math.round((step / (GRID - 1)) * (there.length - 1))]))]
}

import {type Answer, drawRows, isValid, type Rows, takeRows} from './rows.js'

/** Rows that are scored one by one as well. */
const ALONE = 200

export interface Determinism {
  /** the largest difference between two scores of one row */
  readonly largest: number
  /** comparisons made */
  readonly n: number
  /** which way of asking gave it */
  readonly by: string
}

/** Scores the rows again: repeated, in another order, and some of them alone. `first` are the scores of all rows in order. */
export async function measureDeterminism(rows: Rows, first: Float64Array, answer: Answer, random: () => number): Promise<Determinism> {
  const all = Uint32Array.from({length: rows.n}, (_, row) => row)
  const permuted = drawRows(rows.n, rows.n, random)
  const ways: readonly [string, Uint32Array, Float64Array][] = [
    ['repeated', all, await scoresOf(rows, answer)],
    ['in another order', permuted, await scoresOf(takeRows(rows, permuted), answer)],
    await alone(rows, drawRows(rows.n, Math.min(rows.n, ALONE), random), answer)
  ]
  let found: Determinism = {largest: 0, n: 0, by: 'repeated'}
  for (const [by, order, scores] of ways) {
    const largest = order.reduce((most, row, at) => Math.max(most, gap(first[row], scores[at])), 0)
    found = largest > found.largest ? {largest, n: found.n + order.length, by} : {...found, n: found.n + order.length}
  }
  return found
}

async function scoresOf({columns, n}: Rows, answer: Answer): Promise<Float64Array> {
  return (await answer(columns, n)).values
}

async function alone(rows: Rows, order: Uint32Array, answer: Answer): Promise<[string, Uint32Array, Float64Array]> {
  const scores = new Float64Array(order.length)
  for (let at = 0; at < order.length; at++) scores[at] = (await scoresOf(takeRows(rows, order.subarray(at, at + 1)), answer))[0]
  return ['alone', order, scores]
}

/** Between a valid score and none the gap is 1, the largest that scores can have; between two that are both none it is 0. */
function gap(a: number, b: number): number {
  if (isValid(a) && isValid(b)) return Math.abs(a - b)
  return isValid(a) === isValid(b) ? 0 : 1
}

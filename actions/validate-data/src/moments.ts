/** Mean and standard deviation from sums that are the same in any order: of whole numbers, in units that the first rows give. */
export interface Moments {
  readonly mean: number | null
  readonly sd: number | null
}

/** Where a column's numbers lie: cells up to 2^(`exponent` + 10) from `centre` are summed. */
export interface Spread {
  readonly centre: number
  readonly exponent: number
}

export interface Summed {
  /** cells that are there */
  readonly n: number
  readonly min: number
  readonly max: number
  /** sums of the cells' distances from the centre and of their squares, in units */
  readonly first: number
  readonly second: number
}

const REACH = 10
/** bits of one cell's share in a sum, which SQL casts to 64 */
const BITS = 60
/** beyond, squares and units are no doubles any more */
const MOST_EXPONENT = 400

/** The spread of a sample: `least`, 5%, 50% and 95% quantile, `most`; nothing where it has no cell. */
export function spreadOf([least, low, centre, high, most]: readonly number[]): Spread {
  if (centre === undefined) return {centre: 0, exponent: 0}
  const width = Math.max(high - low, (most - least) / 64, Math.abs(centre) * 2 ** -30)
  return {centre, exponent: exponentOf(width === 0 ? 1 : width)}
}

function exponentOf(width: number): number {
  return Math.max(-MOST_EXPONENT, Math.min(MOST_EXPONENT, Math.ceil(Math.log2(width))))
}

/** SQL of the two sums over a cell. What is out of reach is left out: `momentsOf` finds it by the ends. */
export function momentsSql(cell: string, {centre, exponent}: Spread): readonly [first: string, second: string] {
  const distance = `(${cell}::DOUBLE - '${centre}'::DOUBLE)`
  const sum = (term: string, unit: number) => `sum(TRY_CAST(${term} * '${1 / unit}'::DOUBLE AS BIGINT))`
  const {once, squared} = unitsOf(exponent)
  return [sum(distance, once), sum(`${distance} * ${distance}`, squared)]
}

function unitsOf(exponent: number) {
  return {once: 2 ** (exponent + REACH - BITS), squared: 2 ** (2 * (exponent + REACH) - BITS)}
}

/** Null where there is an infinity, where there is nothing to say, and where cells were out of reach. */
export function momentsOf(spread: Spread, summed: Summed): Moments {
  const {n, min, max, first, second} = summed
  if (n === 0 || !(max - min < Number.POSITIVE_INFINITY)) return {mean: null, sd: null}
  if (min === max) return {mean: min, sd: n > 1 ? 0 : null}
  if (!reaches(spread, summed)) return {mean: null, sd: null}
  const {once, squared} = unitsOf(spread.exponent)
  const away = (first * once) / n
  return {mean: spread.centre + away, sd: Math.sqrt(Math.max(0, (second * squared - n * away * away) / (n - 1)))}
}

/** A spread from the ends, where one from the first rows left cells out, or has units too coarse to tell the deviation well. */
export function widerSpread(spread: Spread, summed: Summed): Spread | undefined {
  const {n, min, max} = summed
  if (n < 2 || min === max || !(max - min < Number.POSITIVE_INFINITY)) return undefined
  const {sd} = momentsOf(spread, summed)
  if (sd !== null && sd >= 2 ** (spread.exponent - REACH / 2)) return undefined
  const centre = min / 2 + max / 2
  return {centre, exponent: exponentOf((max - min) / 2 ** REACH)}
}

function reaches({centre, exponent}: Spread, {min, max}: Summed): boolean {
  return Math.max(centre - min, max - centre) <= 2 ** (exponent + REACH)
}

/** From every value with its cells, in rising order. */
export function momentsOfCounts(counts: readonly (readonly [value: number, n: number])[]): Moments {
  const n = counts.reduce((sum, [, some]) => sum + some, 0)
  const mean = counts.reduce((sum, [value, some]) => sum + value * some, 0) / n
  if (!Number.isFinite(mean)) return {mean: null, sd: null}
  const squares = counts.reduce((sum, [value, some]) => sum + some * (value - mean) ** 2, 0)
  return {mean, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : null}
}

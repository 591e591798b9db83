import type {Bounds, Estimate} from '#shared/stats/estimate'
import {normalQuantile} from '#shared/stats/normal'

/** A metric's value without its uncertainty. */
export interface Point {
  /** null: not defined, as `reason` says */
  readonly value: number | null
  /** rows in the denominator */
  readonly n: number
  /** rows looked at */
  readonly rows: number
  readonly reason?: string
}

export type Spread = Required<Pick<Estimate, 'bounds' | 'method'>> & Pick<Estimate, 'reason'>

/** Rows in a metric's denominator below which no verdict is drawn. */
export const FEWEST_ROWS = 30
/** Rows of either class below which an order of scores is not judged. */
export const FEWEST_OF_CLASS = 10

/** The reason why n rows in a denominator are too few, if they are. `what` names them: `positives`. */
export function tooFew(n: number, what = 'rows'): string | undefined {
  if (n >= FEWEST_ROWS) return undefined
  return n === 0 ? `no ${what}` : `too few ${what}: ${n}, at least ${FEWEST_ROWS} are needed`
}

/** The reason why a class has too few rows, if one has. */
export function tooFewOfClass(positives: number, negatives: number): string | undefined {
  const [n, what] = positives <= negatives ? [positives, 'positives'] : [negatives, 'negatives']
  if (n >= FEWEST_OF_CLASS) return undefined
  return n === 0 ? `no ${what}` : `too few ${what}: ${n}, at least ${FEWEST_OF_CLASS} are needed`
}

/** A point with its uncertainty, which is asked for only where there is a value. */
export function estimated(point: Point, spread: (value: number) => Spread): Estimate {
  const {value} = point
  if (value === null) return point
  return lazily({...point, value}, () => spread(value))
}

/** `first - factor * second` with its uncertainty. */
export function difference(first: Point, second: Point, factor: number, spread: (value: number) => Spread): Estimate {
  const [n, rows] = [Math.min(first.n, second.n), Math.min(first.rows, second.rows)]
  const reason = first.reason ?? second.reason
  if (first.value === null || second.value === null) return {value: null, n, rows, reason: reason ?? 'not defined'}
  const value = first.value - factor * second.value
  return lazily({value, n, rows, reason}, () => spread(value))
}

/** A fact is a value alone: its uncertainty, which costs more, is measured when somebody first asks for it. */
function lazily({value, n, rows, reason}: Point & {readonly value: number}, spread: () => Spread): Estimate {
  let known: Spread | undefined
  const measured = () => {
    known ??= spread()
    return known
  }
  return {
    value,
    n,
    rows,
    get bounds() {
      return measured().bounds
    },
    get method() {
      return measured().method
    },
    get reason() {
      return reason ?? measured().reason
    }
  }
}

/** What two models that are the same on every row differ by. */
export const IDENTICAL: Spread = {bounds: () => ({low: 0, high: 0}), method: 'identical on every row'}

/** Normal bounds around a value; unbounded where the variance is not defined (one row of a class). */
export function normalSpread(value: number, variance: number, method: string): Spread {
  const se = Math.sqrt(variance)
  return {
    bounds: alpha => {
      if (Number.isNaN(se)) return {low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY}
      const half = se === 0 ? 0 : normalQuantile(1 - alpha) * se
      return {low: value - half, high: value + half}
    },
    method
  }
}

/** The same spread, cut to the range that the metric can have. */
export function within({bounds, ...rest}: Spread, least: number, most: number): Spread {
  return {
    ...rest,
    bounds: (alpha): Bounds => {
      const {low, high} = bounds(alpha)
      return {low: Math.max(least, low), high: Math.min(most, high)}
    }
  }
}

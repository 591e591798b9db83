import type {Estimate, Proportion} from '#shared/stats/estimate'
import {bonettPrice, newcombeWeighted, wilson} from '#shared/stats/proportions'
import {compareCells} from './cells.js'
import {ALL, confusion, FN, FP, jointConfusion, sumOf, TN, TP} from './confusion.js'
import {difference, estimated, IDENTICAL, type Point, tooFew} from './difference.js'
import {type Sampling, type Scored, sameModel} from './scored.js'

/** A metric that is a share of rows: cells of the confusion over cells of the confusion. */
export interface ShareMetric {
  readonly successes: readonly number[]
  readonly denominator: readonly number[]
  /** what the rows of the denominator are called */
  readonly rows: string
}

export const ACCURACY: ShareMetric = {successes: [TN, TP], denominator: ALL, rows: 'rows'}
export const RECALL: ShareMetric = {successes: [TP], denominator: [FN, TP], rows: 'positives'}
export const PRECISION: ShareMetric = {successes: [TP], denominator: [FP, TP], rows: 'predicted positives'}

function proportionOf({successes, denominator}: ShareMetric, cells: ArrayLike<number>): Proportion {
  return {successes: sumOf(cells, successes), n: sumOf(cells, denominator)}
}

function pointOf(metric: ShareMetric, cells: ArrayLike<number>): Point {
  const {successes, n} = proportionOf(metric, cells)
  const rows = sumOf(cells, ALL)
  const few = rows === 0 ? 'no rows' : tooFew(n, metric.rows)
  return {value: n === 0 ? null : successes / n, n, rows, ...(few === undefined ? {} : {reason: few})}
}

/** The share with Wilson's bounds. */
export function measureShare(metric: ShareMetric, scored: Scored): Estimate {
  const cells = confusion(scored)
  const proportion = proportionOf(metric, cells)
  return estimated(pointOf(metric, cells), () => ({bounds: alpha => wilson(proportion, alpha), method: 'Wilson'}))
}

/** Candidate minus factor times reference on the same rows: adjusted Wald where the denominator is the same rows, else resampled. */
export function compareShare(metric: ShareMetric, candidate: Scored, reference: Scored, factor: number, sampling: Sampling): Estimate {
  const first = pointOf(metric, confusion(candidate))
  const second = pointOf(metric, confusion({...reference, rows: candidate.rows}))
  if (factor === 1 && sameModel(candidate, reference)) return difference(first, second, 1, () => IDENTICAL)
  const joint = jointConfusion(candidate, reference)
  if (factor === 1 && metric !== PRECISION) {
    const pairs = discordant(metric, joint)
    return difference(first, second, 1, () => ({bounds: alpha => bonettPrice(pairs, alpha), method: 'paired adjusted Wald (Bonett-Price)'}))
  }
  const value = (cells: ArrayLike<number>) => sumOf(cells, metric.successes) / sumOf(cells, metric.denominator)
  return difference(first, second, factor, at => compareCells({joint, factor, statistic: value, value: at, sampling}))
}

/** Rows of the denominator that only one of both got right; the prediction must not decide what the denominator is. */
function discordant({successes, denominator}: ShareMetric, joint: ArrayLike<number>) {
  const pairs = {onlyFirst: 0, onlySecond: 0, n: 0}
  for (let cell = 0; cell < 8; cell++) {
    const first = 2 * (cell >> 2) + ((cell >> 1) & 1)
    const second = 2 * (cell >> 2) + (cell & 1)
    if (!denominator.includes(first)) continue
    pairs.n += joint[cell]
    if (successes.includes(first) && !successes.includes(second)) pairs.onlyFirst += joint[cell]
    if (!successes.includes(first) && successes.includes(second)) pairs.onlySecond += joint[cell]
  }
  return pairs
}

/**
 * Slice minus factor times overall, by Newcombe's limits of slice and rest: overall is the share w of the slice's rows in the
 * denominator times the slice, plus (1 - w) times the rest.
 */
export function shareAgainstOverall(metric: ShareMetric, slice: Scored, overall: Scored, factor: number): Estimate {
  const sliceCells = confusion(slice)
  const cells = confusion(overall)
  const inSlice = proportionOf(metric, sliceCells)
  const inAll = proportionOf(metric, cells)
  const rest = {successes: inAll.successes - inSlice.successes, n: inAll.n - inSlice.n}
  const ofSlice = inSlice.n / inAll.n
  return difference(pointOf(metric, sliceCells), pointOf(metric, cells), factor, () => ({
    bounds: alpha =>
      newcombeWeighted({share: inSlice, weight: 1 - factor * ofSlice}, {share: rest, weight: -factor * (1 - ofSlice)}, alpha),
    method: 'Newcombe, slice and rest'
  }))
}

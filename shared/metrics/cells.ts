import {bootstrapSpread, REPLICATES, recentre, replicate} from '#shared/stats/bootstrap'
import type {Estimate} from '#shared/stats/estimate'
import {newcombeWeighted, wilson} from '#shared/stats/proportions'
import {multinomial, random} from '#shared/stats/random'
import {ALL, confusion, FN, FP, jointConfusion, marginOf, sumOf, TN, TP} from './confusion.js'
import {difference, estimated, IDENTICAL, type Point, type Spread, tooFew, tooFewOfClass} from './difference.js'
import {type Sampling, type Scored, sameModel} from './scored.js'

/** A function of the four cells of the confusion, NaN where it is not defined. */
export type CellStatistic = (cells: ArrayLike<number>) => number

export interface CellMetric {
  readonly statistic: CellStatistic
  /** rows in the denominator and why they do not suffice */
  readonly counted: (cells: ArrayLike<number>) => Pick<Point, 'n' | 'reason'>
  readonly spread: (cells: ArrayLike<number>) => Spread
}

/** 2 TP / (2 TP + FP + FN). Its bounds are Wilson's of TP among TP + FP + FN, of which it is an increasing function. */
export const F1: CellMetric = {
  statistic: cells => (2 * cells[TP]) / (2 * cells[TP] + cells[FP] + cells[FN]),
  counted: cells => {
    const n = sumOf(cells, [FP, FN, TP])
    return {n, reason: tooFew(n, 'positives or predicted positives')}
  },
  spread: cells => {
    const share = {successes: cells[TP], n: sumOf(cells, [FP, FN, TP])}
    const f1 = (jaccard: number) => (2 * jaccard) / (1 + jaccard)
    return {
      bounds: alpha => {
        const {low, high} = wilson(share, alpha)
        return {low: f1(low), high: f1(high)}
      },
      method: 'Wilson of TP / (TP + FP + FN)'
    }
  }
}

/** Mean of both classes' recalls, with bounds from Wilson's of each. */
export const BALANCED_ACCURACY: CellMetric = {
  statistic: cells => (cells[TP] / (cells[TP] + cells[FN]) + cells[TN] / (cells[TN] + cells[FP])) / 2,
  counted: cells => {
    const n = sumOf(cells, ALL)
    return {n, reason: tooFewOfClass(sumOf(cells, [FN, TP]), sumOf(cells, [TN, FP])) ?? tooFew(n)}
  },
  spread: cells => {
    const recall = {share: {successes: cells[TP], n: sumOf(cells, [FN, TP])}, weight: 0.5}
    const specificity = {share: {successes: cells[TN], n: sumOf(cells, [TN, FP])}, weight: 0.5}
    return {bounds: alpha => newcombeWeighted(recall, specificity, alpha), method: "Wilson of both classes' recalls, combined"}
  }
}

function pointOf({statistic, counted}: CellMetric, cells: ArrayLike<number>): Point {
  const value = statistic(cells)
  const {n, reason} = counted(cells)
  const rows = sumOf(cells, ALL)
  const why = rows === 0 ? 'no rows' : reason
  return {value: Number.isNaN(value) ? null : value, n, rows, ...(why === undefined ? {} : {reason: why})}
}

export function measureCells(metric: CellMetric, scored: Scored): Estimate {
  const cells = confusion(scored)
  return estimated(pointOf(metric, cells), () => metric.spread(cells))
}

/** Candidate minus factor times reference on the same rows. */
export function comparePaired(metric: CellMetric, candidate: Scored, reference: Scored, factor: number, sampling: Sampling): Estimate {
  const joint = jointConfusion(candidate, reference)
  const first = pointOf(metric, marginOf(joint, 'candidate'))
  const second = pointOf(metric, marginOf(joint, 'reference'))
  if (factor === 1 && sameModel(candidate, reference)) return difference(first, second, 1, () => IDENTICAL)
  return difference(first, second, factor, value => compareCells({joint, factor, statistic: metric.statistic, value, sampling}))
}

interface Paired {
  readonly joint: ArrayLike<number>
  readonly factor: number
  readonly statistic: CellStatistic
  readonly value: number
  readonly sampling: Sampling
}

/**
 * Multinomial bootstrap over the eight joint cells. Half a row is added to each cell in which the models disagree, so that
 * models which agree by chance on a few rows are not taken for equal; the replicates are moved back to the estimate.
 */
export function compareCells({joint, factor, statistic, value, sampling}: Paired): Spread {
  const weights = Array.from({length: 8}, (_, cell) => joint[cell] + (((cell >> 1) & 1) === (cell & 1) ? 0 : 0.5))
  const compared = (cells: ArrayLike<number>) => statistic(marginOf(cells, 'candidate')) - factor * statistic(marginOf(cells, 'reference'))
  const n = Array.from(joint).reduce((sum, count) => sum + count, 0)
  return resampled({strata: [{n, weights}], statistic: ([cells]) => compared(cells), value, sampling, method: 'paired bootstrap'})
}

/** Slice minus factor times overall: slice and rest are resampled apart. */
export function cellsAgainstOverall(metric: CellMetric, slice: Scored, overall: Scored, factor: number, sampling: Sampling): Estimate {
  const cells = confusion(slice)
  const all = confusion(overall)
  const rest = all.map((count, cell) => count - cells[cell])
  const statistic = ([inSlice, outside]: readonly number[][]) =>
    metric.statistic(inSlice) - factor * metric.statistic(inSlice.map((count, cell) => count + outside[cell]))
  return difference(pointOf(metric, cells), pointOf(metric, all), factor, value => {
    if (factor === 1 && sumOf(rest, ALL) === 0) return IDENTICAL
    return resampled({strata: [softened(cells), softened(rest)], statistic, value, sampling, method: 'stratified bootstrap'})
  })
}

/** Half a row more in both cells of errors, so that a slice without an error is not taken for perfect. */
function softened(cells: Uint32Array): Stratum {
  const n = sumOf(cells, ALL)
  return {n, weights: Array.from(cells, (count, cell) => count + (n > 0 && (cell === FP || cell === FN) ? 0.5 : 0))}
}

interface Stratum {
  readonly n: number
  readonly weights: readonly number[]
}

interface Resampling {
  readonly strata: readonly Stratum[]
  readonly statistic: (cells: readonly number[][]) => number
  readonly value: number
  readonly sampling: Sampling
  readonly method: string
}

function resampled({strata, statistic, value, sampling, method}: Resampling): Spread {
  const next = random(sampling.seed ?? 0)
  const draws = replicate(sampling.replicates ?? REPLICATES, () =>
    statistic(strata.map(({n, weights}) => (n === 0 ? weights.map(() => 0) : multinomial(next, n, weights))))
  )
  const expected = statistic(
    strata.map(({n, weights}) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      return weights.map(weight => (total === 0 ? 0 : (weight * n) / total))
    })
  )
  return bootstrapSpread(recentre(draws, expected, value), method)
}

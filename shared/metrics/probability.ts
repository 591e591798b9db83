import type {Estimate} from '#shared/stats/estimate'
import {type Sample, sampleOf, tBounds} from '#shared/stats/means'
import {tQuantile} from '#shared/stats/student'
import {difference, estimated, IDENTICAL, type Point, type Spread, tooFew} from './difference.js'
import {membership, probableRows, type Scored, sameModel} from './scored.js'

/** A mean of one loss a row. */
export interface LossMetric {
  readonly name: string
  readonly loss: (label: number, score: number) => number
  /** of one row, from 0 */
  readonly most: number
}

/** scikit-learn's clip: the machine epsilon of the scores' type, float64. */
const EPSILON = Number.EPSILON

export const LOG_LOSS: LossMetric = {
  name: 'log_loss',
  loss: (label, score) => -Math.log(Math.min(1 - EPSILON, Math.max(EPSILON, label === 1 ? score : 1 - score))),
  most: -Math.log(EPSILON)
}

export const BRIER: LossMetric = {name: 'brier', loss: (label, score) => (score - label) ** 2, most: 1}

function pointOf({mean, n}: Sample): Point {
  const few = tooFew(n)
  return {value: n === 0 ? null : mean, n, rows: n, ...(few === undefined ? {} : {reason: few})}
}

function lossesOf({name, loss}: LossMetric, scored: Scored): (row: number) => number {
  const {labels, scores} = probableRows(name, scored)
  return row => loss(labels[row], scores[row])
}

function countOf({labels, rows}: Scored): number {
  return rows ? rows.length : labels.length
}

/** The mean loss with Student's bounds. */
export function measureLoss(metric: LossMetric, scored: Scored): Estimate {
  const sample = sampleOf(countOf(scored), lossesOf(metric, scored))
  return estimated(pointOf(sample), () => meanSpread(sample, 0, metric.most, 't'))
}

/** Student's bounds; where no row differs from another, what 1 - alpha^(1 / n) of all rows may hide between the least and the most. */
function meanSpread(sample: Sample, least: number, most: number, method: string): Spread {
  const {mean, n, variance} = sample
  if (variance > 0 || n < 2) return {bounds: alpha => tBounds(sample, alpha), method}
  const unseen = (alpha: number) => 1 - alpha ** (1 / n)
  return {
    bounds: alpha => ({low: mean - unseen(alpha) * (mean - least), high: mean + unseen(alpha) * (most - mean)}),
    method: `${method}, exact as all rows are alike`
  }
}

/** Candidate minus factor times reference: Student's bounds of the difference row by row. */
export function compareLoss(metric: LossMetric, candidate: Scored, reference: Scored, factor: number): Estimate {
  const n = countOf(candidate)
  const first = lossesOf(metric, candidate)
  const second = lossesOf(metric, {...reference, rows: candidate.rows})
  return difference(pointOf(sampleOf(n, first)), pointOf(sampleOf(n, second)), factor, () => {
    if (factor === 1 && sameModel(candidate, reference)) return IDENTICAL
    const paired = sampleOf(n, row => first(row) - factor * second(row))
    return meanSpread(paired, -factor * metric.most, metric.most, 'paired t')
  })
}

/** Slice minus factor times overall, from slice and rest, which are independent: Welch's bounds. */
export function lossAgainstOverall(metric: LossMetric, slice: Scored, overall: Scored, factor: number): Estimate {
  const inner = sampleOf(countOf(slice), lossesOf(metric, slice))
  const all = lossesOf(metric, overall)
  const inSlice = membership(overall, slice.rows ?? new Uint32Array(0))
  const restRows = Uint32Array.from(inSlice.keys()).filter(row => inSlice[row] === 0)
  const rest = sampleOf(restRows.length, i => all(restRows[i]))
  const ofSlice = inner.n / (inner.n + rest.n)
  const outer = {mean: ofSlice * inner.mean + (1 - ofSlice) * rest.mean, n: inner.n + rest.n, variance: 0}
  return difference(pointOf(inner), pointOf(outer), factor, value =>
    welch(value, {sample: inner, weight: 1 - factor * ofSlice}, {sample: rest, weight: factor * (1 - ofSlice)})
  )
}

interface Part {
  readonly sample: Sample
  readonly weight: number
}

function welch(value: number, first: Part, second: Part): Spread {
  const parts = [first, second].filter(({weight}) => weight !== 0)
  const variances = parts.map(({sample, weight}) => (weight * weight * sample.variance) / sample.n)
  const variance = variances.reduce((sum, part) => sum + part, 0)
  const df = variance ** 2 / variances.reduce((sum, part, i) => sum + part ** 2 / (parts[i].sample.n - 1), 0)
  return {
    bounds: alpha => {
      if (parts.some(({sample}) => sample.n < 2)) return {low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY}
      const half = variance === 0 ? 0 : tQuantile(1 - alpha, df) * Math.sqrt(variance)
      return {low: value - half, high: value + half}
    },
    method: 'Welch t, slice and rest'
  }
}

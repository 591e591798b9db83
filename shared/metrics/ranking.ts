import {delong, delongPaired} from '#shared/stats/auc'
import {bootstrapSpread} from '#shared/stats/bootstrap'
import type {Estimate} from '#shared/stats/estimate'
import {ascendingOrder} from '#shared/stats/ranks'
import {difference, estimated, IDENTICAL, normalSpread, type Point, type Spread, tooFew, tooFewOfClass, within} from './difference.js'
import {aucInfluence, averagePrecisionInfluence, varianceAgainstOverall, varianceOfDifference} from './influence.js'
import {EXACT_ROWS, poissonReplicates} from './resampling.js'
import {membership, type Ranked, rankedRows, type Sampling, type Scored, sameModel} from './scored.js'

function pointOf(labels: Uint8Array, value: number): Point {
  const n = labels.length
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const why = n === 0 ? 'no rows' : (tooFewOfClass(positives, n - positives) ?? tooFew(n))
  return {value: Number.isNaN(value) ? null : value, n, ...(why === undefined ? {} : {reason: why})}
}

/** Area under the ROC curve with DeLong's bounds; a perfect order has a lower bound of alpha^(1 / rows of the smaller class). */
export function measureAuc(scored: Scored): Estimate {
  const {labels, scores} = rankedRows('roc_auc', scored)
  const {auc, variance, positives, negatives} = delong(labels, scores)
  return estimated(pointOf(labels, auc), value => {
    if (value !== 0 && value !== 1) return within(normalSpread(value, variance, 'DeLong'), 0, 1)
    const certain = (alpha: number) => alpha ** (1 / Math.min(positives, negatives))
    const bounds = (alpha: number) => (value === 1 ? {low: certain(alpha), high: 1} : {low: 0, high: 1 - certain(alpha)})
    return {bounds, method: 'DeLong, at its end exact'}
  })
}

/** Candidate minus factor times reference on the same rows, with DeLong's covariance. */
export function compareAuc(candidate: Scored, reference: Scored, factor: number): Estimate {
  const {labels, scores} = rankedRows('roc_auc', candidate)
  const second = rankedRows('roc_auc', {...reference, rows: candidate.rows})
  const {aucs, covariance} = delongPaired(labels, scores, second.scores)
  const [[aa, ab], [, bb]] = covariance
  return difference(pointOf(labels, aucs[0]), pointOf(labels, aucs[1]), factor, value => {
    if (factor === 1 && sameModel(candidate, reference)) return IDENTICAL
    return normalSpread(value, Math.max(0, aa - 2 * factor * ab + factor * factor * bb), 'paired DeLong')
  })
}

/** Slice minus factor times overall, from the placements of each row in the slice and in all rows. */
export function aucAgainstOverall(slice: Scored, overall: Scored, factor: number): Estimate {
  const [inner, outer] = [rankedRows('roc_auc', slice), rankedRows('roc_auc', overall)]
  const [first, second] = [aucInfluence(inner), aucInfluence(outer)]
  const inSlice = membership(overall, slice.rows ?? new Uint32Array(0))
  return difference(pointOf(inner.labels, first.value), pointOf(outer.labels, second.value), factor, value => {
    const variance = varianceAgainstOverall(first.ofRow, second.ofRow, inSlice, factor)
    return normalSpread(value, variance, 'DeLong, slice within overall')
  })
}

const AP = 'average_precision'
const LINEARISED = 'bootstrap, linearised (infinitesimal jackknife)'

function averagePrecision(ranked: Ranked, ascending: Uint32Array): Point {
  if (!ranked.labels.includes(1)) return pointOf(ranked.labels, Number.NaN)
  return pointOf(ranked.labels, averagePrecisionInfluence(ranked, ascending).value)
}

/** Average precision as scikit-learn defines it, sum of (recall gained) x precision, ties as one step. */
export function measureAveragePrecision(scored: Scored, sampling: Sampling): Estimate {
  const ranked = rankedRows(AP, scored)
  const order = ascendingOrder(ranked.scores)
  return estimated(averagePrecision(ranked, order), value => {
    const spread =
      order.length <= EXACT_ROWS
        ? resampled(order.length, weightedPrecision(ranked, order), sampling, 'Poisson bootstrap')
        : normalSpread(
            value,
            varianceOfDifference(averagePrecisionInfluence(ranked, order).ofRow, new Float64Array(order.length), 0),
            LINEARISED
          )
    return within(spread, 0, 1)
  })
}

/** Candidate minus factor times reference on the same rows, which are resampled together. */
export function compareAveragePrecision(candidate: Scored, reference: Scored, factor: number, sampling: Sampling): Estimate {
  const [first, second] = [rankedRows(AP, candidate), rankedRows(AP, {...reference, rows: candidate.rows})]
  const [order, other] = [ascendingOrder(first.scores), ascendingOrder(second.scores)]
  return difference(averagePrecision(first, order), averagePrecision(second, other), factor, value => {
    if (factor === 1 && sameModel(candidate, reference)) return IDENTICAL
    if (order.length <= EXACT_ROWS) {
      const [a, b] = [weightedPrecision(first, order), weightedPrecision(second, other)]
      return resampled(order.length, weights => a(weights) - factor * b(weights), sampling, 'paired Poisson bootstrap')
    }
    const [a, b] = [averagePrecisionInfluence(first, order).ofRow, averagePrecisionInfluence(second, other).ofRow]
    return normalSpread(value, varianceOfDifference(a, b, factor), `paired ${LINEARISED}`)
  })
}

/** Slice minus factor times overall; slice and rest are resampled independently. */
export function averagePrecisionAgainstOverall(slice: Scored, overall: Scored, factor: number, sampling: Sampling): Estimate {
  const [inner, outer] = [rankedRows(AP, slice), rankedRows(AP, overall)]
  const [order, all] = [ascendingOrder(inner.scores), ascendingOrder(outer.scores)]
  const inSlice = membership(overall, slice.rows ?? new Uint32Array(0))
  return difference(averagePrecision(inner, order), averagePrecision(outer, all), factor, value => {
    if (all.length <= EXACT_ROWS) {
      const ofSlice = Uint32Array.from(inSlice.keys()).filter(i => inSlice[i] === 1)
      const [a, b] = [
        weightedPrecision(
          outer,
          order.map(i => ofSlice[i])
        ),
        weightedPrecision(outer, all)
      ]
      return resampled(all.length, weights => a(weights) - factor * b(weights), sampling, 'stratified Poisson bootstrap')
    }
    const [a, b] = [averagePrecisionInfluence(inner, order).ofRow, averagePrecisionInfluence(outer, all).ofRow]
    return normalSpread(value, varianceAgainstOverall(a, b, inSlice, factor), `stratified ${LINEARISED}`)
  })
}

function resampled(rows: number, statistic: (weights: Float64Array) => number, sampling: Sampling, method: string): Spread {
  return bootstrapSpread(poissonReplicates(new Uint8Array(rows).fill(1), statistic, sampling), method)
}

/** Average precision of weighted rows, NaN without a positive; `ascending` may name a part of the rows. */
function weightedPrecision({labels, scores}: Ranked, ascending: Uint32Array): (weights: Float64Array) => number {
  return weights => {
    let positives = 0
    let drawn = 0
    let sum = 0
    let gained = 0
    for (let i = ascending.length - 1; i >= 0; i--) {
      const row = ascending[i]
      drawn += weights[row]
      if (labels[row] === 1) gained += weights[row]
      if (gained === 0 || (i > 0 && scores[ascending[i - 1]] === scores[row])) continue
      positives += gained
      sum += (gained * positives) / drawn
      gained = 0
    }
    return sum / positives
  }
}

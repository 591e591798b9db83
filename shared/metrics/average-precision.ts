import {bootstrapSpread} from '#shared/stats/bootstrap'
import type {Estimate} from '#shared/stats/estimate'
import {ascendingOrder, type ByClass, eachScore, sortByClass} from '#shared/stats/ranks'
import {difference, estimated, IDENTICAL, normalSpread, type Point, type Spread, within} from './difference.js'
import {averagePrecisionInfluence, varianceAgainstOverall, varianceOfDifference} from './influence.js'
import {isPerfect, leastPerfect, rankingPoint, reaching, reachOf} from './ranking.js'
import {EXACT_ROWS, poissonReplicates} from './resampling.js'
import {membership, type Ranked, rankedRows, type Sampling, type Scored, sameModel} from './scored.js'

const AP = 'average_precision'
const LINEARISED = 'bootstrap, linearised (infinitesimal jackknife)'

function averagePrecision(ranked: Ranked, ascending: Uint32Array): Point & {readonly ofRow: Float64Array} {
  if (!ranked.labels.includes(1)) return {...rankingPoint(ranked.labels, Number.NaN), ofRow: new Float64Array(0)}
  const {value, ofRow} = averagePrecisionInfluence(ranked, ascending)
  return {...rankingPoint(ranked.labels, value), ofRow}
}

/** Average precision as scikit-learn defines it, sum of (recall gained) x precision, ties as one step. */
export function measureAveragePrecision(scored: Scored, sampling: Sampling): Estimate {
  const ranked = rankedRows(AP, scored)
  const n = ranked.labels.length
  return estimated(rankingPoint(ranked.labels, averagePrecisionOf(sortByClass(ranked.labels, ranked.scores))), value => {
    if (isPerfect(value))
      return {bounds: alpha => ({low: leastPerfect(ranked.labels, alpha), high: 1}), method: 'exact for a perfect order'}
    const order = ascendingOrder(ranked.scores)
    if (n <= EXACT_ROWS) return resampled(n, weightedPrecision(ranked, order), sampling, 'Poisson bootstrap')
    const {ofRow} = averagePrecisionInfluence(ranked, order)
    return within(normalSpread(value, varianceOfDifference(ofRow, ofRow, 0), LINEARISED), 0, 1)
  })
}

/** Sum over the scores of (recall gained) x precision; NaN without a positive. */
function averagePrecisionOf(byClass: ByClass): number {
  const total = byClass.positives.length
  let positives = total
  let rows = total + byClass.negatives.length
  let sum = 0
  eachScore(byClass, (_, gained, lost) => {
    sum += (gained * positives) / rows
    positives -= gained
    rows -= gained + lost
  })
  return sum / total
}

/** Candidate minus factor times reference on the same rows, which are resampled together. */
export function compareAveragePrecision(candidate: Scored, reference: Scored, factor: number, sampling: Sampling): Estimate {
  const [first, second] = [rankedRows(AP, candidate), rankedRows(AP, {...reference, rows: candidate.rows})]
  const [order, other] = [ascendingOrder(first.scores), ascendingOrder(second.scores)]
  const points = [averagePrecision(first, order), averagePrecision(second, other)]
  return difference(points[0], points[1], factor, value => {
    if (factor === 1 && sameModel(candidate, reference)) return IDENTICAL
    if (factor === 1 && sameOrder(points[0].ofRow, points[1].ofRow) && !isPerfect(points[0].value)) return SAME_ORDER
    const [ours, theirs] = points.map(point => reachOf(first.labels, point.value ?? 0, Number.NaN))
    if (points.every(point => isPerfect(point.value))) return reaching(pointSpread(value), value, ours, theirs, factor)
    if (order.length <= EXACT_ROWS) {
      const [a, b] = [weightedPrecision(first, order), weightedPrecision(second, other)]
      const spread = resampled(order.length, weights => a(weights) - factor * b(weights), sampling, 'paired Poisson bootstrap')
      return reaching(spread, value, ours, theirs, factor)
    }
    const variance = varianceOfDifference(points[0].ofRow, points[1].ofRow, factor)
    return reaching(normalSpread(value, variance, `paired ${LINEARISED}`), value, ours, theirs, factor)
  })
}

/** Slice minus factor times overall; slice and rest are resampled independently. */
export function averagePrecisionAgainstOverall(slice: Scored, overall: Scored, factor: number, sampling: Sampling): Estimate {
  const [inner, outer] = [rankedRows(AP, slice), rankedRows(AP, overall)]
  const [order, all] = [ascendingOrder(inner.scores), ascendingOrder(outer.scores)]
  const inSlice = membership(overall, slice.rows ?? new Uint32Array(0))
  const points = [averagePrecision(inner, order), averagePrecision(outer, all)]
  return difference(points[0], points[1], factor, value => {
    if (factor === 1 && !inSlice.includes(0)) return IDENTICAL
    const own = reachOf(inner.labels, points[0].value ?? 0, Number.NaN)
    const whole = reachOf(outer.labels, points[1].value ?? 0, Number.NaN)
    if (points.every(point => isPerfect(point.value))) return reaching(pointSpread(value), value, own, whole, factor)
    if (all.length <= EXACT_ROWS) {
      const ofSlice = Uint32Array.from(inSlice.keys()).filter(i => inSlice[i] === 1)
      const [a, b] = [
        weightedPrecision(
          outer,
          order.map(i => ofSlice[i])
        ),
        weightedPrecision(outer, all)
      ]
      const spread = resampled(all.length, weights => a(weights) - factor * b(weights), sampling, 'stratified Poisson bootstrap')
      return reaching(spread, value, own, whole, factor)
    }
    const variance = varianceAgainstOverall(points[0].ofRow, points[1].ofRow, inSlice, factor)
    return reaching(normalSpread(value, variance, `stratified ${LINEARISED}`), value, own, whole, factor)
  })
}

/** Two orders that agree on every row, so that no resample could tell them apart (as paired DeLong has it). */
const SAME_ORDER: Spread = {...IDENTICAL, method: 'same order of every row'}

function sameOrder(first: Float64Array, second: Float64Array): boolean {
  return first.every((influence, row) => influence === second[row])
}

/** What varies by nothing but what its parts may hide. */
function pointSpread(value: number): Spread {
  return {bounds: () => ({low: value, high: value}), method: 'bootstrap'}
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

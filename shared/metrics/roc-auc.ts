import {delong, delongPaired} from '#shared/stats/auc'
import type {Estimate} from '#shared/stats/estimate'
import {difference, estimated, IDENTICAL, normalSpread, within} from './difference.js'
import {aucInfluence, type Influence, varianceAgainstOverall, varianceOfDifference} from './influence.js'
import {type Reach, rankingPoint, reaching, reachOf} from './ranking.js'
import {membership, type Ranked, rankedRows, type Scored, sameModel} from './scored.js'

const FLAT = 'DeLong, exact for a perfect order'

/** Area under the ROC curve with DeLong's bounds; a perfect order has a lower bound of alpha^(1 / rows of the smaller class). */
export function measureAuc(scored: Scored): Estimate {
  const {labels, scores} = rankedRows('roc_auc', scored)
  const {auc, variance} = delong(labels, scores)
  return estimated(rankingPoint(labels, auc), value => {
    const reach = reachOf(labels, value, variance)
    if (variance < 1e-24) return {bounds: alpha => ({low: value - reach.down(alpha), high: value + reach.up(alpha)}), method: FLAT}
    return within(normalSpread(value, variance, 'DeLong'), 0, 1)
  })
}

/** Candidate minus factor times reference on the same rows, with DeLong's covariance. */
export function compareAuc(candidate: Scored, reference: Scored, factor: number): Estimate {
  const {labels, scores} = rankedRows('roc_auc', candidate)
  const second = rankedRows('roc_auc', {...reference, rows: candidate.rows})
  const {aucs, covariance} = delongPaired(labels, scores, second.scores)
  const [[aa, ab], [, bb]] = covariance
  return difference(rankingPoint(labels, aucs[0]), rankingPoint(labels, aucs[1]), factor, value => {
    if (factor === 1 && sameModel(candidate, reference)) return IDENTICAL
    const spread = normalSpread(value, Math.max(0, aa - 2 * factor * ab + factor * factor * bb), 'paired DeLong')
    return reaching(spread, value, reachOf(labels, aucs[0], aa), reachOf(labels, aucs[1], bb), factor)
  })
}

/** Slice minus factor times overall, from the placements of each row in the slice and in all rows. */
export function aucAgainstOverall(slice: Scored, overall: Scored, factor: number): Estimate {
  const [inner, outer] = [rankedRows('roc_auc', slice), rankedRows('roc_auc', overall)]
  const [first, second] = [aucInfluence(inner), aucInfluence(outer)]
  const inSlice = membership(overall, slice.rows ?? new Uint32Array(0))
  return difference(rankingPoint(inner.labels, first.value), rankingPoint(outer.labels, second.value), factor, value => {
    if (factor === 1 && !inSlice.includes(0)) return IDENTICAL
    const variance = varianceAgainstOverall(first.ofRow, second.ofRow, inSlice, factor)
    const [own, all] = [reachOfRanking(inner, first), reachOfRanking(outer, second)]
    return reaching(normalSpread(value, variance, 'DeLong, slice within overall'), value, own, all, factor)
  })
}

function reachOfRanking({labels}: Ranked, {value, ofRow}: Influence): Reach {
  return reachOf(labels, value, varianceOfDifference(ofRow, ofRow, 0))
}

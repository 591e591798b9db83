import type {Bounds, Proportion} from '#shared/stats/estimate'
import {newcombe, scoreRatio} from '#shared/stats/proportions'

export type DisparityKind = 'difference' | 'ratio'

/**
 * Bounds of the largest difference, or smallest ratio, between any two groups in any of the rates. The side that a gate proves (a difference is at
 * most so large, a ratio at least) is the worst limit of all pairs at alpha each: the pair that truly is the worst is among them. On the other side
 * the pair is chosen by the data, so its level is shared by all pairs (Bonferroni).
 */
export function disparityBounds(rates: readonly (readonly Proportion[])[], kind: DisparityKind, alpha: number): Bounds {
  const pairs = rates.flatMap(proportions => orderedPairs(proportions))
  const shared = alpha / pairs.length
  if (kind === 'difference') {
    return {
      low: pairs.reduce((low, [a, b]) => Math.max(low, newcombe(a, b, shared).low), 0),
      high: pairs.reduce((high, [a, b]) => Math.max(high, newcombe(a, b, alpha).high), 0)
    }
  }
  return {
    low: pairs.reduce((low, [a, b]) => Math.min(low, scoreRatio(a, b, alpha).low), 1),
    high: pairs.reduce((high, [a, b]) => Math.min(high, scoreRatio(a, b, shared).high), 1)
  }
}

function orderedPairs<T>(groups: readonly T[]): (readonly [T, T])[] {
  return groups.flatMap((a, i) => groups.flatMap((b, j) => (i === j ? [] : [[a, b] as const])))
}

/** A group's rows of one rate by what both models did: successes of both, of the candidate only, of the reference only, of neither. */
export type PairedCells = readonly [both: number, onlyCandidate: number, onlyReference: number, neither: number]

type Side = 'candidate' | 'reference'

/** Two groups in one of the rates. */
interface Pair {
  readonly groups: readonly PairedCells[]
  readonly first: number
  readonly second: number
}

/**
 * Bounds of the candidate's disparity minus `factor` times the reference's, measured on the same rows. Where one model has its worst pair of groups,
 * the other's disparity is no better than that of any pair: here the same one, either way round, and the one that looks worst, at a level shared
 * by all that could have looked worst. So each bound is the worst over all pairs of the sharpest of three. Both models by MOVER with their
 * correlation (Zou 2008) from Newcombe's or the score limits.
 */
export function comparedBounds(rates: readonly (readonly PairedCells[])[], kind: DisparityKind, factor: number, alpha: number): Bounds {
  const pairs = rates.flatMap(groups => orderedPairs([...groups.keys()]).map(([first, second]): Pair => ({groups, first, second})))
  const ends = (end: 'low' | 'high') => {
    const open: Side = (kind === 'difference') === (end === 'low') ? 'candidate' : 'reference'
    const worst = worstPair(pairs, open, kind)
    const level = pairs.length > 2 ? alpha / 4 : alpha / 2
    const at = (pair: Pair, other: Pair, level: number) =>
      compared(open === 'candidate' ? other : pair, open === 'candidate' ? pair : other, {kind, factor, alpha: level})[end]
    return pairs.map(pair => {
      const turned = {...pair, first: pair.second, second: pair.first}
      const same = [at(pair, pair, level), at(pair, turned, level)]
      const all = pairs.length > 2 ? [...same, at(pair, worst, alpha / 2 / pairs.length)] : same
      return end === 'low' ? Math.max(...all) : Math.min(...all)
    })
  }
  return {
    low: ends('low').reduce((least, low) => Math.max(-factor, Math.min(least, low)), 1),
    high: ends('high').reduce((most, high) => Math.min(1, Math.max(most, high)), -factor)
  }
}

function worstPair(pairs: readonly Pair[], side: Side, kind: DisparityKind): Pair {
  const value = (pair: Pair) => disparityOf(proportionsOf(pair, side), kind) * (kind === 'difference' ? 1 : -1)
  return pairs.reduce((worst, pair) => (value(pair) > value(worst) ? pair : worst))
}

interface Comparison {
  readonly kind: DisparityKind
  readonly factor: number
  readonly alpha: number
}

function compared(candidate: Pair, reference: Pair, {kind, factor, alpha}: Comparison): Bounds {
  const ours = limitsOf(proportionsOf(candidate, 'candidate'), kind, alpha)
  const theirs = limitsOf(proportionsOf(reference, 'reference'), kind, alpha)
  const correlation = correlationOf(candidate, reference, kind)
  const value = ours.value - factor * theirs.value
  const reach = (x: number, y: number) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return Number.POSITIVE_INFINITY
    return Math.sqrt(Math.max(0, x * x + y * y - 2 * correlation * x * y))
  }
  return {
    low: value - reach(ours.value - ours.low, factor * (theirs.high - theirs.value)),
    high: value + reach(ours.high - ours.value, factor * (theirs.value - theirs.low))
  }
}

function limitsOf([a, b]: readonly [Proportion, Proportion], kind: DisparityKind, alpha: number): Bounds & {readonly value: number} {
  return {...(kind === 'difference' ? newcombe(a, b, alpha) : scoreRatio(a, b, alpha)), value: disparityOf([a, b], kind)}
}

/** Finite: a ratio to a group that never succeeds takes half a success more in each. */
function disparityOf([a, b]: readonly [Proportion, Proportion], kind: DisparityKind): number {
  if (kind === 'difference') return a.successes / a.n - b.successes / b.n
  const half = b.successes === 0 ? 0.5 : 0
  return ((a.successes + half) * b.n) / ((b.successes + half) * a.n)
}

function proportionsOf({groups, first, second}: Pair, side: Side): readonly [Proportion, Proportion] {
  const of = ([both, onlyCandidate, onlyReference, neither]: PairedCells): Proportion => ({
    successes: both + (side === 'candidate' ? onlyCandidate : onlyReference),
    n: both + onlyCandidate + onlyReference + neither
  })
  return [of(groups[first]), of(groups[second])]
}

/** Of the differences, or the logarithms of the ratios, of both models, from cells with half a row more each; rates have no row in common. */
function correlationOf(candidate: Pair, reference: Pair, kind: DisparityKind): number {
  if (candidate.groups !== reference.groups) return 0
  const moments = (pair: Pair) => [pair.first, pair.second].map(index => momentsOf(pair.groups[index], kind))
  const [ours, theirs] = [moments(candidate), moments(reference)]
  const shared = (group: number, sign: number) =>
    [candidate.first, candidate.second].reduce(
      (sum, own, i) => sum + (own === group ? (i === 0 ? sign : -sign) * ours[i].covariance : 0),
      0
    )
  const covariance = shared(reference.first, 1) + shared(reference.second, -1)
  return covariance / Math.sqrt((ours[0].candidate + ours[1].candidate) * (theirs[0].reference + theirs[1].reference))
}

function momentsOf(cells: PairedCells, kind: DisparityKind) {
  const [both, onlyCandidate, onlyReference, neither] = cells.map(count => count + 0.5)
  const n = both + onlyCandidate + onlyReference + neither
  const [p, q] = [(both + onlyCandidate) / n, (both + onlyReference) / n]
  const [sizeP, sizeQ] = kind === 'difference' ? [1, 1] : [p, q]
  return {
    candidate: (p * (1 - p)) / (n * sizeP * sizeP),
    reference: (q * (1 - q)) / (n * sizeQ * sizeQ),
    covariance: (both / n - p * q) / (n * sizeP * sizeQ)
  }
}

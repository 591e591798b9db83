import {formatNumber} from '#shared/evidence/number'
import {bootstrapSpread, REPLICATES, replicate} from '#shared/stats/bootstrap'
import type {Bounds, Estimate, Proportion} from '#shared/stats/estimate'
import {homogeneityP} from '#shared/stats/homogeneity'
import {newcombe, scoreRatio} from '#shared/stats/proportions'
import {binomial, multinomial, random} from '#shared/stats/random'
import {ALL, FN, FP, marginOf, sumOf, TN, TP} from './confusion.js'

/** A share of rows whose differences between groups are looked at. */
export interface Rate {
  readonly name: string
  readonly successes: readonly number[]
  readonly denominator: readonly number[]
  /** rows in the denominator below which a group is not judged, besides the smallest group */
  readonly least: number
  readonly rows: string
}

const SELECTION: Rate = {name: 'selection rate', successes: [FP, TP], denominator: ALL, least: 0, rows: 'rows'}
const TRUE_POSITIVE: Rate = {name: 'true positive rate', successes: [TP], denominator: [FN, TP], least: 10, rows: 'positives'}
const FALSE_POSITIVE: Rate = {name: 'false positive rate', successes: [FP], denominator: [TN, FP], least: 10, rows: 'negatives'}

/** The rates by group that are shown, by the name of their figure. */
export const RATES = {selection_rate: SELECTION, true_positive_rate: TRUE_POSITIVE, false_positive_rate: FALSE_POSITIVE} as const

export interface Disparity {
  readonly rates: readonly Rate[]
  /** largest minus smallest, or smallest over largest; of several rates the worst */
  readonly kind: 'difference' | 'ratio'
}

/** Disparities between groups by fairlearn's names and definitions (`between_groups`, equalized odds as the worst case). */
export const DISPARITIES: Readonly<Record<string, Disparity>> = {
  demographic_parity_difference: {rates: [SELECTION], kind: 'difference'},
  demographic_parity_ratio: {rates: [SELECTION], kind: 'ratio'},
  equalized_odds_difference: {rates: [TRUE_POSITIVE, FALSE_POSITIVE], kind: 'difference'},
  equalized_odds_ratio: {rates: [TRUE_POSITIVE, FALSE_POSITIVE], kind: 'ratio'},
  equal_opportunity_difference: {rates: [TRUE_POSITIVE], kind: 'difference'},
  equal_opportunity_ratio: {rates: [TRUE_POSITIVE], kind: 'ratio'}
}

export interface Groups {
  readonly names: readonly string[]
  /** of each group, label by prediction; with a reference label by both predictions (8 cells) */
  readonly cells: readonly Float64Array[]
}

export interface DisparityOptions {
  /** rows below which a group is not judged */
  readonly minimumGroup: number
  readonly seed: number
}

/**
 * A disparity between the groups that are large enough. Bounds: two groups and one rate by Newcombe or the score method, folded where the signed
 * difference may change sign; else 2,000 joint resamples of all groups. `pNull` tests whether the rates differ at all, over several rates after
 * Bonferroni. With fewer than two groups large enough no verdict is drawn.
 */
export function measureDisparity({rates, kind}: Disparity, groups: Groups, options: DisparityOptions): Estimate {
  const judged = rates.map(rate => judgedGroups(rate, groups, options))
  const n = rowsOf(judged, groups)
  const rows = groups.cells.reduce((sum, cells) => sum + sumOf(cells, ALL), 0)
  if (judged.some(({names}) => names.length < 2)) {
    return {value: null, n: rows, rows, reason: tooFewGroups(judged, groups, options)}
  }
  const value = worst(
    judged.map(({proportions}) => spread(proportions, kind)),
    kind
  )
  const detail = detailOf(judged)
  if (Number.isNaN(value)) return {value: null, n, rows, reason: 'no group has a rate above 0, so the ratio is not defined', detail}
  const pNull = Math.min(1, judged.length * Math.min(...judged.map(({proportions}) => homogeneityP(proportions, options.seed))))
  return {value, n, rows, ...(twoGroups(judged, kind) ?? resampled(judged, kind, options)), pNull, detail}
}

interface JudgedGroups {
  readonly rate: Rate
  readonly indices: readonly number[]
  readonly names: readonly string[]
  readonly proportions: readonly Proportion[]
}

function judgedGroups(rate: Rate, {names, cells}: Groups, {minimumGroup}: DisparityOptions): JudgedGroups {
  const indices = names
    .map((_, index) => index)
    .filter(index => sumOf(cells[index], ALL) >= minimumGroup && sumOf(cells[index], rate.denominator) >= Math.max(1, rate.least))
  return {rate, indices, names: indices.map(index => names[index]), proportions: indices.map(index => proportionOf(rate, cells[index]))}
}

export function proportionOf({successes, denominator}: Rate, cells: ArrayLike<number>): Proportion {
  return {successes: sumOf(cells, successes), n: sumOf(cells, denominator)}
}

function rowsOf(judged: readonly JudgedGroups[], {cells}: Groups): number {
  const indices = new Set(judged.flatMap(({indices}) => indices))
  return [...indices].reduce((sum, index) => sum + sumOf(cells[index], ALL), 0)
}

function tooFewGroups(judged: readonly JudgedGroups[], {names}: Groups, {minimumGroup}: DisparityOptions): string {
  const {rate, names: left} = judged.find(one => one.names.length < 2) ?? judged[0]
  const need = rate.least > 0 ? `${minimumGroup} rows and ${rate.least} ${rate.rows}` : `${minimumGroup} rows`
  return `${left.length} of ${names.length} groups ${left.length === 1 ? 'has' : 'have'} at least ${need}, and a disparity needs two`
}

/** NaN for a ratio of rates that are all 0. */
function spread(proportions: readonly Proportion[], kind: Disparity['kind']): number {
  const shares = proportions.map(({successes, n}) => successes / n)
  const [low, high] = [Math.min(...shares), Math.max(...shares)]
  return kind === 'difference' ? high - low : low / high
}

function worst(values: readonly number[], kind: Disparity['kind']): number {
  return kind === 'difference' ? Math.max(...values) : Math.min(...values)
}

function twoGroups(judged: readonly JudgedGroups[], kind: Disparity['kind']): Pick<Estimate, 'bounds' | 'method'> | undefined {
  const [{proportions}] = judged
  if (judged.length > 1 || proportions.length !== 2) return undefined
  const [low, high] = [...proportions].sort((a, b) => a.successes / a.n - b.successes / b.n)
  if (kind === 'difference') return {bounds: alpha => foldDifference(newcombe(high, low, alpha)), method: 'Newcombe'}
  return {bounds: alpha => foldRatio(scoreRatio(low, high, alpha)), method: 'score'}
}

function foldDifference({low, high}: Bounds): Bounds {
  return {low: Math.max(0, low), high: Math.max(high, -low)}
}

// The smaller over the larger: once the interval reaches beyond 1, the other group may be the larger, and the ratio is at most 1.
function foldRatio({low, high}: Bounds): Bounds {
  return {low: Math.min(low, 1 / high), high: Math.min(high, 1)}
}

function resampled(
  judged: readonly JudgedGroups[],
  kind: Disparity['kind'],
  {seed}: DisparityOptions
): Pick<Estimate, 'bounds' | 'method' | 'reason'> {
  const next = random(seed)
  const replicates = replicate(REPLICATES, () =>
    worst(
      judged.map(({proportions}) =>
        spread(
          proportions.map(({successes, n}) => ({successes: binomial(next, n, successes / n), n})),
          kind
        )
      ),
      kind
    )
  )
  return bootstrapSpread(replicates, 'joint bootstrap')
}

function detailOf(judged: readonly JudgedGroups[]): string {
  return judged
    .map(({rate, names, proportions}) => {
      const order = names
        .map((_, index) => index)
        .sort((a, b) => proportions[a].successes / proportions[a].n - proportions[b].successes / proportions[b].n)
      const shown = [order[0], order[order.length - 1]].map(
        index =>
          `${names[index]} ${formatNumber(proportions[index].successes / proportions[index].n)} of ${formatNumber(proportions[index].n)}`
      )
      return `${rate.name}: ${shown.join(', ')}`
    })
    .join('; ')
}

/**
 * Disparity of the candidate minus `factor` times that of the reference on the same rows, by 2,000 joint resamples; the groups that are judged are
 * the same on both sides. `groups.cells` hold 8 cells each.
 */
export function compareDisparity(
  disparity: Disparity,
  groups: Groups,
  factor: number,
  options: DisparityOptions
): {readonly reference: number | null; readonly difference: Estimate} {
  const sideOf = (cells: readonly ArrayLike<number>[], which: 'candidate' | 'reference') =>
    cells.map(joint => Float64Array.from(marginOf(joint, which)))
  const value = (cells: readonly ArrayLike<number>[], which: 'candidate' | 'reference') => {
    const side = {names: groups.names, cells: sideOf(cells, which)}
    const judged = disparity.rates.map(rate => judgedGroups(rate, side, options))
    if (judged.some(({names}) => names.length < 2)) return Number.NaN
    return worst(
      judged.map(({proportions}) => spread(proportions, disparity.kind)),
      disparity.kind
    )
  }
  const [first, second] = [value(groups.cells, 'candidate'), value(groups.cells, 'reference')]
  const n = groups.cells.reduce((sum, cells) => sum + sumOf(cells, [0, 1, 2, 3, 4, 5, 6, 7]), 0)
  if (Number.isNaN(first) || Number.isNaN(second))
    return {
      reference: Number.isNaN(second) ? null : second,
      difference: {value: null, n, rows: n, reason: 'not defined for both models on these groups'}
    }
  const difference = first - factor * second
  if (factor === 1 && groups.cells.every(cells => cells[1] + cells[2] + cells[5] + cells[6] === 0)) {
    return {reference: second, difference: {value: 0, n, rows: n, bounds: () => ({low: 0, high: 0}), method: 'same predictions'}}
  }
  const next = random(options.seed)
  const totals = groups.cells.map(cells => sumOf(cells, [0, 1, 2, 3, 4, 5, 6, 7]))
  const replicates = replicate(REPLICATES, () => {
    const drawn = groups.cells.map((cells, index) => multinomial(next, totals[index], cells))
    return value(drawn, 'candidate') - factor * value(drawn, 'reference')
  })
  return {reference: second, difference: {value: difference, n, rows: n, ...bootstrapSpread(replicates, 'paired joint bootstrap')}}
}

/** Groups that are listed apart: too few rows, or too few positives or negatives for a rate. */
export function smallGroups(
  {names, cells}: Groups,
  rates: readonly Rate[],
  {minimumGroup}: Pick<DisparityOptions, 'minimumGroup'>
): {readonly name: string; readonly reason: string}[] {
  return names.flatMap((name, index) => {
    const n = sumOf(cells[index], ALL)
    if (n < minimumGroup) return [{name, reason: `${formatNumber(n)} rows`}]
    const short = rates.find(rate => sumOf(cells[index], rate.denominator) < rate.least)
    return short === undefined ? [] : [{name, reason: `${formatNumber(sumOf(cells[index], short.denominator))} ${short.rows}`}]
  })
}

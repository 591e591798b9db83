import {formatNumber} from '#shared/evidence/number'
import type {Estimate, Proportion} from '#shared/stats/estimate'
import {homogeneityP} from '#shared/stats/homogeneity'
import {ALL, FN, FP, marginOf, sumOf, TN, TP} from './confusion.js'
import {comparedBounds, type DisparityKind, disparityBounds, type PairedCells} from './group-bounds.js'

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
  readonly kind: DisparityKind
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
 * A disparity between the groups that are large enough. Bounds: Newcombe's limits of a difference, the score limits of a ratio, of each pair of
 * groups in each rate (see `disparityBounds`). `pNull` tests whether the rates differ at all, over several rates after Bonferroni. With fewer than
 * two groups large enough no verdict is drawn.
 */
export function measureDisparity({rates, kind}: Disparity, groups: Groups, options: DisparityOptions): Estimate {
  const judged = rates.map(rate => judgedGroups(rate, groups, options))
  const n = rowsOf(judged, groups, ALL)
  const rows = groups.cells.reduce((sum, cells) => sum + sumOf(cells, ALL), 0)
  if (judged.some(({names}) => names.length < 2)) {
    return {value: null, n: rows, rows, reason: tooFewGroups(judged, groups, options)}
  }
  const value = worstOf(judged, kind)
  const detail = detailOf(judged)
  if (Number.isNaN(value)) return {value: null, n, rows, reason: 'no group has a rate above 0, so the ratio is not defined', detail}
  const pNull = Math.min(1, judged.length * Math.min(...judged.map(({proportions}) => homogeneityP(proportions, options.seed))))
  const proportions = judged.map(one => one.proportions)
  return {value, n, rows, bounds: alpha => disparityBounds(proportions, kind, alpha), method: methodOf(judged, kind), pNull, detail}
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

function rowsOf(judged: readonly JudgedGroups[], {cells}: Groups, all: readonly number[]): number {
  const indices = new Set(judged.flatMap(({indices}) => indices))
  return [...indices].reduce((sum, index) => sum + sumOf(cells[index], all), 0)
}

function tooFewGroups(judged: readonly JudgedGroups[], {names}: Groups, {minimumGroup}: DisparityOptions): string {
  const {rate, names: left} = judged.find(one => one.names.length < 2) ?? judged[0]
  const need = rate.least > 0 ? `${minimumGroup} rows and ${rate.least} ${rate.rows}` : `${minimumGroup} rows`
  return `${left.length} of ${names.length} groups ${left.length === 1 ? 'has' : 'have'} at least ${need}, and a disparity needs two`
}

/** NaN for a ratio of rates that are all 0. */
function spread(proportions: readonly Proportion[], kind: DisparityKind): number {
  const shares = proportions.map(({successes, n}) => successes / n)
  const [low, high] = [Math.min(...shares), Math.max(...shares)]
  return kind === 'difference' ? high - low : low / high
}

function worst(values: readonly number[], kind: DisparityKind): number {
  return kind === 'difference' ? Math.max(...values) : Math.min(...values)
}

function methodOf(judged: readonly JudgedGroups[], kind: DisparityKind): string {
  const method = kind === 'difference' ? 'Newcombe' : 'score'
  return judged.length === 1 && judged[0].indices.length === 2 ? method : `${method}, each pair of groups`
}

function detailOf(judged: readonly JudgedGroups[]): string {
  return judged
    .map(({rate, names, proportions}) => {
      const order = names
        .map((_, index) => index)
        .sort((a, b) => proportions[a].successes / proportions[a].n - proportions[b].successes / proportions[b].n)
      const shown = [order[0], order[order.length - 1]].map(
        index =>
          `${names[index]} ${formatNumber(proportions[index].successes / proportions[index].n)} (n ${formatNumber(proportions[index].n)})`
      )
      return `${rate.name}: ${shown.join(' and ')}`
    })
    .join('; ')
}

const SIDES = ['candidate', 'reference'] as const
const JOINT: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7]

/**
 * Disparity of the candidate minus `factor` times that of the reference on the same rows. Which groups are judged follows from the rows of each
 * class alone, so they are the same on both sides. Bounds: `comparedBounds`. `groups.cells` hold 8 cells each.
 */
export function compareDisparity(
  {rates, kind}: Disparity,
  groups: Groups,
  factor: number,
  options: DisparityOptions
): {readonly reference: number | null; readonly difference: Estimate} {
  const [ours, theirs] = SIDES.map(side => {
    const cells = groups.cells.map(joint => Float64Array.from(marginOf(joint, side)))
    return rates.map(rate => judgedGroups(rate, {names: groups.names, cells}, options))
  })
  const [first, second] = [worstOf(ours, kind), worstOf(theirs, kind)]
  const rows = groups.cells.reduce((sum, cells) => sum + sumOf(cells, JOINT), 0)
  const reference = Number.isNaN(second) ? null : second
  if (Number.isNaN(first) || reference === null)
    return {reference, difference: {value: null, n: rows, rows, reason: 'not defined for both models on these groups'}}
  const n = rowsOf(ours, groups, JOINT)
  if (factor === 1 && groups.cells.every(cells => cells[1] + cells[2] + cells[5] + cells[6] === 0))
    return {reference, difference: {value: 0, n, rows, bounds: () => ({low: 0, high: 0}), method: 'same predictions'}}
  const paired = ours.map(({rate, indices}) => indices.map(index => pairedCells(rate, groups.cells[index])))
  const bounds = (alpha: number) => comparedBounds(paired, kind, factor, alpha)
  return {reference, difference: {value: first - factor * second, n, rows, bounds, method: `paired ${methodOf(ours, kind)} (MOVER)`}}
}

/** NaN where a rate has fewer than two groups, or a ratio is not defined. */
function worstOf(judged: readonly JudgedGroups[], kind: DisparityKind): number {
  if (judged.some(({indices}) => indices.length < 2)) return Number.NaN
  return worst(
    judged.map(({proportions}) => spread(proportions, kind)),
    kind
  )
}

/** Of the rows in a rate's denominator, which is the same for both models. */
function pairedCells({successes, denominator}: Rate, joint: ArrayLike<number>): PairedCells {
  const cells: [number, number, number, number] = [0, 0, 0, 0]
  for (const cell of JOINT) {
    const candidate = 2 * (cell >> 2) + ((cell >> 1) & 1)
    const reference = 2 * (cell >> 2) + (cell & 1)
    if (!denominator.includes(candidate)) continue
    cells[(successes.includes(candidate) ? 0 : 2) + (successes.includes(reference) ? 0 : 1)] += joint[cell]
  }
  return cells
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

import type {Bounds, Estimate} from '#shared/stats/estimate'
import {bonettPrice, clopperPearson} from '#shared/stats/proportions'
import {isValid} from './rows.js'

/** Whether each row's prediction changed: to the other class, or to no valid score. Rows without a valid score at first are left out (2). */
export function flipsOf(before: Float64Array, after: Float64Array, threshold: number): Uint8Array {
  return Uint8Array.from(before, (score, row) => {
    if (!isValid(score)) return 2
    return !isValid(after[row]) || score >= threshold !== after[row] >= threshold ? 1 : 0
  })
}

/** The share of ones, exact bounds. `events`: 0 no, 1 yes, 2 not counted. */
export function shareEstimate(events: Uint8Array): Estimate {
  const {successes, n} = countOf(events)
  if (n === 0) return {value: null, n: 0}
  return {value: successes / n, n, bounds: alpha => clopperPearson({successes, n}, alpha), method: 'Clopper-Pearson', ...tooFew(n)}
}

function countOf(events: Uint8Array): {successes: number; n: number} {
  let [successes, n] = [0, 0]
  for (const event of events) {
    if (event === 1) successes += 1
    if (event !== 2) n += 1
  }
  return {successes, n}
}

function tooFew(n: number): Pick<Estimate, 'reason'> {
  return n < 30 ? {reason: `${n} rows are too few, 30 are needed`} : {}
}

/**
 * Share of the candidate minus `factor` times that of the reference, on the rows that count for both. For a factor of 1 Bonett and Price's
 * interval; else each side's exact bounds at half of alpha, which is valid and wider.
 */
export function shareDifference(
  candidate: Uint8Array,
  reference: Uint8Array,
  factor: number
): {reference: number | null; difference: Estimate} {
  const both = candidate.map((event, row) => (event === 2 || reference[row] === 2 ? 2 : event))
  const other = reference.map((event, row) => (both[row] === 2 ? 2 : event))
  const [own, theirs] = [countOf(both), countOf(other)]
  const {n} = own
  if (n === 0) return {reference: null, difference: {value: null, n: 0}}
  const value = own.successes / n - (factor * theirs.successes) / n
  const bounds = factor === 1 ? pairedBounds(both, other, n) : scaledBounds(own, theirs, factor)
  const method = factor === 1 ? 'Bonett-Price, paired' : 'Clopper-Pearson, halved alpha'
  return {reference: theirs.successes / n, difference: {value, n, bounds, method, ...tooFew(n)}}
}

function pairedBounds(candidate: Uint8Array, reference: Uint8Array, n: number): (alpha: number) => Bounds {
  let [onlyFirst, onlySecond] = [0, 0]
  for (let row = 0; row < candidate.length; row++) {
    if (candidate[row] === 1 && reference[row] === 0) onlyFirst += 1
    if (candidate[row] === 0 && reference[row] === 1) onlySecond += 1
  }
  return alpha => bonettPrice({onlyFirst, onlySecond, n}, alpha)
}

function scaledBounds(
  own: {successes: number; n: number},
  theirs: {successes: number; n: number},
  factor: number
): (alpha: number) => Bounds {
  return alpha => {
    const [a, b] = [clopperPearson(own, alpha / 2), clopperPearson(theirs, alpha / 2)]
    return {low: a.low - factor * b.high, high: a.high - factor * b.low}
  }
}

import {lnBeta, lnBetaCdf, lnBetaSf} from './beta.js'
import type {Bounds} from './estimate.js'

/** Errors of both arms while a share `weight` of the requests went to the canary: counts of one weight step, not running totals. */
export interface SplitCounts {
  readonly canaryErrors: number
  readonly stableErrors: number
  /** share of all requests that went to the canary, in (0, 1); the routed weight, or the share of the requests counted */
  readonly weight: number
}

export interface SplitHypothesis {
  /** rate of the canary over the rate of the stable one */
  readonly ratio: number
  /** `harm` speaks against "at most `ratio`", `safe` against "at least `ratio`" */
  readonly kind: 'harm' | 'safe'
  /** errors in both arms at which the test is sharpest; it is valid at any count. Default 100 */
  readonly tightestAt?: number
}

export interface EValue {
  /** natural logarithm of the e-value: at least ln(1 / alpha) refutes the hypothesis at level alpha, whenever it is looked at */
  readonly lnE: number
  /** always-valid p-value */
  readonly p: number
}

/**
 * Split-conditional one-sided test of a ratio of error rates: under the ratio r an error falls to the canary with chance
 * w r / (w r + 1 - w), whatever the base rate does. A beta mixture over the alternative (Howard et al. 2021) is an e-process.
 * Counts that can say nothing (no errors, a weight of 0 or 1) give lnE 0.
 */
export function splitTest({canaryErrors, stableErrors, weight, ...hypothesis}: SplitCounts & SplitHypothesis): EValue {
  return stepsTest([{canaryErrors, stableErrors, weight}], hypothesis)
}

/** The same over several weight steps: their e-values multiply, each step with a fresh prior. */
export function stepsTest(steps: readonly SplitCounts[], hypothesis: SplitHypothesis): EValue {
  const lnE = steps.reduce((sum, step) => sum + lnEvidence(step, hypothesis), 0)
  return {lnE, p: Math.min(1, Math.exp(-lnE))}
}

function lnEvidence({canaryErrors, stableErrors, weight}: SplitCounts, {ratio, kind, tightestAt = 100}: SplitHypothesis): number {
  if (!(weight > 0 && weight < 1) || canaryErrors + stableErrors === 0) return 0
  return lnMixture({
    successes: canaryErrors,
    failures: stableErrors,
    chance: shareOfErrors(ratio, weight),
    strength: strengthFor(tightestAt),
    side: kind === 'harm' ? 'above' : 'below'
  })
}

/** Chance that an error is the canary's. */
export function shareOfErrors(ratio: number, weight: number): number {
  return (weight * ratio) / (weight * ratio + 1 - weight)
}

/** Tuning only: validity does not depend on it. */
const TUNED_LEVEL = 0.05

/** Prior observations that make a one-sided mixture sharpest at n observations. */
export function strengthFor(n: number, level = 2 * TUNED_LEVEL): number {
  const c = 2 * Math.log(1 / level)
  return Math.max(n / (c + Math.log1p(c)) - 1, 1e-3)
}

export interface Mixture {
  readonly successes: number
  readonly failures: number
  /** chance of a success under the null */
  readonly chance: number
  /** prior observations */
  readonly strength: number
  /** the alternative: chances above the null's, below it, or both */
  readonly side: 'above' | 'below' | 'both'
}

/** ln of the mixture likelihood ratio of a Beta prior around the null's chance, cut to the alternative's side. */
export function lnMixture({successes, failures, chance, strength, side}: Mixture): number {
  const a = strength * chance
  const b = strength * (1 - chance)
  const lnMass = (x: number, y: number) => (side === 'both' ? 0 : side === 'above' ? lnBetaSf(chance, x, y) : lnBetaCdf(chance, x, y))
  const ratio = lnBeta(a + successes, b + failures) - lnBeta(a, b) + lnMass(a + successes, b + failures) - lnMass(a, b)
  return ratio - successes * Math.log(chance) - failures * Math.log1p(-chance)
}

/** The ratio of error rates that fits the steps best: 0, Infinity, or null when there is no error at all. */
export function ratioEstimate(steps: readonly SplitCounts[]): number | null {
  const told = informative(steps)
  const canary = told.reduce((sum, step) => sum + step.canaryErrors, 0)
  const stable = told.reduce((sum, step) => sum + step.stableErrors, 0)
  if (canary + stable === 0) return null
  if (canary === 0) return 0
  if (stable === 0) return Number.POSITIVE_INFINITY
  const expected = (lnRatio: number) =>
    told.reduce((sum, step) => sum + (step.canaryErrors + step.stableErrors) * shareOfErrors(Math.exp(lnRatio), step.weight), 0)
  return Math.exp(bisect(lnRatio => expected(lnRatio) > canary, -LN_LIMIT, LN_LIMIT))
}

function informative(steps: readonly SplitCounts[]): readonly SplitCounts[] {
  return steps.filter(({weight, canaryErrors, stableErrors}) => weight > 0 && weight < 1 && canaryErrors + stableErrors > 0)
}

/** Ratios are looked for in [e^-23, e^23], that is within ten orders of magnitude. */
const LN_LIMIT = 23

/**
 * Always-valid bounds of the ratio, each one-sided at level 1 - alpha: the ratios that neither test has refuted.
 * 0 and Infinity where nothing is proven.
 */
export function ratioBounds(steps: readonly SplitCounts[], {alpha, tightestAt}: {alpha: number; tightestAt?: number}): Bounds {
  const needed = Math.log(1 / alpha)
  const lnE = (kind: 'harm' | 'safe', lnRatio: number) => stepsTest(steps, {ratio: Math.exp(lnRatio), kind, tightestAt}).lnE
  const estimate = ratioEstimate(steps)
  const start = Math.log(Math.min(Math.max(estimate ?? 1, Math.exp(-LN_LIMIT)), Math.exp(LN_LIMIT)))
  const low = lnE('harm', -LN_LIMIT) < needed ? 0 : Math.exp(bisect(x => lnE('harm', x) < needed, -LN_LIMIT, start))
  const high = lnE('safe', LN_LIMIT) < needed ? Number.POSITIVE_INFINITY : Math.exp(bisect(x => lnE('safe', x) >= needed, start, LN_LIMIT))
  return {low, high}
}

export interface BernoulliCounts {
  readonly errors: number
  readonly n: number
  /** requests at which the bounds are tightest; they are valid at any count. Default 1000 */
  readonly tunedAt?: number
  readonly alpha: number
}

/** Always-valid bounds of an error rate, each one-sided at level 1 - alpha (one-sided beta-binomial mixture, Howard et al. 2021). */
export function bernoulliBounds({errors, n, tunedAt = 1000, alpha}: BernoulliCounts): Bounds {
  const strength = strengthFor(tunedAt, 2 * alpha)
  return rateBounds({errors, n, alpha}, chance => ({
    low: lnMixture({successes: errors, failures: n - errors, chance, strength, side: 'above'}),
    high: lnMixture({successes: errors, failures: n - errors, chance, strength, side: 'below'})
  }))
}

function rateBounds({errors, n, alpha}: BernoulliCounts, lnE: (chance: number) => Bounds): Bounds {
  if (n === 0) return {low: 0, high: 1}
  const needed = Math.log(1 / alpha)
  return {
    low: errors === 0 ? 0 : bisect(chance => lnE(chance).low < needed, 0, errors / n),
    high: errors === n ? 1 : bisect(chance => lnE(chance).high >= needed, errors / n, 1)
  }
}

/** The point in (low, high) where `reached` turns from false to true. */
function bisect(reached: (x: number) => boolean, low: number, high: number): number {
  let before = low
  let after = high
  for (let i = 0; i < 200 && after - before > 1e-14 * Math.max(Math.abs(after), Math.abs(before)); i++) {
    const centre = (before + after) / 2
    if (reached(centre)) after = centre
    else before = centre
  }
  return (before + after) / 2
}

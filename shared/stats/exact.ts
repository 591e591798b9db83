import type {Proportion} from './estimate.js'
import {lnGamma} from './gamma.js'

/** Fisher's exact test of equal shares, two-sided: the mass of the tables that are no likelier than the one seen. */
export function fisherExact(a: Proportion, b: Proportion): number {
  const successes = a.successes + b.successes
  const lnTotal = lnChoose(a.n + b.n, successes)
  const lnChance = (x: number) => lnChoose(a.n, x) + lnChoose(b.n, successes - x) - lnTotal
  const seen = lnChance(a.successes)
  let p = 0
  for (let x = Math.max(0, successes - b.n); x <= Math.min(a.n, successes); x++) {
    const ln = lnChance(x)
    if (ln <= seen + 1e-7) p += Math.exp(ln)
  }
  return Math.min(1, p)
}

/** McNemar's test from the discordant pairs, two-sided: exact, and mid-p, which counts the table seen by half. */
export function mcnemar({onlyFirst, onlySecond}: {readonly onlyFirst: number; readonly onlySecond: number}): {exact: number; midP: number} {
  const n = onlyFirst + onlySecond
  if (n === 0) return {exact: 1, midP: 1}
  const least = Math.min(onlyFirst, onlySecond)
  const lnChance = (k: number) => lnChoose(n, k) - n * Math.LN2
  let tail = 0
  for (let k = 0; k <= least; k++) tail += Math.exp(lnChance(k))
  const seen = Math.exp(lnChance(least))
  return {exact: Math.min(1, 2 * tail), midP: Math.min(1, 2 * tail - seen)}
}

function lnChoose(n: number, k: number): number {
  return lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1)
}

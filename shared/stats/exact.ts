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

function lnChoose(n: number, k: number): number {
  return lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1)
}

import {betaCdf, betaQuantile} from './beta.js'
import {normalCdf, normalQuantile} from './normal.js'

/** From here on the normal distribution is the same to 1e-10. */
const NORMAL_FROM = 1e10

/** P(T <= t) of Student's t with df degrees of freedom. */
export function tCdf(t: number, df: number): number {
  if (df >= NORMAL_FROM) return normalCdf(t)
  const tail = betaCdf(df / (df + t * t), df / 2, 0.5) / 2
  return t < 0 ? tail : 1 - tail
}

/** The t with P(T <= t) = p. */
export function tQuantile(p: number, df: number): number {
  if (Number.isNaN(p) || p < 0 || p > 1 || !(df > 0)) return Number.NaN
  if (p > 0.5) return -tQuantile(1 - p, df)
  if (p === 0.5) return 0
  if (p === 0) return Number.NEGATIVE_INFINITY
  if (df >= NORMAL_FROM) return normalQuantile(p)
  if (p < 1e-5) {
    const x = betaQuantile(2 * p, df / 2, 0.5)
    return -Math.sqrt((df * (1 - x)) / x)
  }
  const y = betaQuantile(1 - 2 * p, 0.5, df / 2)
  return -Math.sqrt((df * y) / (1 - y))
}

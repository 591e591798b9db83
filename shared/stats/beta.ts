import {lnGamma, stirlingRest} from './gamma.js'

/** ln B(a, b) for a, b > 0, without the cancellation of three large lnGamma. */
export function lnBeta(a: number, b: number): number {
  const small = Math.min(a, b)
  const large = Math.max(a, b)
  if (large < 10) return lnGamma(small) + lnGamma(large) - lnGamma(small + large)
  const rest = stirlingRest(large) - stirlingRest(small + large)
  if (small < 10) return lnGamma(small) - (large - 0.5) * Math.log1p(small / large) - small * Math.log(small + large) + small + rest
  const share = Math.log1p(large / small)
  return (
    0.5 * Math.log(2 * Math.PI) -
    (small - 0.5) * share -
    (large - 0.5) * Math.log1p(small / large) -
    0.5 * Math.log(small + large) +
    stirlingRest(small) +
    rest
  )
}

/** ln I_x(a, b): the logarithm of P(X <= x) of a Beta(a, b) variable, accurate in both tails. */
export function lnBetaCdf(x: number, a: number, b: number): number {
  return lnTail({x, y: 1 - x, a, b})
}

/** ln(1 - I_x(a, b)): the logarithm of P(X > x) of a Beta(a, b) variable, accurate in both tails. */
export function lnBetaSf(x: number, a: number, b: number): number {
  return lnTail({x: 1 - x, y: x, a: b, b: a})
}

/** I_x(a, b), the regularised incomplete beta function: P(X <= x) of a Beta(a, b) variable. */
export function betaCdf(x: number, a: number, b: number): number {
  return Math.exp(lnBetaCdf(x, a, b))
}

interface Tail {
  readonly x: number
  /** 1 - x */
  readonly y: number
  readonly a: number
  readonly b: number
}

function lnTail({x, y, a, b}: Tail): number {
  if (Number.isNaN(x + a + b)) return Number.NaN
  if (x <= 0) return Number.NEGATIVE_INFINITY
  if (y <= 0) return 0
  if (x * (a + b + 2) <= a + 1) return Math.min(0, lnFront({x, y, a, b}) + Math.log(fraction({x, y, a, b})))
  return lnOneMinusExp(Math.min(0, lnFront({x: y, y: x, a: b, b: a}) + Math.log(fraction({x: y, y: x, a: b, b: a}))))
}

/** ln(1 - e^v) for v <= 0 */
function lnOneMinusExp(v: number): number {
  return v > -Math.LN2 ? Math.log(-Math.expm1(v)) : Math.log1p(-Math.exp(v))
}

/** ln(x^a y^b / (a B(a, b))), measured from the mean so that large a and b do not cancel. */
function lnFront({x, y, a, b}: Tail): number {
  if (a < 10 || b < 10) return a * Math.log(x) + b * (y > 0.5 ? Math.log1p(-x) : Math.log(y)) - lnBeta(a, b) - Math.log(a)
  const mean = a / (a + b)
  const away = x - mean
  const peak =
    0.5 * Math.log((b / (a + b)) * a) - 0.5 * Math.log(2 * Math.PI) - stirlingRest(a) - stirlingRest(b) + stirlingRest(a + b) - Math.log(a)
  return a * Math.log1p(away / mean) + b * Math.log1p((-away * (a + b)) / b) + peak
}

const TINY = 1e-300

/** The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. */
function fraction({x, a, b}: Tail): number {
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || TINY)
  let value = d
  for (let m = 1; m < 200_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / (1 + even * d || TINY)
    c = 1 + even / c || TINY
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / (1 + odd * d || TINY)
    c = 1 + odd / c || TINY
    value *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return value
}

/** The x with I_x(a, b) = p: Newton's method kept inside a bracket. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (Number.isNaN(p + a + b) || p < 0 || p > 1) return Number.NaN
  if (p === 0 || p === 1) return p
  let low = 0
  let high = 1
  let x = a / (a + b)
  for (let step = 0; step < 400 && high - low > 1e-16 * high; step++) {
    const excess = betaCdf(x, a, b) - p
    if (excess === 0) return x
    if (excess > 0) high = x
    else low = x
    const slope = Math.exp((a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x) - lnBeta(a, b))
    const next = x - excess / slope
    const inside = next > low && next < high
    if (inside && Math.abs(next - x) <= 1e-16 * x) return next
    x = inside ? next : middle(low, high)
  }
  return x
}

/** Halves the exponent while the bracket spans orders of magnitude, then the distance. */
function middle(low: number, high: number): number {
  if (high < 1e-3 && low < high / 1e3) return Math.sqrt(Math.max(low, 1e-300) * high)
  return (low + high) / 2
}

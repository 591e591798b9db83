/** ln(Γ(x)) - ((x - 1/2) ln x - x + ln(2π)/2) for x >= 10: Stirling's series, error below 1e-14. */
export function stirlingRest(x: number): number {
  const y = 1 / (x * x)
  return (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - (y * 691) / 360360))))) / x
}

const HALF_LN_2PI = Math.log(2 * Math.PI) / 2

/** Natural logarithm of the gamma function for x > 0; NaN below 0. Recurrence up to 10, then Stirling's series. */
export function lnGamma(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN
  if (x === 0 || x === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  let product = 1
  let y = x
  for (; y < 10; y++) product *= y
  return (y - 0.5) * Math.log(y) - y + HALF_LN_2PI + stirlingRest(y) - Math.log(product)
}

const EPSILON = 1e-16
const TINY = 1e-300

/** Regularised upper incomplete gamma function Q(a, x) for a > 0, x >= 0: series below a + 1, continued fraction above. */
export function gammaQ(a: number, x: number): number {
  if (x <= 0) return 1
  if (x === Number.POSITIVE_INFINITY) return 0
  return x < a + 1 ? 1 - gammaSeries(a, x) : gammaFraction(a, x)
}

function gammaSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let k = a + 1; Math.abs(term) > Math.abs(sum) * EPSILON; k++) {
    term *= x / k
    sum += term
  }
  return sum * Math.exp(a * Math.log(x) - x - lnGamma(a))
}

function gammaFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / TINY
  let d = 1 / b
  let fraction = d
  for (let k = 1, change = 0; k < 100_000 && Math.abs(change - 1) > EPSILON; k++) {
    const numerator = -k * (k - a)
    b += 2
    d = 1 / (numerator * d + b || TINY)
    c = b + numerator / c || TINY
    change = d * c
    fraction *= change
  }
  return fraction * Math.exp(a * Math.log(x) - x - lnGamma(a))
}

/** P(X > x) of a chi-square variable with df degrees of freedom. */
export function chiSquareSf(x: number, df: number): number {
  return gammaQ(df / 2, x / 2)
}

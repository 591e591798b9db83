import type {Bounds, Proportion} from './estimate.js'
import {normalQuantile} from './normal.js'

/**
 * Score bounds of the ratio a / b of independent shares (Koopman 1984), with the variance times N / (N - 1) of Miettinen &
 * Nurminen (1985); 0 or Infinity where unbounded.
 */
export function scoreRatio(a: Proportion, b: Proportion, alpha: number): Bounds {
  if (a.n === 0 || b.n === 0) return {low: 0, high: Number.POSITIVE_INFINITY}
  const limit = normalQuantile(1 - alpha) ** 2
  const outside = (lnRatio: number) => scoreStatistic(a, b, Math.exp(lnRatio)) > limit
  const estimate = startOf(a, b)
  return {
    low: a.successes === 0 ? 0 : Math.exp(edge(outside, estimate, -1)),
    high: b.successes === 0 ? Number.POSITIVE_INFINITY : Math.exp(edge(outside, estimate, 1))
  }
}

/** Score chi-square of the null a / b = ratio, one degree of freedom. */
export function scoreStatistic(a: Proportion, b: Proportion, ratio: number): number {
  const quadratic = (a.n + b.n) * ratio
  const linear = a.n * ratio + a.successes + b.n + b.successes * ratio
  const constant = a.successes + b.successes
  const root = Math.sqrt(Math.max(0, linear * linear - 4 * quadratic * constant))
  const second = (2 * constant) / (linear + root)
  const first = second * ratio
  const difference = a.successes / a.n - (ratio * b.successes) / b.n
  const variance = (first * Math.max(0, 1 - first)) / a.n + (ratio * ratio * second * Math.max(0, 1 - second)) / b.n
  const total = a.n + b.n
  return difference === 0 ? 0 : (difference * difference) / ((variance * total) / (total - 1))
}

/** A ln ratio that the data do not speak against: the estimate, or far out on the side where it is 0 or Infinity. */
function startOf(a: Proportion, b: Proportion): number {
  const first = Math.max(a.successes, b.successes === 0 ? 0.5 : 1e-9) / a.n
  const second = Math.max(b.successes, 1e-9) / b.n
  return Math.log(first / second)
}

/** Where `outside` turns true on the way from `inside` in the given direction. */
function edge(outside: (lnRatio: number) => boolean, inside: number, direction: 1 | -1): number {
  let near = inside
  let step = 0.5
  while (!outside(near + direction * step)) {
    near += direction * step
    step *= 2
    if (step > 1e6) return direction * Number.POSITIVE_INFINITY
  }
  let far = near + direction * step
  for (let i = 0; i < 100 && Math.abs(far - near) > 1e-13 * Math.max(1, Math.abs(near)); i++) {
    const centre = (near + far) / 2
    if (outside(centre)) far = centre
    else near = centre
  }
  return (near + far) / 2
}

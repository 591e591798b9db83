import type {Bounds} from './estimate.js'
import {tQuantile} from './student.js'

export interface Sample {
  readonly mean: number
  /** sample variance of one row, divisor n - 1 */
  readonly variance: number
  readonly n: number
}

/** Student's bounds of a mean, each one-sided at level 1 - alpha; unbounded with fewer than two rows. */
export function tBounds({mean, variance, n}: Sample, alpha: number): Bounds {
  if (n < 2) return {low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY}
  const half = variance === 0 ? 0 : tQuantile(1 - alpha, n - 1) * Math.sqrt(variance / n)
  return {low: mean - half, high: mean + half}
}

/** Mean and variance of `value(i)` for i in [0, n), in one pass (Welford 1962). */
export function sampleOf(n: number, value: (i: number) => number): Sample {
  let mean = 0
  let squares = 0
  for (let i = 0; i < n; i++) {
    const x = value(i)
    const away = x - mean
    mean += away / (i + 1)
    squares += away * (x - mean)
  }
  return {mean, variance: n > 1 ? squares / (n - 1) : 0, n}
}

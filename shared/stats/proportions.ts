import {betaQuantile} from './beta.js'
import type {Bounds, Proportion} from './estimate.js'
import {normalQuantile} from './normal.js'

/** Wilson's score bounds of a share, each one-sided at level 1 - alpha; [0, 1] when n is 0. */
export function wilson({successes, n}: Proportion, alpha: number): Bounds {
  if (n === 0) return {low: 0, high: 1}
  const z = normalQuantile(1 - alpha)
  const p = successes / n
  const scale = 1 + (z * z) / n
  const centre = p + (z * z) / (2 * n)
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
  return {
    low: successes === 0 ? 0 : Math.max(0, (centre - half) / scale),
    high: successes === n ? 1 : Math.min(1, (centre + half) / scale)
  }
}

/** Clopper and Pearson's exact bounds of a share, each one-sided at level 1 - alpha; [0, 1] when n is 0. */
export function clopperPearson({successes, n}: Proportion, alpha: number): Bounds {
  return {
    low: successes === 0 ? 0 : betaQuantile(alpha, successes, n - successes + 1),
    high: successes === n ? 1 : betaQuantile(1 - alpha, successes + 1, n - successes)
  }
}

/** Newcombe's hybrid score bounds of a - b for independent shares (1998, method 10); [-1, 1] when either is empty. */
export function newcombe(a: Proportion, b: Proportion, alpha: number): Bounds {
  return newcombeWeighted({share: a, weight: 1}, {share: b, weight: -1}, alpha)
}

export interface Weighted {
  readonly share: Proportion
  readonly weight: number
}

/** Bounds of a weighted sum of independent shares by Wilson's limits (MOVER, Zou & Donner 2008); weights 1 and -1 are Newcombe's. */
export function newcombeWeighted(a: Weighted, b: Weighted, alpha: number): Bounds {
  const first = reach(a, alpha)
  const second = reach(b, alpha)
  const value = first.value + second.value
  const low = value - Math.hypot(first.down, second.down)
  const high = value + Math.hypot(first.up, second.up)
  return {low: Math.max(first.least + second.least, low) + 0, high: Math.min(first.most + second.most, high) + 0}
}

function reach({share, weight}: Weighted, alpha: number) {
  const {low, high} = wilson(share, alpha)
  const p = share.n === 0 ? 0.5 : share.successes / share.n
  const [down, up] = weight < 0 ? [high - p, p - low] : [p - low, high - p]
  const size = Math.abs(weight)
  return {value: p * weight, down: down * size, up: up * size, least: Math.min(0, weight), most: Math.max(0, weight)}
}

/**
 * Bounds of the difference of two shares measured on the same n rows, from the rows that only one of them got:
 * Bonett and Price's adjusted Wald (2012).
 */
export function bonettPrice(pairs: {readonly onlyFirst: number; readonly onlySecond: number; readonly n: number}, alpha: number): Bounds {
  const first = (pairs.onlyFirst + 1) / (pairs.n + 2)
  const second = (pairs.onlySecond + 1) / (pairs.n + 2)
  const difference = first - second
  const half = normalQuantile(1 - alpha) * Math.sqrt((first + second - difference * difference) / (pairs.n + 2))
  return {low: Math.max(-1, difference - half), high: Math.min(1, difference + half)}
}

export {fisherExact} from './exact.js'
export {scoreRatio} from './score-ratio.js'

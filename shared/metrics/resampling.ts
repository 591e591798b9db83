import {REPLICATES, replicate} from '#shared/stats/bootstrap'
import {poisson, poisson1, random} from '#shared/stats/random'
import type {Sampling} from './scored.js'

/** Up to so many rows each is resampled by itself; beyond, cells of rows or the linearised statistic take their place. */
export const EXACT_ROWS = 5000

/** Poisson bootstrap (Hanley & MacGibbon 2006): each row, or cell of `counts` rows, is drawn a Poisson number of times. */
export function poissonReplicates(
  counts: ArrayLike<number>,
  statistic: (weights: Float64Array) => number,
  sampling: Sampling
): Float64Array {
  const next = random(sampling.seed ?? 0)
  const weights = new Float64Array(counts.length)
  return replicate(sampling.replicates ?? REPLICATES, () => {
    for (let i = 0; i < weights.length; i++) weights[i] = counts[i] === 1 ? poisson1(next) : poisson(next, counts[i])
    return statistic(weights)
  })
}

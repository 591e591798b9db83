import type {Proportion} from './estimate.js'
import {fisherExact} from './exact.js'
import {type Random, random} from './random.js'
import {chiSquareSf} from './special.js'

const EXACT_ROWS = 20_000
const PERMUTATIONS = 4999
const MOST_DRAWS = 5e7

/**
 * Two-sided p-value of "all shares are the same": Fisher's exact test for two groups of together at most 20,000 rows, Pearson's chi-square for
 * expected counts of at least 5, else the chi-square statistic under permutation of the group labels (4,999 seeded ones). 1 when all rows or none
 * succeed; fewer than two groups have no disparity to test.
 */
export function homogeneityP(groups: readonly Proportion[], seed = 1): number {
  const n = groups.reduce((sum, group) => sum + group.n, 0)
  const successes = groups.reduce((sum, group) => sum + group.successes, 0)
  if (groups.length < 2 || successes === 0 || successes === n) return 1
  if (groups.length === 2 && n <= EXACT_ROWS) return fisherExact(groups[0], groups[1])
  const statistic = pearson(
    groups.map(group => group.successes),
    groups,
    successes / n
  )
  const fewest = Math.min(...groups.map(group => (group.n * Math.min(successes, n - successes)) / n))
  if (fewest >= 5 || Math.min(successes, n - successes) * PERMUTATIONS > MOST_DRAWS) return chiSquareSf(statistic, groups.length - 1)
  return permutationP(groups, successes, n, statistic, random(seed))
}

function pearson(successes: readonly number[], groups: readonly Proportion[], share: number): number {
  return groups.reduce((sum, {n}, index) => sum + (n === 0 ? 0 : (successes[index] - n * share) ** 2 / (n * share * (1 - share))), 0)
}

function permutationP(groups: readonly Proportion[], successes: number, n: number, statistic: number, next: Random): number {
  const rare = Math.min(successes, n - successes)
  let reached = 0
  for (let round = 0; round < PERMUTATIONS; round++) {
    const drawn = drawWithout(
      groups.map(group => group.n),
      rare,
      n,
      next
    )
    if (pearson(drawn, groups, rare / n) >= statistic * (1 - 1e-12)) reached++
  }
  return (1 + reached) / (1 + PERMUTATIONS)
}

/** How many of `draws` rows, drawn without replacement from all, fall into each group. */
function drawWithout(sizes: readonly number[], draws: number, n: number, next: Random): number[] {
  const left = [...sizes]
  const drawn = sizes.map(() => 0)
  for (let remaining = n; remaining > n - draws; remaining--) {
    let place = Math.floor(next() * remaining)
    const group = left.findIndex(size => {
      if (place < size) return true
      place -= size
      return false
    })
    left[group]--
    drawn[group]++
  }
  return drawn
}

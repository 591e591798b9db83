/**
 * Holm's adjusted p-values, in the order given: each at most alpha means that its null is rejected while the chance of
 * any false rejection stays at most alpha. NaN stays NaN and counts as one of the tests.
 */
export function holm(p: readonly number[]): number[] {
  const order = ascending(p)
  const adjusted = p.map(() => Number.NaN)
  let running = 0
  order.forEach((index, rank) => {
    running = Math.max(running, Math.min(1, (p.length - rank) * p[index]))
    adjusted[index] = running
  })
  return adjusted
}

function ascending(p: readonly number[]): number[] {
  return p
    .map((_, index) => index)
    .filter(index => !Number.isNaN(p[index]))
    .sort((a, b) => p[a] - p[b])
}

import {describe, expect, test} from 'vitest'
import {binomial, multinomial, poisson, poisson1, random} from '#shared/stats/random'

const DRAWS = 40_000

/** Mean and variance of many draws lie within four standard errors of what the distribution has. */
function expectMoments(draw: () => number, mean: number, variance: number): void {
  let sum = 0
  let squares = 0
  for (let i = 0; i < DRAWS; i++) {
    const x = draw() - mean
    sum += x
    squares += x * x
  }
  expect(Math.abs(sum / DRAWS)).toBeLessThan(4 * Math.sqrt(variance / DRAWS))
  expect(Math.abs(squares / DRAWS / variance - 1)).toBeLessThan(0.06)
}

describe('the generator', () => {
  test('repeats itself for a seed, differs between seeds, stays in [0, 1)', () => {
    const take = (seed: number) => Array.from({length: 50}, random(seed))
    expect(take(7)).toEqual(take(7))
    expect(take(7)).not.toEqual(take(8))
    expect(take(0).every(u => u >= 0 && u < 1)).toBe(true)
    expect(take(2 ** 40 + 1)).not.toEqual(take(1))
  })
  test('keeps its numbers from release to release', () => {
    expect(Array.from({length: 3}, random(1)).map(u => u * 2 ** 32)).toMatchInlineSnapshot(`
      [
        393288148,
        2174103013,
        3814759091,
      ]
    `)
  })
  test('is uniform', () => {
    const next = random(11)
    expectMoments(next, 0.5, 1 / 12)
  })
})

describe('counts', () => {
  test.each([
    [8, 0.3],
    [40, 0.9],
    [100, 0.2],
    [5000, 0.013],
    [1_000_000, 0.37]
  ])('binomial of %d and %d', (n, p) => {
    const next = random(n)
    expectMoments(() => binomial(next, n, p), n * p, n * p * (1 - p))
  })
  test.each([0.2, 3, 12, 900])('poisson of %d', mean => {
    const next = random(Math.ceil(mean))
    expectMoments(() => poisson(next, mean), mean, mean)
  })
  test('poisson1', () => {
    const next = random(3)
    expectMoments(() => poisson1(next), 1, 1)
  })
  test('binomial at its ends', () => {
    const next = random(5)
    expect([binomial(next, 10, 0), binomial(next, 10, 1), binomial(next, 0, 0.5)]).toEqual([0, 10, 0])
  })
  test('multinomial spreads exactly n, and nothing over empty cells', () => {
    const next = random(9)
    const sums = [0, 0, 0, 0]
    for (let i = 0; i < 2000; i++) {
      const counts = multinomial(next, 60, [3, 0, 1, 2])
      expect(counts.reduce((a, b) => a + b, 0)).toBe(60)
      counts.forEach((count, cell) => {
        sums[cell] += count
      })
    }
    expect(sums[1]).toBe(0)
    expect(sums[0] / 2000).toBeCloseTo(30, 0)
    expect(sums[3] / 2000).toBeCloseTo(20, 0)
  })
})

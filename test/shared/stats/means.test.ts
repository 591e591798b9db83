import {describe, expect, test} from 'vitest'
import {bootstrapSpread, percentileBounds, recentre} from '#shared/stats/bootstrap'
import {sampleOf, tBounds} from '#shared/stats/means'
import {normalQuantile} from '#shared/stats/special'

describe('t bounds', () => {
  test('equal the textbook', () => {
    const x = [5.1, 4.9, 5.6, 5.8, 4.7, 5.2]
    const sample = sampleOf(x.length, i => x[i])
    expect(sample.mean).toBeCloseTo(5.2166666667, 9)
    expect(sample.variance).toBeCloseTo(0.1736666667, 9)
    const {low, high} = tBounds(sample, 0.025)
    expect(low).toBeCloseTo(4.7793318599, 9)
    expect(high).toBeCloseTo(5.6540014734, 9)
  })
  test('no spread is exact, one row is unbounded', () => {
    expect(tBounds({mean: 0, variance: 0, n: 50}, 0.05)).toEqual({low: 0, high: 0})
    expect(tBounds({mean: 3, variance: 0, n: 1}, 0.05)).toEqual({low: -Infinity, high: Infinity})
  })
  test('large offsets cost no digits', () => {
    expect(sampleOf(1000, i => 1e9 + (i % 2)).variance).toBeCloseTo(0.25 * (1000 / 999), 9)
  })
})

describe('percentile bounds', () => {
  const replicates = Float64Array.from({length: 1999}, (_, i) => i + 1)
  test('are the ranks alpha (B + 1) from either end', () => {
    expect(percentileBounds(replicates, 0.05)).toEqual({low: 100, high: 1900})
  })
  test('go on by a normal tail where B is too small to tell', () => {
    const drawn = Float64Array.from({length: 1999}, (_, i) => normalQuantile((i + 1) / 2000)).sort()
    for (const alpha of [1 / 2000, 1 / 4000, 1e-5, 1e-9]) {
      const {low, high} = percentileBounds(drawn, alpha)
      expect(low).toBeLessThan(normalQuantile(alpha) * 0.98)
      expect(low).toBeGreaterThan(normalQuantile(alpha) * 1.02)
      expect(high).toBeCloseTo(-low, 2)
    }
    const skewed = drawn.map(value => Math.exp(value)).sort()
    const {low, high} = percentileBounds(skewed, 1e-5)
    expect(high - 1).toBeGreaterThan(Math.exp(3.29) - 1)
    expect(low).toBeLessThan(Math.exp(-3.29))
  })
  test('are infinite without any spread, or without a replicate', () => {
    expect(percentileBounds(new Float64Array(2000), 0.05)).toEqual({low: -Infinity, high: Infinity})
    expect(percentileBounds(new Float64Array(0), 0.05)).toEqual({low: -Infinity, high: Infinity})
  })
  test('more than 1% of undefined resamples is a reason', () => {
    const some = (undefinedOnes: number) => replicates.map((value, i) => (i < undefinedOnes ? Number.NaN : value))
    expect(bootstrapSpread(some(19), 'bootstrap')).not.toHaveProperty('reason')
    expect(bootstrapSpread(some(20), 'bootstrap')).toHaveProperty('reason', 'not defined in 20 of 1999 resamples')
    expect(bootstrapSpread(some(0), 'bootstrap').method).toBe('bootstrap, B = 1999, normal tail')
  })
  test('recentring moves each replicate', () => {
    expect(recentre(Float64Array.of(1, 3), 2, 5)).toEqual(Float64Array.of(4, 6))
  })
})

import {describe, expect, test} from 'vitest'
import {
  betaCdf,
  betaQuantile,
  chiSquareSf,
  lnBeta,
  lnBetaCdf,
  lnBetaSf,
  lnGamma,
  normalCdf,
  normalQuantile,
  tCdf,
  tQuantile
} from '#shared/stats/special'
import vectors from '../../fixtures/vectors.json' with {type: 'json'}

const {special} = vectors

/** Within 1e-10 of the size, or absolutely below 1. */
function expectNear(actual: number, expected: number): void {
  expect(Math.abs(actual - expected) / Math.max(1e-300, Math.min(1, Math.abs(expected)) || 1)).toBeLessThan(
    1e-10 * Math.max(1, Math.abs(expected))
  )
}

describe('special functions equal 40-digit values', () => {
  test.each(special.lnGamma)('lnGamma(%d)', (x, expected) => expectNear(lnGamma(x), expected))
  test.each(special.lnBeta)('lnBeta(%d, %d)', (a, b, expected) => expectNear(lnBeta(a, b), expected))
  test.each(special.lnBetaCdf)('both tails of beta at %d for (%d, %d)', (x, a, b, below, above) => {
    expectNear(lnBetaCdf(x, a, b), below)
    expectNear(lnBetaSf(x, a, b), above)
    expectNear(betaCdf(x, a, b), Math.exp(below))
  })
  test.each(special.betaQuantile)('betaQuantile(%d, %d, %d)', (p, a, b, expected) => expectNear(betaQuantile(p, a, b), expected))
  test.each(special.normalCdf)('normalCdf(%d)', (z, expected) => expectNear(normalCdf(z), expected))
  test.each(special.normalQuantile)('normalQuantile(%d)', (p, expected) => expectNear(normalQuantile(p), expected))
  test.each(special.tCdf)('tCdf(%d, %d)', (t, df, expected) => expectNear(tCdf(t, df), expected))
  test.each(special.tQuantile)('tQuantile(%d, %d)', (p, df, expected) => expectNear(tQuantile(p, df), expected))
  test.each(special.chiSquareSf)('chiSquareSf(%d, %d)', (x, df, expected) => expectNear(chiSquareSf(x, df), expected))
})

describe('at and beyond the edge', () => {
  test('the ends of each range are exact', () => {
    expect([betaCdf(0, 2, 3), betaCdf(1, 2, 3), betaQuantile(0, 2, 3), betaQuantile(1, 2, 3)]).toEqual([0, 1, 0, 1])
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity])
    expect([tQuantile(0, 5), tQuantile(0.5, 5), tQuantile(1, 5)]).toEqual([-Infinity, 0, Infinity])
    expect([chiSquareSf(0, 3), chiSquareSf(Infinity, 3)]).toEqual([1, 0])
  })
  test('what is undefined is NaN, never a number', () => {
    const undefinedOnes = [
      lnGamma(-1),
      normalQuantile(1.1),
      normalQuantile(NaN),
      betaQuantile(-0.1, 1, 1),
      tQuantile(0.3, 0),
      betaCdf(NaN, 1, 1)
    ]
    expect(undefinedOnes.every(Number.isNaN)).toBe(true)
  })
  test('quantiles invert the distribution functions', () => {
    for (const p of [1e-8, 0.01, 0.3, 0.77, 0.999]) {
      expect(normalCdf(normalQuantile(p))).toBeCloseTo(p, 13)
      expect(tCdf(tQuantile(p, 7), 7)).toBeCloseTo(p, 12)
      expect(betaCdf(betaQuantile(p, 3.3, 0.4), 3.3, 0.4)).toBeCloseTo(p, 10)
    }
  })
})

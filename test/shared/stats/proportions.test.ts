import {describe, expect, test} from 'vitest'
import type {Bounds} from '#shared/stats/estimate'
import {bonettPrice, clopperPearson, fisherExact, newcombe, newcombeWeighted, scoreRatio, wilson} from '#shared/stats/proportions'
import vectors from '../../fixtures/vectors.json' with {type: 'json'}

/** The vectors are two-sided 95%. */
const SIDE = 0.025

function expectBounds({low, high}: Bounds, expected: readonly [number, number], tolerance: number): void {
  expect(Math.abs(low - expected[0])).toBeLessThan(tolerance)
  expect(Math.abs(high - expected[1])).toBeLessThan(tolerance)
}

describe('one share', () => {
  test.each(vectors.wilson)('Wilson %d of %d', (successes, n, low, high) => {
    expectBounds(wilson({successes, n}, SIDE), [low, high], 1e-7)
  })
  test.each(vectors.clopperPearson)('Clopper-Pearson %d of %d', (successes, n, alpha, low, high) => {
    expectBounds(clopperPearson({successes, n}, alpha), [low, high], 1e-9)
  })
  test('without a row everything is possible', () => {
    expect(wilson({successes: 0, n: 0}, SIDE)).toEqual({low: 0, high: 1})
    expect(clopperPearson({successes: 0, n: 0}, SIDE)).toEqual({low: 0, high: 1})
  })
  test('a one-sided bound at alpha is an end of the two-sided interval at 2 alpha', () => {
    expect(clopperPearson({successes: 0, n: 100}, 0.05).high).toBeCloseTo(1 - 0.05 ** 0.01, 12)
  })
})

describe('two independent shares', () => {
  test.each(vectors.newcombe)('Newcombe %d/%d - %d/%d', (x, m, y, n, low, high) => {
    expectBounds(newcombe({successes: x, n: m}, {successes: y, n}, SIDE), [low, high], 1e-6)
  })
  test.each(vectors.scoreRatio)('score ratio %d/%d over %d/%d', (x, m, y, n, low, high) => {
    expectBounds(scoreRatio({successes: x, n: m}, {successes: y, n}, SIDE), [low, high], 1e-6)
  })
  test.each(vectors.fisher)('Fisher %d/%d against %d/%d', (x, m, y, n, p) => {
    expect(Math.abs(fisherExact({successes: x, n: m}, {successes: y, n}) - p)).toBeLessThan(1e-9)
  })
  test('the ratio has no bound where nothing can be said', () => {
    expect(scoreRatio({successes: 0, n: 9}, {successes: 0, n: 9}, SIDE)).toEqual({low: 0, high: Infinity})
    expect(scoreRatio({successes: 3, n: 9}, {successes: 0, n: 0}, SIDE)).toEqual({low: 0, high: Infinity})
    const {low, high} = scoreRatio({successes: 5, n: 9}, {successes: 0, n: 9}, SIDE)
    expect(low).toBeGreaterThan(1)
    expect(high).toBe(Infinity)
  })
  test('all against all leaves 1 inside the ratio bounds', () => {
    const {low, high} = scoreRatio({successes: 20, n: 20}, {successes: 15, n: 15}, SIDE)
    expect(low).toBeGreaterThan(0.7)
    expect(low).toBeLessThan(1)
    expect(high).toBeGreaterThan(1)
  })
  test('an empty side leaves the difference open', () => {
    expect(newcombe({successes: 0, n: 0}, {successes: 0, n: 0}, SIDE)).toEqual({low: -Math.SQRT1_2, high: Math.SQRT1_2})
  })
  test('a weight scales the bounds', () => {
    const a = {successes: 48, n: 80}
    const b = {successes: 21, n: 50}
    const plain = newcombe(a, b, SIDE)
    const half = newcombeWeighted({share: a, weight: 0.5}, {share: b, weight: -0.5}, SIDE)
    expectBounds(half, [plain.low / 2, plain.high / 2], 1e-12)
  })
})

describe('the same rows twice', () => {
  test.each(vectors.bonettPrice)('Bonett-Price %d and %d of %d', (onlyFirst, onlySecond, n, low, high) => {
    expectBounds(bonettPrice({onlyFirst, onlySecond, n}, SIDE), [low, high], 1e-7)
  })
})

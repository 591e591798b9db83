import {describe, expect, test} from 'vitest'
import {detectableDifference, rowsToSettle, standardErrorOf} from '#shared/stats/planning'
import {wilson} from '#shared/stats/proportions'
import {binomial, random} from '#shared/stats/random'
import {splitTest} from '#shared/stats/sequential'
import {detectableRatio, errorsToProve, requestsFor} from '#shared/stats/sequential-planning'
import vectors from '../../fixtures/vectors.json' with {type: 'json'}

describe('rows', () => {
  test.each(vectors.pairedRows)('a discordance of %d settles a margin of %d in %d rows', (discordance, margin, rows) => {
    expect(rowsToSettle({n: 1, standardError: Math.sqrt(discordance), margin}, 0.05)).toBe(rows)
  })
  test('a margin that n rows settle needs n rows', () => {
    const standardError = 0.0185
    const margin = detectableDifference(standardError, 0.05)
    expect(margin).toBeCloseTo(0.046, 4)
    expect(rowsToSettle({n: 267, standardError, margin}, 0.05)).toBe(267)
    expect(rowsToSettle({n: 267, standardError, margin: margin / 2}, 0.05)).toBe(1068)
  })
  test('bounds give back their standard error', () => {
    expect(standardErrorOf(wilson({successes: 5000, n: 10_000}, 0.05).high - 0.5, 0.05)).toBeCloseTo(0.005, 5)
  })
  test('a margin of nothing, or an unknown error, is never settled', () => {
    expect(rowsToSettle({n: 100, standardError: 0.1, margin: 0}, 0.05)).toBe(Infinity)
    expect(rowsToSettle({n: 100, standardError: standardErrorOf(Infinity, 0.05), margin: 0.1}, 0.05)).toBe(Infinity)
    expect(rowsToSettle({n: 100, standardError: 0, margin: 0}, 0.05)).toBe(100)
  })
})

const table = Object.entries(vectors.errorsToProve).flatMap(([weight, ratios]) =>
  Object.entries(ratios).map(([ratio, [median, most]]) => ({weight: Number(weight), ratio: Number(ratio), median, most}))
)

describe('errors', () => {
  test.each(table)('to prove a ratio below $ratio at weight $weight: about $median, and $most', ({weight, ratio, median, most}) => {
    const plan = {weight, ratio, kind: 'safe'} as const
    const away = (power: number, simulated: number) => Math.abs((errorsToProve(plan, {truth: 1, power}) ?? Infinity) - simulated)
    expect(away(0.5, median)).toBeLessThanOrEqual(Math.max(10, 0.12 * median))
    expect(away(0.9, most)).toBeLessThanOrEqual(Math.max(10, 0.12 * most))
  })
  test('the plan keeps its promise in simulation', () => {
    const plan = {weight: 0.25, ratio: 1, kind: 'harm'} as const
    const errors = errorsToProve(plan, {truth: 2, power: 0.8})
    if (errors === null) expect.unreachable()
    const next = random(42)
    const runs = 1500
    const found = Array.from({length: runs}, () => {
      for (let t = 1, canary = 0; t <= errors; t++) {
        canary += binomial(next, 1, 0.5 / 1.25)
        if (splitTest({canaryErrors: canary, stableErrors: t - canary, ...plan}).lnE >= Math.log(20)) return true
      }
      return false
    }).filter(Boolean).length
    expect(Math.abs(found / runs - 0.8)).toBeLessThan(0.035)
  })
  test('what cannot be proven is null', () => {
    expect(errorsToProve({weight: 0.1, ratio: 1.01, kind: 'safe'}, {truth: 1, limit: 500})).toBeNull()
    expect(errorsToProve({weight: 0.1, ratio: 1, kind: 'safe'}, {truth: 2, limit: 500})).toBeNull()
  })
})

describe('traffic', () => {
  test('errors become requests at the rate of both arms', () => {
    expect(requestsFor(100, {stableRate: 0.01, weight: 0.1, truth: 1})).toBe(10_000)
    expect(requestsFor(100, {stableRate: 0.01, weight: 0.5, truth: 3})).toBe(5000)
    expect(requestsFor(100, {stableRate: 0, weight: 0.5, truth: 3})).toBe(Infinity)
  })
  test('more traffic finds smaller ratios, and their own plan agrees', () => {
    const plan = {weight: 0.1, ratio: 1}
    const ratios = [500, 5000, 50_000].map(requests => detectableRatio(plan, {requests, stableRate: 0.01}))
    expect(ratios).toEqual([...ratios].sort((a, b) => (b ?? 0) - (a ?? 0)))
    const truth = ratios[1]
    if (truth === null) expect.unreachable()
    const errors = errorsToProve({...plan, kind: 'harm'}, {truth})
    expect(requestsFor(errors ?? Infinity, {stableRate: 0.01, weight: 0.1, truth})).toBeLessThanOrEqual(5001)
  })
  test('without errors to see nothing is found', () => {
    expect(detectableRatio({weight: 0.1, ratio: 1}, {requests: 5000, stableRate: 0})).toBeNull()
    expect(detectableRatio({weight: 0.1, ratio: 1}, {requests: 0, stableRate: 0.5})).toBeNull()
  })
})

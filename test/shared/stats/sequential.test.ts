import {describe, expect, test} from 'vitest'
import {binomial, random} from '#shared/stats/random'
import {
  bernoulliBounds,
  lnMixture,
  ratioBounds,
  ratioEstimate,
  type SplitCounts,
  splitTest,
  stepsTest,
  strengthFor
} from '#shared/stats/sequential'
import vectors from '../../fixtures/vectors.json' with {type: 'json'}

const NEEDED = Math.log(20)

function kindOf(kind: string): 'harm' | 'safe' {
  return kind === 'harm' ? 'harm' : 'safe'
}

describe('the split test', () => {
  test.each(vectors.split)(
    '$kind of $canary and $stable errors at weight $weight',
    ({kind, weight, ratio, tightestAt, canary, stable, kappa, lnE, p}) => {
      const result = splitTest({canaryErrors: canary, stableErrors: stable, weight, ratio, tightestAt, kind: kindOf(kind)})
      expect(strengthFor(tightestAt)).toBeCloseTo(kappa, 9)
      expect(result.lnE).toBeCloseTo(lnE, 9)
      expect(result.p).toBeCloseTo(p, 8)
    }
  )
  test('says nothing where nothing can be said', () => {
    const nothing = {lnE: 0, p: 1}
    expect(splitTest({canaryErrors: 0, stableErrors: 0, weight: 0.1, ratio: 1, kind: 'harm'})).toEqual(nothing)
    expect(splitTest({canaryErrors: 50, stableErrors: 0, weight: 1, ratio: 1, kind: 'harm'})).toEqual(nothing)
    expect(splitTest({canaryErrors: 0, stableErrors: 50, weight: 0, ratio: 1, kind: 'safe'})).toEqual(nothing)
  })
  test('steps multiply', () => {
    const steps = [
      {canaryErrors: 4, stableErrors: 60, weight: 0.05},
      {canaryErrors: 30, stableErrors: 55, weight: 0.25}
    ]
    const single = steps.map(step => splitTest({...step, ratio: 1, kind: 'harm'}).lnE)
    expect(stepsTest(steps, {ratio: 1, kind: 'harm'}).lnE).toBeCloseTo(single[0] + single[1], 12)
  })
})

/** Errors of both arms over looks of so many requests each, at the given ratio of rates. */
function errorsAtLooks({seed, looks, truth, weight}: {seed: number; looks: number; truth: number; weight: number}): SplitCounts[] {
  const next = random(seed)
  const canary = Math.round(500 * weight)
  let canaryErrors = 0
  let stableErrors = 0
  return Array.from({length: looks}, () => {
    canaryErrors += binomial(next, canary, Math.min(1, 0.01 * truth))
    stableErrors += binomial(next, 500 - canary, 0.01)
    return {canaryErrors, stableErrors, weight}
  })
}

/** First look at which the test speaks, or Infinity. */
function lookOf(truth: number, hypothesis: {ratio: number; kind: 'harm' | 'safe'}, seed: number): number {
  const counts = errorsAtLooks({seed, looks: 100, truth, weight: 0.1})
  const look = counts.findIndex(step => splitTest({...step, ...hypothesis}).lnE >= NEEDED)
  return look < 0 ? Infinity : look + 1
}

describe('at a hundred looks', () => {
  const RUNS = 600
  const looks = (truth: number, hypothesis: {ratio: number; kind: 'harm' | 'safe'}) =>
    Array.from({length: RUNS}, (_, seed) => lookOf(truth, hypothesis, seed + 1))
  const found = (all: number[]) => all.filter(Number.isFinite).length / RUNS
  const LIMIT = 0.05 + 3 * Math.sqrt((0.05 * 0.95) / RUNS)

  test('an equal canary is seldom called harmful', () => {
    expect(found(looks(1, {ratio: 1, kind: 'harm'}))).toBeLessThanOrEqual(LIMIT)
  })
  test('a canary at the factor of the gate is seldom called worse than it', () => {
    expect(found(looks(1.5, {ratio: 1.5, kind: 'harm'}))).toBeLessThanOrEqual(LIMIT)
  })
  test('a canary at the tolerance is seldom called safe', () => {
    expect(found(looks(1.5, {ratio: 1.5, kind: 'safe'}))).toBeLessThanOrEqual(LIMIT)
  })
  test('a doubled rate is found, half the time within 12,000 requests', () => {
    const all = looks(2, {ratio: 1, kind: 'harm'}).sort((a, b) => a - b)
    expect(found(all)).toBeGreaterThan(0.99)
    expect(all[RUNS / 2] * 500).toBeLessThanOrEqual(12_000)
  })
  test('bounds of the ratio hold the truth at every look', () => {
    const runs = 120
    const missed = Array.from({length: runs}, (_, seed) => {
      const all = errorsAtLooks({seed: seed + 1, looks: 20, truth: 1.3, weight: 0.25})
      return all.some(step => ratioBounds([step], {alpha: 0.05}).low > 1.3)
    }).filter(Boolean).length
    expect(missed / runs).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt(0.0475 / runs))
  })
  test('a ramp under a rate that swings by the hour stays honest', () => {
    const wrong = Array.from({length: RUNS}, (_, seed) => {
      const next = random(seed + 77)
      const done: SplitCounts[] = []
      return [0.05, 0.25, 0.5].some((weight, step) => {
        const rate = 0.01 * (1 + 0.9 * Math.sin(seed + 2 * step))
        for (let look = 0, canaryErrors = 0, stableErrors = 0; look < 20; look++) {
          canaryErrors += binomial(next, 500 * weight, rate)
          stableErrors += binomial(next, 500 * (1 - weight), rate)
          done[step] = {canaryErrors, stableErrors, weight}
          if (stepsTest(done, {ratio: 1, kind: 'harm'}).lnE >= NEEDED) return true
        }
        return false
      })
    }).filter(Boolean).length
    expect(wrong / RUNS).toBeLessThanOrEqual(LIMIT)
  })
})

describe('the ratio', () => {
  const step = {canaryErrors: 20, stableErrors: 80, weight: 0.1}
  test('is estimated by its share of the errors', () => {
    expect(ratioEstimate([step])).toBeCloseTo(20 / 0.1 / (80 / 0.9), 9)
    expect(ratioEstimate([{...step, canaryErrors: 0}])).toBe(0)
    expect(ratioEstimate([{...step, stableErrors: 0}])).toBe(Infinity)
    expect(ratioEstimate([{...step, canaryErrors: 0, stableErrors: 0}])).toBeNull()
    expect(ratioEstimate([])).toBeNull()
  })
  test('has bounds at which each test just speaks', () => {
    const {low, high} = ratioBounds([step], {alpha: 0.05})
    expect(low).toBeLessThan(2.25)
    expect(high).toBeGreaterThan(2.25)
    expect(splitTest({...step, ratio: low, kind: 'harm'}).lnE).toBeCloseTo(NEEDED, 6)
    expect(splitTest({...step, ratio: high, kind: 'safe'}).lnE).toBeCloseTo(NEEDED, 6)
  })
  test('is unbounded while nothing is proven', () => {
    expect(ratioBounds([], {alpha: 0.05})).toEqual({low: 0, high: Infinity})
    expect(ratioBounds([{...step, canaryErrors: 0, stableErrors: 3}], {alpha: 0.05}).low).toBe(0)
    expect(ratioBounds([{...step, canaryErrors: 3, stableErrors: 0}], {alpha: 0.05}).high).toBe(Infinity)
  })
  test('tightens with more steps', () => {
    const one = ratioBounds([step], {alpha: 0.05})
    const two = ratioBounds([step, {canaryErrors: 200, stableErrors: 270, weight: 0.25}], {alpha: 0.05})
    expect(two.low).toBeGreaterThan(one.low)
    expect(two.high).toBeLessThan(one.high)
  })
})

describe('an error rate', () => {
  test.each(vectors.bernoulliZero)('no error in %d', (n, twoSided) => {
    const {high} = bernoulliBounds({errors: 0, n, tunedAt: n, alpha: 0.05})
    expect(high).toBeLessThan(twoSided)
    expect(high).toBeGreaterThan(1 - 0.05 ** (1 / n))
  })
  test.each(vectors.bernoulli)(
    '%d of %d, tuned at %d: the two-sided mixture is 20 at both published ends',
    (errors, n, tunedAt, low, high) => {
      for (const chance of [low, high]) {
        const lnE = lnMixture({successes: errors, failures: n - errors, chance, strength: strengthFor(tunedAt, 0.05), side: 'both'})
        expect(lnE).toBeCloseTo(NEEDED, 3)
      }
    }
  )
  test('one-sided bounds are tighter, ordered, and open without requests', () => {
    const bounds = bernoulliBounds({errors: 0, n: 1000, tunedAt: 1000, alpha: 0.05})
    expect(bounds.low).toBe(0)
    expect(bounds.high).toBeLessThan(0.004122)
    expect(bounds.high).toBeGreaterThan(1 - 0.05 ** (1 / 1000))
    expect(bernoulliBounds({errors: 7, n: 7, alpha: 0.05}).high).toBe(1)
    expect(bernoulliBounds({errors: 0, n: 0, alpha: 0.05})).toEqual({low: 0, high: 1})
  })
  test('one-sided bounds hold the truth at every look', () => {
    const runs = 100
    const missed = Array.from({length: runs}, (_, seed) => {
      const next = random(seed + 1)
      let errors = 0
      return Array.from({length: 20}, (_, look) => {
        errors += binomial(next, 100, 0.03)
        return bernoulliBounds({errors, n: (look + 1) * 100, alpha: 0.05}).low > 0.03
      }).some(Boolean)
    }).filter(Boolean).length
    expect(missed / runs).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt(0.0475 / runs))
  })
})

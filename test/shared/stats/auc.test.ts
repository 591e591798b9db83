import {describe, expect, test} from 'vitest'
import {delong, delongPaired} from '#shared/stats/auc'
import {type Random, random} from '#shared/stats/random'
import {ascendingOrder, placements, sortByClass} from '#shared/stats/ranks'
import vectors from '../../fixtures/vectors.json' with {type: 'json'}

const {delong: vector} = vectors
const labels = Uint8Array.from(vector.labels)

/** DeLong 1988 as written: every positive against every negative. */
function slowPlacements(labels: Uint8Array, scores: readonly number[]): number[] {
  return scores.map((score, i) => {
    const others = scores.filter((_, j) => labels[j] !== labels[i])
    const right = others.map(other => (other === score ? 0.5 : other < score === (labels[i] === 1) ? 1 : 0))
    return right.reduce<number>((a, b) => a + b, 0) / others.length
  })
}

const SHAPES: [string, (next: Random) => number][] = [
  ['spread', next => next()],
  ['tied', next => Math.round(next() * 5) / 5],
  ['skewed', next => next() ** 40],
  ['negative and huge', next => (next() - 0.5) * 10 ** (next() * 300)],
  ['signed zeros', next => (next() < 0.3 ? -0 : next() < 0.5 ? 0 : next() - 0.5)],
  ['all equal', () => 0.25]
]

function sample(shape: (next: Random) => number, n = 300) {
  const next = random(n)
  const labels = Uint8Array.from({length: n}, () => (next() < 0.3 ? 1 : 0))
  return {labels, scores: Array.from({length: n}, () => shape(next))}
}

describe('DeLong', () => {
  test('one model equals its vector', () => {
    const {auc, variance, positives, negatives} = delong(labels, vector.first)
    expect(auc).toBeCloseTo(vector.aucs[0], 8)
    expect(variance).toBeCloseTo(vector.covariance[0][0], 11)
    expect([positives, negatives]).toEqual([6, 8])
  })
  test('two models equal their vector, covariances too', () => {
    const paired = delongPaired(labels, vector.first, vector.second)
    expect(paired.difference).toBeCloseTo(vector.difference, 10)
    expect(Math.sqrt(paired.variance)).toBeCloseTo(vector.se, 10)
    expect(paired.covariance.flat()).toEqual(vector.covariance.flat().map(value => expect.closeTo(value, 10)))
  })
  test.each(SHAPES)('placements of %s scores equal those of every pair', (_, shape) => {
    const {labels, scores} = sample(shape)
    expect(Array.from(placements(labels, scores))).toEqual(slowPlacements(labels, scores).map(value => expect.closeTo(value, 12)))
  })
  test.each(SHAPES)('single and paired agree on %s scores', (_, shape) => {
    const {labels, scores} = sample(shape)
    const paired = delongPaired(labels, scores, scores)
    const single = delong(labels, scores)
    expect(paired.aucs[0]).toBeCloseTo(single.auc, 12)
    expect(paired.covariance[0][0]).toBeCloseTo(single.variance, 12)
    expect([paired.difference, paired.variance]).toEqual([0, 0])
  })
  test.each(SHAPES)('sorting %s scores by class equals sorting', (_, shape) => {
    const {labels, scores} = sample(shape, 2000)
    const ascending = (label: number) => scores.filter((_, i) => labels[i] === label).sort((a, b) => a - b)
    const {positives, negatives} = sortByClass(labels, scores)
    expect(Array.from(positives, v => v + 0)).toEqual(ascending(1).map(v => v + 0))
    expect(Array.from(negatives, v => v + 0)).toEqual(ascending(0).map(v => v + 0))
  })
  test('without both classes there is no area', () => {
    expect(delong(Uint8Array.of(1, 1), [0.1, 0.2]).auc).toBeNaN()
    expect(delong(Uint8Array.of(0, 0), [0.1, 0.2]).auc).toBeNaN()
    expect(delong(new Uint8Array(0), []).auc).toBeNaN()
  })
  test.each(SHAPES)('rows of %s scores are ordered, equal ones as they stand', (_, shape) => {
    for (const n of [0, 1, 300, 6000]) {
      const {scores} = sample(shape, n)
      const expected = scores.map((_, row) => row).sort((a, b) => scores[a] - scores[b] || a - b)
      expect(Array.from(ascendingOrder(Float64Array.from(scores)))).toEqual(expected)
    }
  })
})

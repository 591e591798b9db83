import {describe, expect, test} from 'vitest'
import {QUALITY, type QualityName} from '#shared/metrics/quality'
import type {Scored} from '#shared/metrics/scored'
import type {Estimate} from '#shared/stats/estimate'
import {bonettPrice} from '#shared/stats/proportions'
import {drawnExam, everyRow, scoredOf} from '../../support/exams.js'

const NAMES = Object.keys(QUALITY).filter((name): name is QualityName => name in QUALITY)
const {candidate, reference} = drawnExam(1200, 5)

/** Enough resamples for what is asked of the bounds here. */
const QUICK = {replicates: 300}

function copyOf(scored: Scored): Scored {
  return {labels: scored.labels.slice(), predictions: scored.predictions.slice(), scores: scored.scores?.slice()}
}

function bounds(estimate: Estimate, alpha = 0.05) {
  if (!estimate.bounds) throw new Error('no bounds')
  return estimate.bounds(alpha)
}

describe.each(NAMES)('%s', name => {
  const {measure, compare} = QUALITY[name]
  test('of the same model differs by nothing at all, at any level', () => {
    const same = compare(candidate, copyOf(candidate), 1)
    expect(same.value).toBe(0)
    for (const alpha of [0.5, 0.05, 1e-9]) expect(bounds(same, alpha)).toEqual({low: 0, high: 0})
    expect(bounds(compare({...candidate, rows: everyRow(1200, 4)}, copyOf(candidate), 1))).toEqual({low: 0, high: 0})
  })
  test.each([1, 0.9, 1.2])('is candidate minus %d times reference, on the rows of the candidate', factor => {
    const rows = everyRow(1200, 2)
    const apart = (measure({...candidate, rows}).value ?? Number.NaN) - factor * (measure({...reference, rows}).value ?? Number.NaN)
    const estimate = compare({...candidate, rows}, reference, factor, QUICK)
    expect(estimate.value).toBeCloseTo(apart, 12)
    const {low, high} = bounds(estimate)
    expect(low).toBeLessThan(apart)
    expect(high).toBeGreaterThan(apart)
  })
  test('turned round is turned round', () => {
    const there = compare(candidate, reference, 1, QUICK)
    const back = compare(reference, candidate, 1, QUICK)
    expect(back.value).toBeCloseTo(-(there.value ?? Number.NaN), 12)
    expect(bounds(back).low).toBeCloseTo(-bounds(there).high, 2)
  })
  test('is sharper than two measurements apart', () => {
    const width = (estimate: Estimate) => bounds(estimate).high - bounds(estimate).low
    const apart = width(measure(candidate, QUICK)) + width(measure(reference, QUICK))
    expect(width(compare(candidate, reference, 1, QUICK))).toBeLessThan(apart)
  })
  test('of few rows keeps its reason', () => {
    expect(compare({...candidate, rows: everyRow(1200, 100)}, reference, 1).reason).toMatch(/^too few/)
  })
  test('refuses another exam', () => {
    const shorter = drawnExam(100, 5).candidate
    expect(() => compare(candidate, shorter, 1)).toThrow('reference: expected predictions for the 1200 rows of the exam, got 100')
    const other = {...reference, labels: reference.labels.with(6, 1 - reference.labels[6])}
    expect(() => compare(candidate, other, 1)).toThrow('reference: row 7 of the exam: expected the label')
  })
})

test('accuracy uses the rows that only one got right', () => {
  const right = (scored: Scored, row: number) => scored.predictions[row] === scored.labels[row]
  const rows = Array.from(candidate.labels.keys())
  const onlyFirst = rows.filter(row => right(candidate, row) && !right(reference, row)).length
  const onlySecond = rows.filter(row => !right(candidate, row) && right(reference, row)).length
  expect(bounds(QUALITY.accuracy.compare(candidate, reference, 1))).toEqual(bonettPrice({onlyFirst, onlySecond, n: 1200}, 0.05))
  expect(onlyFirst + onlySecond).toBeGreaterThan(30)
})

test('models that agree on few rows are not taken for equal', () => {
  const {labels} = drawnExam(40, 3).candidate
  const scores = Float64Array.from(labels, (label, i) => (i % 5 === 0 ? 1 - label : label) * 0.6 + 0.2)
  const first = scoredOf(labels, scores)
  const second = scoredOf(
    labels,
    scores.map(score => score + 0.01)
  )
  expect(second.predictions).toEqual(first.predictions)
  for (const name of ['accuracy', 'precision', 'recall', 'f1', 'balanced_accuracy'] as const) {
    const {low, high} = bounds(QUALITY[name].compare(first, second, 1))
    expect(low).toBeLessThan(-0.01)
    expect(high).toBeGreaterThan(0.01)
  }
})

test('two perfect orders of few rows are not taken for equal', () => {
  const labels = Uint8Array.from({length: 60}, (_, i) => (i < 20 ? 1 : 0))
  const perfect = (step: number) =>
    scoredOf(
      labels,
      Float64Array.from(labels, (label, i) => label + i * step)
    )
  for (const name of ['roc_auc', 'average_precision'] as const) {
    const estimate = QUALITY[name].compare(perfect(0.001), perfect(0.002), 1)
    expect(estimate.value).toBeCloseTo(0, 12)
    expect(bounds(estimate).low).toBeCloseTo(0.05 ** (1 / 20) - 1, 12)
    expect(bounds(estimate).high).toBeCloseTo(1 - 0.05 ** (1 / 20), 12)
  }
})

test('losses that are alike on every row are not certain', () => {
  const labels = Uint8Array.from({length: 60}, (_, i) => i % 2)
  const right = scoredOf(labels, Float64Array.from(labels))
  const rows = Uint32Array.from({length: 50}, (_, i) => i)
  const other = {...right, scores: right.scores?.with(59, 0.6)}
  const unseen = (n: number) => 1 - 0.05 ** (1 / n)
  expect(bounds(QUALITY.brier.measure(right))).toEqual({low: 0, high: unseen(60)})
  expect(bounds(QUALITY.log_loss.measure(right)).high).toBeGreaterThan(1)
  expect(bounds(QUALITY.brier.compare({...right, rows}, other, 1))).toEqual({low: -unseen(50), high: unseen(50)})
})

test('scores in the same order differ by nothing in what looks at the order only', () => {
  const other = {...candidate, scores: candidate.scores?.map(score => score / 2)}
  for (const name of ['roc_auc', 'average_precision'] as const) {
    expect(bounds(QUALITY[name].compare(candidate, other, 1))).toEqual({low: 0, high: 0})
  }
})

test('a perfect order of few rows is not proven to be no worse than one with a mistake', () => {
  const labels = Uint8Array.from({length: 60}, (_, i) => (i < 20 ? 1 : 0))
  const perfect = Float64Array.from(labels, (label, i) => label + i / 1000)
  for (const name of ['roc_auc', 'average_precision'] as const) {
    const estimate = QUALITY[name].compare(scoredOf(labels, perfect), scoredOf(labels, perfect.with(40, 1.0005)), 1)
    expect(estimate.value).toBeGreaterThan(0)
    expect(bounds(estimate).low).toBeLessThan(-0.05)
  }
})

test('a reference without predicted positives leaves precision undefined', () => {
  const none = scoredOf(candidate.labels, new Float64Array(1200).fill(0.1))
  expect(QUALITY.precision.compare(candidate, none, 1)).toEqual({value: null, n: 0, rows: 1200, reason: 'no predicted positives'})
})

test('resamples without a value are counted, not dropped', () => {
  const labels = Uint8Array.from({length: 200}, (_, i) => (i < 100 ? 1 : 0))
  const scarce = scoredOf(
    labels,
    Float64Array.from(labels, (_, i) => (i < 2 ? 0.9 : 0.1))
  )
  const {reason, value} = QUALITY.precision.compare(scarce, candidateOf(labels), 1)
  expect(value).toBeTypeOf('number')
  expect(reason).toBe('too few predicted positives: 2, at least 30 are needed')
})

function candidateOf(labels: Uint8Array): Scored {
  return scoredOf(
    labels,
    Float64Array.from(labels, (label, i) => (i % 7 === 0 ? 0.9 - 0.8 * label : 0.1 + 0.8 * label))
  )
}

test('another seed moves resampled bounds a little, the same seed not at all', () => {
  const at = (seed: number) => bounds(QUALITY.f1.compare(candidate, reference, 1, {seed}))
  expect(at(1)).toEqual(at(1))
  expect(at(1)).not.toEqual(at(2))
  expect(at(1).low).toBeCloseTo(at(2).low, 2)
})

describe('one-sided 95% bounds hold the truth', () => {
  const RUNS = 100
  const TOLERANCE = 3 * Math.sqrt((0.05 * 0.95) / RUNS)
  const truth = drawnExam(100_000, 99)
  test.each(['average_precision', 'f1', 'balanced_accuracy', 'precision'] as const)('of %s of two models', name => {
    const {compare} = QUALITY[name]
    const expected = compare(truth.candidate, truth.reference, 1, {replicates: 2}).value ?? Number.NaN
    const runs = Array.from({length: RUNS}, (_, seed) => {
      const drawn = drawnExam(400, seed + 1)
      return bounds(compare(drawn.candidate, drawn.reference, 1, {replicates: 300}))
    })
    expect(runs.filter(({low}) => low > expected).length / RUNS).toBeLessThan(0.05 + TOLERANCE)
    expect(runs.filter(({high}) => high < expected).length / RUNS).toBeLessThan(0.05 + TOLERANCE)
  })
})

test.each(['average_precision', 'ece'] as const)('%s of many rows, by cells or linearised, agrees with rows one by one', name => {
  const {compare, measure} = QUALITY[name]
  const many = drawnExam(20_000, 3)
  const some = drawnExam(5000, 3)
  const ratio = (large: Estimate, small: Estimate) => (bounds(small).high - bounds(small).low) / (bounds(large).high - bounds(large).low)
  const sampling = {replicates: 600}
  const paired = ratio(compare(many.candidate, many.reference, 1, sampling), compare(some.candidate, some.reference, 1, sampling))
  expect(paired).toBeCloseTo(2, 0)
  expect(ratio(measure(many.candidate, sampling), measure(some.candidate, sampling))).toBeCloseTo(2, 0)
})

import {describe, expect, test} from 'vitest'
import {QUALITY, type QualityName} from '#shared/metrics/quality'
import type {Scored} from '#shared/metrics/scored'
import {drawnExam, everyRow, REFERENCE_EXAMS, scoredOf} from '../../support/exams.js'

const NAMES = Object.keys(QUALITY).filter((name): name is QualityName => name in QUALITY)
const {candidate, reference} = drawnExam(1200, 5, 2)

function boundsAt(name: QualityName, scored: Scored, alpha = 0.05) {
  const {bounds} = QUALITY[name].measure(scored)
  if (!bounds) throw new Error(`${name} has no bounds`)
  return bounds(alpha)
}

describe.each(REFERENCE_EXAMS)('on the exam "$name"', ({scored, values}) => {
  test.each(NAMES)('%s equals scikit-learn', name => {
    const {value} = QUALITY[name].measure(scored)
    expect(value).toBeCloseTo(values[name], 10)
  })
})

describe.each(NAMES)('%s', name => {
  test('of a slice is that of the slice alone', () => {
    const rows = everyRow(1200, 3)
    const alone = scoredOf(
      Uint8Array.from(rows, row => candidate.labels[row]),
      Float64Array.from(rows, row => candidate.scores?.[row] ?? Number.NaN)
    )
    const slice = QUALITY[name].measure({...candidate, rows})
    const same = QUALITY[name].measure(alone)
    expect(slice.value).toBe(same.value)
    expect(slice.bounds?.(0.05)).toEqual(same.bounds?.(0.05))
  })
  test('has bounds around it, wider for a smaller alpha, and repeatable', () => {
    const {value} = QUALITY[name].measure(reference)
    if (value === null) expect.unreachable()
    const [wide, narrow] = [boundsAt(name, reference, 0.01), boundsAt(name, reference, 0.1)]
    expect(wide.low).toBeLessThan(narrow.low)
    expect(narrow.low).toBeLessThan(value)
    expect(value).toBeLessThan(narrow.high)
    expect(narrow.high).toBeLessThan(wide.high)
    expect(boundsAt(name, reference, 0.1)).toEqual(narrow)
  })
  test('without a row has no value', () => {
    const estimate = QUALITY[name].measure({...candidate, rows: new Uint32Array(0)})
    expect(estimate).toEqual({value: null, n: 0, rows: 0, reason: 'no rows'})
  })
  test('of few rows has a value and a reason', () => {
    const few = QUALITY[name].measure({...candidate, rows: everyRow(1200, 100)})
    expect(few.value).toBeTypeOf('number')
    expect(few.reason).toMatch(/^too few [a-z ]+: \d+, at least \d+ are needed$/)
  })
  test('of enough rows has no reason', () => {
    expect(QUALITY[name].measure(candidate).reason).toBeUndefined()
  })
})

describe('a denominator of 0', () => {
  const labels = Uint8Array.from({length: 60}, (_, i) => i % 2)
  const none = scoredOf(labels, new Float64Array(60).fill(0.2))
  const negatives = {...none, labels: new Uint8Array(60)}
  test.each([
    ['precision', none, 'no predicted positives'],
    ['recall', negatives, 'no positives'],
    ['f1', negatives, 'no positives or predicted positives'],
    ['roc_auc', negatives, 'no positives'],
    ['average_precision', negatives, 'no positives'],
    ['balanced_accuracy', negatives, 'no positives'],
    ['roc_auc', {...none, labels: new Uint8Array(60).fill(1)}, 'no negatives']
  ] as const)('%s is not defined, and says why', (name, scored, reason) => {
    const estimate = QUALITY[name].measure(scored)
    expect(estimate.value).toBeNull()
    expect(estimate.reason).toBe(reason)
    expect(estimate.rows).toBe(60)
    expect(estimate.bounds).toBeUndefined()
  })
})

describe('too few', () => {
  test.each([
    ['recall', 29, 200, 'too few positives: 29, at least 30 are needed'],
    ['recall', 30, 200, undefined],
    ['roc_auc', 9, 200, 'too few positives: 9, at least 10 are needed'],
    ['roc_auc', 200, 9, 'too few negatives: 9, at least 10 are needed'],
    ['roc_auc', 10, 10, 'too few rows: 20, at least 30 are needed'],
    ['average_precision', 10, 20, undefined],
    ['ece', 500, 499, 'too few rows: 999, at least 1000 are needed'],
    ['ece', 500, 500, undefined]
  ] as const)('%s of %d positives and %d negatives', (name, positives, negatives, reason) => {
    const labels = new Uint8Array(positives + negatives).fill(1, 0, positives)
    const scores = Float64Array.from(labels, (label, i) => 0.3 * label + ((i * 37) % 101) / 200)
    expect(QUALITY[name].measure(scoredOf(labels, scores)).reason).toBe(reason)
  })
})

describe('scores that cannot be used', () => {
  const scores = candidate.scores ?? new Float64Array(0)
  test.each(['log_loss', 'brier', 'ece'] as const)('%s names the row of what is no probability', name => {
    const scored = {...candidate, scores: scores.with(41, 1.5)}
    expect(() => QUALITY[name].measure(scored)).toThrow(`${name}: row 42 of the exam: expected a probability in [0, 1], got 1.5`)
    expect(() => QUALITY[name].measure({...scored, rows: Uint32Array.of(3, 41)})).toThrow('row 42 of the exam')
  })
  test.each([Number.NaN, Infinity])('an order of scores refuses %d', score => {
    const scored = {...candidate, scores: scores.with(0, score)}
    for (const name of ['roc_auc', 'average_precision'] as const) {
      expect(() => QUALITY[name].measure(scored)).toThrow(`${name}: row 1 of the exam: expected a finite score, got ${score}`)
    }
  })
  test('an order of scores takes any finite score', () => {
    const logits = scores.map(score => 100 * (score - 0.7))
    expect(QUALITY.roc_auc.measure({...candidate, scores: logits}).value).toBe(QUALITY.roc_auc.measure(candidate).value)
  })
  test('classes only: what needs scores says so, the rest is measured', () => {
    const classes = {labels: candidate.labels, predictions: candidate.predictions}
    for (const name of NAMES) {
      if (QUALITY[name].needs === 'scores') {
        expect(() => QUALITY[name].measure(classes)).toThrow(
          `${name === 'log_loss' ? 'log_loss' : name}: expected a score for each row, got predicted classes only`
        )
      } else expect(QUALITY[name].measure(classes).value).toBe(QUALITY[name].measure(candidate).value)
    }
  })
})

test('a perfect order is not certain, and neither is its reverse', () => {
  const labels = Uint8Array.from({length: 60}, (_, i) => (i < 20 ? 1 : 0))
  const right = scoredOf(
    labels,
    Float64Array.from(labels, (label, i) => label + i / 1000)
  )
  const wrong = scoredOf(
    labels,
    Float64Array.from(labels, (label, i) => -label + i / 1000)
  )
  const least = 0.05 ** (1 / 20)
  expect(QUALITY.roc_auc.measure(right).value).toBe(1)
  expect(boundsAt('roc_auc', right)).toEqual({low: least, high: 1})
  expect(boundsAt('average_precision', right)).toEqual({low: least, high: 1})
  expect(QUALITY.roc_auc.measure(wrong).value).toBe(0)
  expect(boundsAt('roc_auc', wrong)).toEqual({low: 0, high: 1 - least})
})

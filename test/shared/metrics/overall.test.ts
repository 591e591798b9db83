import {describe, expect, test} from 'vitest'
import {QUALITY, type QualityName} from '#shared/metrics/quality'
import type {Scored} from '#shared/metrics/scored'
import {newcombe} from '#shared/stats/proportions'
import {random} from '#shared/stats/random'
import {drawnExam, everyRow, scoredOf} from '../../support/exams.js'

const NAMES = Object.keys(QUALITY).filter((name): name is QualityName => name in QUALITY)
const {candidate} = drawnExam(1500, 8)
const slice = everyRow(1500, 3)
const all = everyRow(1500, 1)

describe.each(NAMES)('%s', name => {
  const {measure, compareWithOverall} = QUALITY[name]
  const value = (rows: Uint32Array) => measure({...candidate, rows}).value ?? Number.NaN

  test.each([1, 0.8, 1.5])('is slice minus %d times overall', factor => {
    const estimate = compareWithOverall(candidate, slice, factor, {replicates: 300})
    const expected = value(slice) - factor * value(all)
    expect(estimate.value).toBeCloseTo(expected, 12)
    const {low, high} = estimate.bounds?.(0.05) ?? {low: Number.NaN, high: Number.NaN}
    expect(low).toBeLessThan(expected)
    expect(high).toBeGreaterThan(expected)
  })
  test('of all rows is exactly nothing', () => {
    const estimate = compareWithOverall(candidate, all, 1)
    expect(estimate.value).toBeCloseTo(0, 14)
    const {low, high} = estimate.bounds?.(0.05) ?? {low: Number.NaN, high: Number.NaN}
    expect(low).toBeCloseTo(0, 12)
    expect(high).toBeCloseTo(0, 12)
  })
  test('of a small slice has a reason, of none no value', () => {
    expect(compareWithOverall(candidate, everyRow(1500, 200), 1).reason).toMatch(/^too few/)
    const none = compareWithOverall(candidate, new Uint32Array(0), 1)
    expect([none.value, none.n, none.rows, none.reason]).toEqual([null, 0, 0, 'no rows'])
  })
  test('overall may itself be a part of the exam', () => {
    const rows = everyRow(1500, 2)
    const inner = rows.filter(row => row % 6 === 0)
    expect(compareWithOverall({...candidate, rows}, inner, 1).value).toBeCloseTo(value(inner) - value(rows), 12)
  })
})

test('accuracy: Newcombe of slice minus rest, times the share of the rest', () => {
  const hits = (rows: readonly number[]) => rows.filter(row => candidate.labels[row] === candidate.predictions[row]).length
  const inside = Array.from(slice)
  const rest = Array.from(all).filter(row => row % 3 !== 0)
  const {low, high} = newcombe({successes: hits(inside), n: inside.length}, {successes: hits(rest), n: rest.length}, 0.05)
  const bounds = QUALITY.accuracy.compareWithOverall(candidate, slice, 1).bounds?.(0.05)
  expect(bounds?.low).toBeCloseTo((low * 2) / 3, 12)
  expect(bounds?.high).toBeCloseTo((high * 2) / 3, 12)
})

/** Standard deviation of slice minus overall over resamples of slice and rest apart. */
function spreadByResampling(name: QualityName, scored: Scored, inside: Uint32Array): number {
  const next = random(4)
  const rest = Uint32Array.from(scored.labels.keys()).filter(row => row % 3 !== 0)
  const draw = (rows: Uint32Array) => rows.map(() => rows[Math.floor(next() * rows.length)])
  const values = Array.from({length: 300}, () => {
    const first = draw(inside)
    const both = Uint32Array.from([...first, ...draw(rest)])
    const at = (rows: Uint32Array) => QUALITY[name].measure({...scored, rows}, {replicates: 1}).value ?? Number.NaN
    return at(first) - at(both)
  })
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}

test.each(['roc_auc', 'average_precision', 'accuracy', 'f1', 'balanced_accuracy', 'precision', 'log_loss', 'brier'] as const)(
  '%s: the width is that of resampling slice and rest',
  name => {
    const bounds = QUALITY[name].compareWithOverall(candidate, slice, 1).bounds?.(0.05)
    const se = ((bounds?.high ?? Number.NaN) - (bounds?.low ?? Number.NaN)) / (2 * 1.645)
    expect(se / spreadByResampling(name, candidate, slice)).toBeGreaterThan(0.88)
    expect(se / spreadByResampling(name, candidate, slice)).toBeLessThan(1.13)
  }
)

test.each(['roc_auc', 'average_precision'] as const)('%s of a slice without a mistake is not certain to be that of all rows', name => {
  const labels = Uint8Array.from({length: 400}, (_, i) => i % 2)
  const perfect = scoredOf(
    labels,
    Float64Array.from(labels, (label, i) => 0.6 * label + (i % 50) / 200)
  )
  const rows = everyRow(400, 1).filter(row => row < 40)
  const least = 0.05 ** (1 / 20)
  const estimate = QUALITY[name].compareWithOverall(perfect, rows, 1)
  expect(estimate.value).toBe(0)
  expect(estimate.bounds?.(0.05).low).toBeCloseTo(least - 1, 12)
  expect(estimate.bounds?.(0.05).high).toBeCloseTo(1 - 0.05 ** (1 / 200), 12)
  const flawed = scoredOf(labels, (perfect.scores ?? new Float64Array()).with(101, 0.01).with(203, 0.02))
  expect(QUALITY[name].compareWithOverall(flawed, rows, 1).bounds?.(0.05).low).toBeLessThan(least - 1 + 0.02)
})

test('one of hundreds of watched slices can be proven worse', () => {
  const labels = Uint8Array.from({length: 2000}, (_, i) => i % 2)
  const scored = scoredOf(
    labels,
    Float64Array.from(labels, (label, i) => (i < 300 && i % 5 !== 0 ? 0.9 - 0.8 * label : 0.1 + 0.8 * label))
  )
  const slice = everyRow(300, 1)
  for (const name of ['f1', 'average_precision'] as const) {
    expect(QUALITY[name].compareWithOverall(scored, slice, 1).bounds?.(0.05 / 500).high).toBeLessThan(0)
  }
})

import {describe, expect, test} from 'vitest'
import {equalMassBins} from '#shared/metrics/calibration'
import {QUALITY} from '#shared/metrics/quality'
import {drawnExam, scoredOf} from '../../support/exams.js'

describe('equal-mass bins', () => {
  test('hold as many rows each', () => {
    const scores = Float64Array.from({length: 300}, (_, i) => ((i * 37) % 300) / 300)
    const counts = new Array(15).fill(0)
    for (const bin of equalMassBins({labels: new Uint8Array(scores.length), scores})) counts[bin]++
    expect(counts).toEqual(new Array(15).fill(20))
  })
  test('equal scores share one', () => {
    expect(
      Array.from(equalMassBins({labels: Uint8Array.of(1, 0, 0, 1, 1, 0), scores: Float64Array.of(0.2, 0.9, 0.2, 0.2, 0.9, 0.5)}, 3))
    ).toEqual([0, 2, 0, 0, 2, 1])
  })
  test('the published example has an error of 0.22 in five of them', () => {
    const labels = [0, 0, 1, 0, 1, 1, 0, 1, 1, 1]
    const scores = Float64Array.of(0.05, 0.15, 0.2, 0.35, 0.4, 0.55, 0.6, 0.7, 0.85, 0.95)
    const gaps = new Array(5).fill(0)
    equalMassBins({labels: Uint8Array.from(labels), scores}, 5).forEach((bin, row) => {
      gaps[bin] += scores[row] - labels[row]
    })
    expect(gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / 10).toBeCloseTo(0.22, 12)
  })
})

test('losses equal the published example', () => {
  const labels = Uint8Array.of(0, 0, 1, 0, 1, 1, 0, 1, 1, 1)
  const scored = scoredOf(labels, Float64Array.of(0.05, 0.15, 0.2, 0.35, 0.4, 0.55, 0.6, 0.7, 0.85, 0.95))
  expect(QUALITY.brier.measure(scored).value).toBeCloseTo(0.1825, 12)
  expect(QUALITY.log_loss.measure(scored).value).toBeCloseTo(0.525493868474, 12)
})

/** How often one-sided 95% bounds of ece miss the truth, which a large draw tells. */
function misses(noise: number, which: 'candidate' | 'reference' | 'both'): {low: number; high: number} {
  const sampling = {replicates: 150}
  const estimate = (n: number, seed: number) => {
    const exam = drawnExam(n, seed, noise)
    return which === 'both' ? QUALITY.ece.compare(exam.candidate, exam.reference, 1, sampling) : QUALITY.ece.measure(exam[which], sampling)
  }
  const truth = estimate(200_000, 999).value ?? Number.NaN
  const runs = Array.from({length: 60}, (_, seed) => estimate(1200, seed + 1).bounds?.(0.05) ?? {low: Number.NaN, high: Number.NaN})
  return {low: runs.filter(({low}) => !(low <= truth)).length / 60, high: runs.filter(({high}) => !(high >= truth)).length / 60}
}

test.each([
  ['a calibrated model', 0.4, 'candidate'],
  ['a miscalibrated model', 1.5, 'reference'],
  ['a calibrated model against a miscalibrated one', 0.8, 'both']
] as const)('bounds of the error of %s hold the truth', (_, noise, which) => {
  const {low, high} = misses(noise, which)
  expect(low).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt(0.0475 / 60))
  expect(high).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt(0.0475 / 60))
})

test('an error of nothing on every row is not certain', () => {
  const labels = Uint8Array.from({length: 1000}, (_, i) => i % 2)
  const {value, bounds} = QUALITY.ece.measure(scoredOf(labels, Float64Array.from(labels)))
  expect(value).toBe(0)
  expect(bounds?.(0.05)).toEqual({low: 0, high: expect.closeTo(1 - 0.05 ** (1 / 1000), 12) as number})
})

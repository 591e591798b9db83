import {describe, expect, test} from 'vitest'
import {calibrationCurve, rocCurve} from '#shared/metrics/curves'
import {delong} from '#shared/stats/auc'
import {drawnExam, scoredOf} from '../../support/exams.js'

describe('the ROC curve', () => {
  test('has a point for each score of a small exam', () => {
    const scored = scoredOf(Uint8Array.of(0, 0, 1, 1), Float64Array.of(0.1, 0.4, 0.35, 0.8))
    expect(rocCurve('candidate', scored)).toEqual({name: 'candidate', x: [0, 0, 0.5, 0.5, 1], y: [0, 0.5, 0.5, 1, 1], n: [4]})
  })
  test('takes equal scores as one step', () => {
    const scored = scoredOf(Uint8Array.of(0, 1, 0, 1), Float64Array.of(0.5, 0.5, 0.5, 0.5))
    expect(rocCurve('tied', scored)).toMatchObject({x: [0, 1], y: [0, 1]})
  })
  test('of many rows is thinned, and keeps its area', () => {
    const {candidate} = drawnExam(50_000, 2)
    const {x, y} = rocCurve('candidate', candidate)
    expect(x.length).toBeLessThanOrEqual(202)
    expect([x[0], y[0], x.at(-1), y.at(-1)]).toEqual([0, 0, 1, 1])
    const area = x.slice(1).reduce<number>((sum, at, i) => sum + ((Number(at) - Number(x[i])) * (Number(y[i]) + Number(y[i + 1]))) / 2, 0)
    expect(area).toBeCloseTo(delong(candidate.labels, candidate.scores ?? []).auc, 3)
  })
  test('of one class is empty', () => {
    expect(rocCurve('none', scoredOf(new Uint8Array(5), new Float64Array(5)))).toEqual({name: 'none', x: [], y: []})
  })
})

describe('the calibration curve', () => {
  test('has 15 bins of equal mass with their bounds', () => {
    const {candidate} = drawnExam(3000, 2)
    const {x, y, low, high, n} = calibrationCurve('candidate', candidate)
    expect(n).toEqual(Array.from({length: 15}, () => 200))
    expect(x).toEqual([...x].sort((a, b) => Number(a) - Number(b)))
    y.forEach((share, bin) => {
      expect(low?.[bin]).toBeLessThanOrEqual(share ?? Number.NaN)
      expect(high?.[bin]).toBeGreaterThanOrEqual(share ?? Number.NaN)
    })
  })
  test('leaves out bins that equal scores leave empty', () => {
    const labels = Uint8Array.from({length: 30}, (_, i) => i % 2)
    const scored = scoredOf(
      labels,
      Float64Array.from(labels, (_, i) => (i < 10 ? 0.25 : 0.75))
    )
    expect(calibrationCurve('two', scored)).toMatchObject({x: [0.25, 0.75], y: [0.5, 0.5], n: [10, 20]})
  })
})

import {describe, expect, test} from 'vitest'
import {QUALITY, type QualityName} from '../../shared/metrics/quality.js'
import {drawnExam} from '../support/exams.js'
import {leftOut, python} from './found.js'
import {ask} from './oracle.js'

const NAMES = Object.keys(QUALITY).filter((name): name is QualityName => name in QUALITY)

describe.skipIf(python === undefined)(`scikit-learn${leftOut({python})}`, {timeout: 120_000}, () => {
  test.each([
    ['as drawn', 3000, (score: number) => score],
    ['with ties', 20_000, (score: number) => Math.round(score * 50) / 50],
    ['in single precision', 6000, Math.fround]
  ])('agrees on an exam %s', (_, n, shape) => {
    const {candidate} = drawnExam(n, n)
    const scored = {...candidate, scores: candidate.scores?.map(shape)}
    const rows = {labels: Array.from(scored.labels), scores: Array.from(scored.scores ?? []), predictions: Array.from(scored.predictions)}
    const {values} = ask<{values: Record<string, number>}>('metrics-oracle.py', rows)
    const ours = Object.fromEntries(NAMES.map(name => [name, QUALITY[name].measure(scored, {replicates: 1}).value]))
    expect(ours).toEqual(Object.fromEntries(NAMES.map(name => [name, expect.closeTo(values[name], 9)])))
  })
})

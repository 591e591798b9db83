import {spawnSync} from 'node:child_process'
import {fileURLToPath} from 'node:url'
import {describe, expect, test} from 'vitest'
import {QUALITY, type QualityName} from '../../shared/metrics/quality.js'
import {drawnExam} from '../support/exams.js'

/** Path of a Python that has scikit-learn. */
const python = process.env.TRAINYARD_PEERS ?? ''
const ORACLE = fileURLToPath(new URL('metrics-oracle.py', import.meta.url))
const NAMES = Object.keys(QUALITY).filter((name): name is QualityName => name in QUALITY)

function askOracle(exam: unknown): Record<string, number> {
  const {stdout, stderr, status} = spawnSync(python, [ORACLE], {input: JSON.stringify(exam), encoding: 'utf8', maxBuffer: 2 ** 26})
  if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout).values
}

const unless = python === '' ? ' (left out: TRAINYARD_PEERS names no Python with scikit-learn)' : ''

describe(`scikit-learn${unless}`, {timeout: 120_000}, () => {
  test.skipIf(python === '').each([
    ['as drawn', 3000, (score: number) => score],
    ['with ties', 20_000, (score: number) => Math.round(score * 50) / 50],
    ['in single precision', 6000, Math.fround]
  ])('agrees on an exam %s', (_, n, shape) => {
    const {candidate} = drawnExam(n, n)
    const scored = {...candidate, scores: candidate.scores?.map(shape)}
    const rows = {labels: Array.from(scored.labels), scores: Array.from(scored.scores ?? []), predictions: Array.from(scored.predictions)}
    const values = askOracle(rows)
    const ours = Object.fromEntries(NAMES.map(name => [name, QUALITY[name].measure(scored, {replicates: 1}).value]))
    expect(ours).toEqual(Object.fromEntries(NAMES.map(name => [name, expect.closeTo(values[name], 9)])))
  })
})

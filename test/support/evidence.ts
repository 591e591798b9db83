import {readFileSync} from 'node:fs'
import {type Check, type Evidence, type Findings, toEvidence} from '#shared/evidence/evidence'
import {parseEvidence} from '#shared/evidence/schema'

export const PIPELINE = ['validate-data', 'train', 'evaluate', 'check-fairness', 'check-robustness', 'publish', 'deploy-canary'] as const

/** Evidence of the wages pipeline as the actions write it, read through the schema. */
export function sampleEvidence(names: readonly (typeof PIPELINE)[number][] = PIPELINE): readonly Evidence[] {
  return names.map(name => {
    const file = new URL(`../fixtures/evidence/${name}.json`, import.meta.url)
    return parseEvidence(JSON.parse(readFileSync(file, 'utf8')), name)
  })
}

export const RUN: Omit<Evidence['run'], 'seed'> = {
  repository: 'octo/wages',
  sha: 'a'.repeat(40),
  ref: 'refs/pull/7/merge',
  event: 'pull_request',
  workflow: 'continuous training',
  job: 'report',
  runId: '19384756210',
  attempt: 1,
  url: 'https://github.com/octo/wages/actions/runs/19384756210',
  actor: 'octo',
  startedAt: '2026-11-02T10:00:00Z',
  finishedAt: '2026-11-02T10:00:05Z'
}

export const MODEL = {kind: 'model', name: 'model.onnx', digest: {sha256: 'ab'.repeat(32)}} as const

/** Evidence of one action about `MODEL` that ran in a job of its own name. */
export function evidenceOf(name: string, checks: readonly Check[], more: Partial<Findings> = {}): Evidence {
  return toEvidence({name, version: '1.0.0'}, {subjects: [MODEL], checks, ...more}, {...RUN, job: name})
}

export const PASSED: Check = {
  id: 'roc_auc >= 0.7',
  verdict: 'pass',
  message: 'roc_auc 0.75 is at least 0.7',
  measured: 0.75,
  operator: '>=',
  bound: 0.7
}
export const FAILED: Check = {...PASSED, verdict: 'fail', message: 'roc_auc 0.6 is below 0.7', measured: 0.6}

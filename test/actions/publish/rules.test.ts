import {describe, expect, test} from 'vitest'
import type {Evidence, Findings, Material, Subject} from '#shared/evidence/evidence'
import {ENFORCED, toEvidence} from '#shared/evidence/evidence'
import type {Case, EvidenceRecord} from '../../../actions/publish/src/case.js'
import {judgeEvidence} from '../../../actions/publish/src/rules.js'
import {FAILED, PASSED, RUN} from '../../support/evidence.js'

const hex = (letter: string): string => letter.repeat(64)
const MODEL: Subject = {kind: 'model', name: 'model.onnx', digest: {sha256: hex('a')}}
const OTHER: Subject = {kind: 'model', name: 'model.onnx', digest: {sha256: hex('b')}}
const DATA = {kind: 'data', name: 'data/train.csv', digest: {sha256: hex('d')}} as const satisfies Material

interface Shape extends Partial<Findings> {
  readonly job?: string
  readonly attempt?: number
  /** null: at the root */
  readonly folder?: string | null
}

function record(name: string, {job = 'judge', attempt = 1, folder, ...findings}: Shape = {}): EvidenceRecord {
  const run: Omit<Evidence['run'], 'seed'> = {...RUN, job, attempt}
  const evidence = toEvidence({name, version: '1.0.0'}, {subjects: [MODEL], checks: [PASSED], ...findings}, run)
  return {
    evidence,
    file: `/t/${folder ?? `trainyard-${job}`}/${name}-0123456789ab.json`,
    folder: folder === undefined ? `trainyard-${job}` : folder
  }
}

const trained = (more: Shape = {}) => record('train', {job: 'train', materials: [DATA], ...more})
const validated = (more: Shape = {}) => record('validate-data', {job: 'data', subjects: [DATA], ...more})
const evaluated = (more: Shape = {}) => record('evaluate', more)

function given(records: readonly EvidenceRecord[], more: Partial<Case> = {}): Case {
  return {digest: hex('a'), require: ['evaluate'], isolation: 'job', records, refused: [], root: '/t', onRunner: true, ...more}
}

/** The one check about an action. */
function judged(action: string, records: readonly EvidenceRecord[], more: Partial<Case> = {}) {
  const {checks, relied} = judgeEvidence(given(records, more))
  const check = checks.find(({id}) => id === `evidence(${action})`)
  return {verdict: check?.verdict, message: check?.message ?? '', relied: relied.map(({evidence}) => evidence.action.name)}
}

describe('evidence that counts', () => {
  test('green, enforced, of a job of its own, about the model at hand', () => {
    expect(judged('evaluate', [trained(), evaluated()])).toEqual({
      verdict: 'pass',
      message: 'evaluate: green for this model in job judge (1 check)',
      relied: ['train', 'evaluate']
    })
  })

  test('of validate-data through train, when every data file is one of its subjects', () => {
    const second = {...DATA, name: 'data/more.csv', digest: {sha256: hex('e')}}
    const training = trained({materials: [DATA, second, {kind: 'code', name: 'train.mjs', digest: {sha256: hex('f')}}]})
    expect(judged('validate-data', [training, validated({subjects: [DATA, second]})], {require: ['validate-data']})).toMatchObject({
      verdict: 'pass',
      relied: ['train', 'validate-data']
    })
  })

  test('at the root on a terminal, where there are no folders of jobs', () => {
    expect(judged('evaluate', [evaluated({folder: null, job: 'local'})], {onRunner: false}).verdict).toBe('pass')
  })

  test('from the training job with isolation: none', () => {
    expect(judged('evaluate', [trained({job: 'all'}), evaluated({job: 'all'})], {isolation: 'none'}).verdict).toBe('pass')
  })

  test('of train from its own job', () => {
    expect(judged('train', [trained()], {require: ['train']}).verdict).toBe('pass')
  })

  test('of check-fairness on the predictions that evaluate made from this very model', () => {
    const material: Material = {kind: 'predictions', name: 'predictions', digest: {sha256: hex('c')}}
    const scoring = evaluated({files: {predictions: 'predictions-cccccccccccc.parquet'}})
    const fairness = record('check-fairness', {materials: [material]})
    expect(judged('check-fairness', [scoring, fairness], {require: ['check-fairness']}).verdict).toBe('pass')
  })
})

describe('predictions that evaluate says it made', () => {
  const digest = `${hex('c').slice(0, 12)}${'0'.repeat(52)}`
  const fairness = (sha256: string) => record('check-fairness', {materials: [{kind: 'predictions', name: 'predictions', digest: {sha256}}]})
  const scoring = (facts: Findings['facts']) => evaluated({files: {predictions: 'predictions-cccccccccccc.parquet'}, facts})

  test.each([
    ['the whole digest', hex('c'), 'pass'],
    ['the same first 48 bits only', digest, 'error']
  ])('are bound by their whole digest: %s', (_, sha256, verdict) => {
    const records = [scoring([{name: 'predictions', value: hex('c')}]), fairness(sha256)]
    expect(judged('check-fairness', records, {require: ['check-fairness']}).verdict).toBe(verdict)
  })
})

describe('evidence that does not', () => {
  const predictions: Material = {kind: 'predictions', name: 'scores.csv', digest: {sha256: hex('c')}}
  const cases: [why: string, action: string, records: EvidenceRecord[], more: Partial<Case>, verdict: string, message: RegExp][] = [
    [
      'missing',
      'evaluate',
      [trained()],
      {},
      'error',
      /^evaluate: no evidence was found in \/t\. Run evaluate in a job that this one needs/
    ],
    [
      'refused when it was read',
      'evaluate',
      [],
      {refused: [{file: '/t/x/evaluate-0123456789ab.json', reason: 'is of run 1, not 2'}]},
      'error',
      /^evaluate: its evidence \/t\/x\/evaluate-0123456789ab\.json was refused: it is of run 1, not 2$/
    ],
    [
      'red',
      'evaluate',
      [evaluated({checks: [PASSED, {...FAILED, id: 'f1 >= 0.9'}]})],
      {},
      'fail',
      /^evaluate: red for this model in job judge: 1 of 2 checks \(f1 >= 0\.9\)\. Mend the model/
    ],
    [
      'red beside green of another job',
      'evaluate',
      [evaluated(), evaluated({job: 'again', checks: [FAILED]})],
      {},
      'fail',
      /red for this model in job again/
    ],
    [
      'red, though it would not count for other reasons',
      'evaluate',
      [evaluated(), evaluated({folder: null, checks: [FAILED]})],
      {},
      'fail',
      /red for this model/
    ],
    [
      'about another model',
      'evaluate',
      [evaluated({subjects: [OTHER]})],
      {},
      'error',
      new RegExp(`judged another model: its evidence is about sha256 ${hex('b')}, this model is ${hex('a')}`)
    ],
    [
      'only observed',
      'evaluate',
      [evaluated({policy: {...ENFORCED, mode: 'observe'}, checks: [FAILED]})],
      {},
      'error',
      /only observed \(mode: observe in job judge\)\. Set mode: enforce/
    ],
    [
      'at the root',
      'evaluate',
      [evaluated({folder: null})],
      {},
      'error',
      /lies at the root of \/t.*download-artifact.*path: …\/trainyard\/trainyard-judge/
    ],
    [
      'in a folder that lies beside evidence at the root',
      'evaluate',
      [trained({folder: null}), evaluated()],
      {},
      'error',
      /trainyard-judge\/evaluate-0123456789ab\.json lies in a folder beside evidence at the root of \/t, and could have come with that artifact/
    ],
    [
      'from the training job',
      'evaluate',
      [trained({job: 'all'}), evaluated({job: 'all'})],
      {},
      'error',
      /from job all, which ran the training code.*a job of its own, or set isolation: none/
    ],
    [
      'from the job that trained another model',
      'evaluate',
      [trained({job: 'all', subjects: [OTHER]}), evaluated({job: 'all'})],
      {},
      'error',
      /from job all, which ran the training code/
    ],
    [
      'from the artifact of a training job whose name begins like its own',
      'evaluate',
      [trained({job: 'judge-train'}), evaluated({folder: 'trainyard-judge-train'})],
      {},
      'error',
      /from the artifact of a job, which ran the training code/
    ],
    [
      'about a file of predictions',
      'evaluate',
      [evaluated({subjects: [{kind: 'data', name: 'scores.csv', digest: {sha256: hex('a')}}]})],
      {},
      'error',
      /^evaluate: judged scores\.csv, a file of predictions that nothing binds to a model/
    ],
    [
      'about the model, but from a file of predictions',
      'evaluate',
      [evaluated({materials: [predictions]})],
      {},
      'error',
      new RegExp(`file of predictions scores\\.csv \\(sha256 ${hex('c')}\\), which nothing binds`)
    ],
    [
      'about predictions that evaluate took from a file as well',
      'check-fairness',
      [
        evaluated({materials: [predictions], files: {predictions: 'predictions-cccccccccccc.parquet'}}),
        record('check-fairness', {materials: [predictions]})
      ],
      {require: ['check-fairness']},
      'error',
      /^check-fairness: judged the file of predictions/
    ],
    [
      'about the table that evaluate kept of predictions from a file',
      'check-fairness',
      [
        evaluated({materials: [predictions], files: {predictions: 'predictions-eeeeeeeeeeee.parquet'}}),
        record('check-fairness', {materials: [{kind: 'data', name: 'predictions-eeeeeeeeeeee.parquet', digest: {sha256: hex('e')}}]})
      ],
      {require: ['check-fairness']},
      'error',
      /^check-fairness: judged the file of predictions predictions-eeeeeeeeeeee\.parquet/
    ],
    [
      'about predictions that the training job says evaluate made',
      'check-fairness',
      [
        trained(),
        evaluated({job: 'train', files: {predictions: 'predictions-eeeeeeeeeeee.parquet'}}),
        record('check-fairness', {materials: [{kind: 'data', name: 'predictions-eeeeeeeeeeee.parquet', digest: {sha256: hex('e')}}]})
      ],
      {require: ['check-fairness']},
      'error',
      /^check-fairness: judged the file of predictions predictions-eeeeeeeeeeee\.parquet/
    ],
    [
      'judged by gates that were changed since',
      'evaluate',
      [evaluated({materials: [{kind: 'gates', name: 'trainyard.yml', digest: {sha256: hex('1')}}]})],
      {config: {name: 'trainyard.yml', sha256: hex('2')}},
      'error',
      new RegExp(`gates were changed after job judge judged by them: trainyard\\.yml had sha256 ${hex('1')} then and has ${hex('2')} now`)
    ],
    [
      'without a check',
      'evaluate',
      [{...evaluated(), evidence: {...evaluated().evidence, checks: []}}],
      {},
      'error',
      /its evidence holds an empty verdict/
    ],
    [
      'hidden by a later attempt that could not measure',
      'evaluate',
      [evaluated(), evaluated({attempt: 2, subjects: [], checks: [{id: 'evaluate', verdict: 'error', message: 'label: no such column'}]})],
      {},
      'error',
      /^evaluate: could not measure in job judge, attempt 2: label: no such column/
    ],
    [
      'without a training that ties data to the model',
      'validate-data',
      [validated()],
      {require: ['validate-data']},
      'error',
      /no evidence of train about sha256 a{64}/
    ],
    [
      'of a training without declared data',
      'validate-data',
      [trained({materials: []}), validated()],
      {require: ['validate-data']},
      'error',
      /train declared no data/
    ],
    [
      'about other bytes than were trained on',
      'validate-data',
      [trained(), validated({subjects: [{...DATA, digest: {sha256: hex('e')}}]})],
      {require: ['validate-data']},
      'error',
      new RegExp(`data/train\\.csv was sha256 ${hex('e')} when it was validated and ${hex('d')} when it was trained on`)
    ],
    [
      'about some of the data only',
      'validate-data',
      [trained({materials: [DATA, {...DATA, name: 'data/more.csv', digest: {sha256: hex('e')}}]}), validated()],
      {require: ['validate-data']},
      'error',
      /data\/more\.csv was not validated/
    ],
    [
      'red about some of the data, though green evidence covers all',
      'validate-data',
      [trained(), validated(), validated({job: 'again', subjects: [DATA, OTHER], checks: [FAILED]})],
      {require: ['validate-data']},
      'fail',
      /^validate-data: red for this model in job again/
    ],
    [
      'of a training that was red, though nobody requires it',
      'train',
      [trained({checks: [FAILED]}), evaluated()],
      {},
      'fail',
      /^train: red for this model in job train/
    ]
  ]

  test.each(cases)('%s', (_, action, records, more, verdict, message) => {
    const found = judged(action, records, more)
    expect(found.verdict).toBe(verdict)
    expect(found.message).toMatch(message)
    expect(found.relied).not.toContain(action)
  })

  test('predictions from a file count with isolation: none', () => {
    expect(judged('evaluate', [evaluated({materials: [predictions]})], {isolation: 'none'}).verdict).toBe('pass')
  })

  test('an attempt that could not measure does not spoil a later one that could', () => {
    const blind = evaluated({subjects: [], checks: [{id: 'evaluate', verdict: 'error', message: 'no exam'}]})
    expect(judged('evaluate', [blind, evaluated({attempt: 2})]).verdict).toBe('pass')
  })
})

test('each requirement has a check of its own', () => {
  const {checks} = judgeEvidence(given([trained(), evaluated()], {require: ['validate-data', 'evaluate', 'check-fairness', 'evaluate']}))
  expect(checks.map(({id, verdict}) => [id, verdict])).toEqual([
    ['evidence(train)', 'pass'],
    ['evidence(validate-data)', 'error'],
    ['evidence(evaluate)', 'pass'],
    ['evidence(check-fairness)', 'error']
  ])
})

test('a requirement that no action can meet is an error that names the nearest', () => {
  expect(() => judgeEvidence(given([], {require: ['evalute']}))).toThrow(
    expect.objectContaining({
      kind: 'usage',
      message: 'require: no evidence can come from evalute',
      hint: expect.stringContaining('Did you mean evaluate')
    })
  )
})

describe('a training that was not done anew', () => {
  const restored = (from: string) => trained({facts: [{name: 'restored from', value: from}]})

  test('from a cache, which other runs can write to, does not count; isolation: none lets it', () => {
    const records = [restored('cache of GitHub Actions'), evaluated()]
    expect(judged('train', records)).toMatchObject({verdict: 'error', relied: ['evaluate']})
    expect(judged('train', records).message).toContain(
      'train: its result was restored from the cache of GitHub Actions, which other runs can write to'
    )
    expect(judged('train', records, {isolation: 'none'})).toMatchObject({verdict: 'pass', relied: ['train', 'evaluate']})
  })

  test('from the registry, which published it before, counts', () => {
    expect(judged('train', [restored('registry: wages v3'), evaluated()])).toMatchObject({verdict: 'pass'})
  })
})

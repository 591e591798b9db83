import {describe, expect, test} from 'vitest'
import {overview} from '#shared/report/overview'
import {renderPage} from '#shared/report/page/page'
import {renderReport} from '#shared/report/report'
import {evidenceOf, FAILED, MODEL, PASSED, RUN, sampleEvidence} from '../../support/evidence.js'

const OTHER = {...MODEL, name: 'other.onnx', digest: {sha256: 'cd'.repeat(32)}}
const DATA = {kind: 'data', name: 'data/train.csv', digest: {sha256: 'ef'.repeat(32)}} as const

function decisionOf(evidence: Parameters<typeof overview>[0]['evidence'], require = ['evaluate']): string {
  return overview({title: 'wages', require, evidence}).decision
}

describe('what a reviewer must see first', () => {
  const caution = (id: string, message: string) => ({id, verdict: 'warn', message}) as const
  const loosened = caution('gate_loosened: roc_auc >= 0.7', 'roc_auc >= 0.7 of main is now roc_auc >= 0.6')

  test('is what is looser than on the base, of the judges and of the report itself, each once', () => {
    const blind = caution('base_not_compared', 'the gates of main could not be compared: there is no github-token')
    const dropped = caution('require_dropped: evaluate', 'require: evaluate of main is gone')
    const other = caution('brier <= 0.2', 'brier 0.3 is above 0.2')
    const evidence = [evidenceOf('evaluate', [PASSED, other, loosened, blind]), evidenceOf('check-fairness', [PASSED, blind])]
    const source = {title: 'wages', require: ['evaluate'], evidence, loosened: [dropped]}
    expect(overview(source)).toMatchObject({mark: 'pass', looser: [loosened.message, blind.message, dropped.message]})
    const text = renderReport({...source, run: RUN})
    expect(text.split('\n')[2]).toMatch(/^⚠️ \*\*Looser than the base:\*\* roc_auc >= 0\.7 of main is now roc_auc >= 0\.6; /)
    expect(renderPage({...source, run: RUN})).toContain('Looser than the base: roc_auc &gt;= 0.7 of main')
  })

  test('is that nothing may be believed of what strangers made', () => {
    const source = {title: 'wages', require: ['evaluate'], unverified: 'produced by fork code'}
    expect(overview({...source, evidence: [evidenceOf('evaluate', [PASSED])]})).toMatchObject({
      ready: false,
      mark: 'warn',
      decision: 'unverified: produced by fork code, which says that it is ready'
    })
    expect(overview({...source, evidence: [evidenceOf('evaluate', [FAILED])]})).toMatchObject({
      ready: false,
      mark: 'fail',
      decision: 'unverified: produced by fork code, which says that it is not ready: evaluate is red'
    })
  })
})

describe('decision', () => {
  test('ready when what is required is there, enforced and green', () => {
    expect(decisionOf([evidenceOf('evaluate', [PASSED])])).toBe('ready')
  })

  const deployed = (result: string | undefined, check = PASSED) =>
    evidenceOf('deploy-canary', [check], {
      subjects: [{...MODEL, name: 'wages v2'}],
      facts: result === undefined ? [] : [{name: 'result', value: result}]
    })

  test.each([
    ['promoted', deployed('promoted'), 'promoted: wages v2 takes all traffic (sha256 abababababab)'],
    [
      'already serving',
      deployed(undefined, {...PASSED, id: 'already_serving'}),
      'deployed already: wages v2 takes all traffic (sha256 abababababab)'
    ],
    ['rolled back before it began', deployed('rolled-back'), 'ready, but not deployed: the rollout is rolled-back'],
    ['red', deployed('rolled-back', FAILED), 'not ready: deploy-canary is red']
  ])('says of a rollout that is %s what is so', (_, deployment, expected) => {
    expect(decisionOf([evidenceOf('evaluate', [PASSED]), deployment])).toBe(expected)
  })

  test.each([
    ['nothing at all', [], 'not ready: there is no evidence; evaluate is missing'],
    ['another action only', [evidenceOf('train', [PASSED])], 'not ready: evaluate is missing'],
    ['a red one', [evidenceOf('evaluate', [FAILED])], 'not ready: evaluate is red'],
    ['one without a check', [evidenceOf('evaluate', [])], 'not ready: evaluate is red'],
    [
      'an observed one',
      [evidenceOf('evaluate', [FAILED], {policy: {mode: 'observe', onInconclusive: 'estimate'}})],
      'not ready: evaluate was only observed'
    ],
    [
      'one about another model',
      [evidenceOf('train', [PASSED]), evidenceOf('evaluate', [PASSED], {subjects: [OTHER]})],
      'not ready: evaluate is missing for model.onnx abababababab'
    ],
    [
      'one that ended before it knew its model',
      [evidenceOf('train', [PASSED]), evidenceOf('evaluate', [], {subjects: []})],
      'not ready: evaluate is red'
    ],
    [
      'a red action that is not required',
      [evidenceOf('evaluate', [PASSED]), evidenceOf('check-fairness', [FAILED])],
      'not ready: check-fairness is red'
    ]
  ])('%s', (_, evidence, decision) => {
    expect(decisionOf(evidence)).toBe(decision)
  })

  test('validate-data counts through the data that the model was trained on', () => {
    const train = evidenceOf('train', [PASSED], {materials: [DATA]})
    expect(decisionOf([train, evidenceOf('validate-data', [PASSED], {subjects: [DATA]})], ['validate-data'])).toBe('ready')
    const elsewhere = evidenceOf('validate-data', [PASSED], {subjects: [{...DATA, digest: OTHER.digest}]})
    const problem = 'not ready: validate-data is not about the data that model.onnx abababababab was trained on'
    expect(decisionOf([train, elsewhere], ['validate-data'])).toBe(problem)
    const undeclared = evidenceOf('train', [PASSED])
    expect(decisionOf([undeclared, evidenceOf('validate-data', [PASSED], {subjects: [DATA]})], ['validate-data'])).toBe(problem)
  })

  test('names the cause first, and what it kept from running in one phrase', () => {
    const red = [evidenceOf('validate-data', [FAILED])]
    const require = ['evaluate', 'check-fairness', 'validate-data']
    expect(decisionOf(red, require)).toBe('not ready: validate-data is red; evaluate, check-fairness did not run')
  })

  test('an earlier report says nothing', () => {
    expect(decisionOf([evidenceOf('report', [FAILED]), evidenceOf('evaluate', [PASSED])])).toBe('ready')
  })
})

describe('rows', () => {
  test('stand in the order of the pipeline, with a row for what is missing', () => {
    const view = overview({
      title: 'wages',
      require: ['validate-data', 'evaluate'],
      evidence: [evidenceOf('publish', [PASSED]), evidenceOf('train', [PASSED])]
    })
    expect(view.rows.map(({action, evidence}) => `${action} ${evidence?.verdict ?? 'missing'}`)).toEqual([
      'validate-data missing',
      'train pass',
      'evaluate missing',
      'publish pass'
    ])
  })
})

describe('champion', () => {
  test('is compared metric by metric, slices left out', () => {
    const view = overview({title: 'wages', require: [], evidence: sampleEvidence()})
    expect(view.champion).toEqual(['roc_auc 0.7583 against champion 0.7252 (+0.0331)'])
    expect(view.rollout).toBe('promoted')
  })

  test('none is shown', () => {
    const evaluated = evidenceOf('evaluate', [PASSED], {facts: [{name: 'champion', value: 'none'}]})
    expect(overview({title: 'wages', require: [], evidence: [evaluated]}).champion).toEqual(['champion: none, compared with nothing'])
  })
})

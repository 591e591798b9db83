import {expect, test} from 'vitest'
import {parseConfig} from '#shared/inputs/config'
import {loosenedInputs} from '#shared/inputs/loosened'
import {ACTIONS, VOCABULARY} from '../../../actions/index.js'

interface Outside {
  readonly direct?: Record<string, string>
  readonly env?: Record<string, string>
}

/** What is looser for an action by the file of now, and from outside of it, than by the file of before. */
function found(action: string, before: string, now: string, {direct = {}, env = {}}: Outside = {}) {
  const [then, config] = [before, now].map(text => parseConfig(text, '/repo/trainyard.yml', VOCABULARY))
  const sources = {action, direct, flags: false, env, cwd: '/repo', config}
  return loosenedInputs({spec: ACTIONS[action].inputs, sources, before: then, where: 'main'})
}

const compare = (action: string, before: string, now: string, direct: Record<string, string> = {}) =>
  found(action, before, now, {direct}).map(({id}) => id)

test.each([
  ['evaluate', '', 'champion: none', ['policy_loosened: champion']],
  ['evaluate', 'champion: old.onnx', 'champion: none', ['policy_loosened: champion']],
  ['evaluate', '', 'champion: v3', ['policy_changed: champion']],
  ['evaluate', 'champion: old.onnx', 'champion: new.onnx', ['policy_changed: champion']],
  ['evaluate', 'champion: none', 'champion: v3', []],
  ['evaluate', '', 'champion: champion', []],
  ['evaluate', 'on-inconclusive: fail', '', ['policy_loosened: on-inconclusive']],
  ['evaluate', '', 'on-inconclusive: warn', ['policy_loosened: on-inconclusive']],
  ['evaluate', 'mode: observe', '', []],
  ['evaluate', 'threshold: 0.5', 'threshold: 0.50', []],
  ['evaluate', '', 'threshold: 0.5', []],
  ['evaluate', '', 'threshold: 0.4', ['policy_changed: threshold']],
  ['check-robustness', 'threshold: 0.4', 'threshold: 0.5', ['policy_changed: threshold']],
  ['evaluate', 'data: exam.csv', 'data: easy.csv', ['policy_changed: data']],
  ['evaluate', 'data: exam.csv', 'data: ./exam.csv', []],
  ['evaluate', 'data: exam.csv', '', ['policy_changed: data']],
  ['train', 'data: [a.csv, b.csv]', 'data: a.csv', ['policy_changed: data']],
  ['evaluate', 'label: wage', 'label: other', ['policy_changed: label']],
  [
    'evaluate',
    '',
    '{key: id, positive: "yes", predictions: p.csv}',
    ['predictions', 'key', 'positive'].map(name => `policy_changed: ${name}`)
  ],
  ['evaluate', 'metrics: a.json', 'metrics: b.json', ['policy_changed: metrics']],
  ['evaluate', 'metrics: a.json', '', ['policy_changed: metrics']],
  ['evaluate', '', 'metrics: a.json', []],
  ['validate-data', '', 'reference: champion', []],
  ['validate-data', 'reference: champion', 'reference: old.csv', ['policy_changed: reference']],
  ['validate-data', 'show-rows: 3', '', []],
  ['evaluate', 'name: wages', 'name: salaries', ['policy_changed: name']],
  ['evaluate', 'registry: github', 'registry: elsewhere', ['policy_changed: registry']],
  ['evaluate', '', 'evidence: planted', ['policy_changed: evidence']],
  ['check-fairness', '', 'minimum-group: 31', ['policy_loosened: minimum-group']],
  ['check-fairness', 'minimum-group: 100', 'minimum-group: 30', []],
  ['check-robustness', 'monotone: [+experience, -age]', 'monotone: [+experience, +age]', ['monotone_dropped: -age']],
  ['check-robustness', '', 'monotone: +experience', []],
  ['publish', '', 'publish: {isolation: none}', ['policy_loosened: isolation']],
  ['publish', 'publish: {isolation: none}', '', []],
  ['publish', '', 'alias: champion', ['policy_changed: alias']],
  ['publish', 'require: [evaluate, check-fairness]', '', ['require_dropped: check-fairness']],
  ['publish', 'keep-data: true', 'version: v3', []],
  ['deploy-canary', '', 'steps: [10%, 25%, 50%]', ['steps_dropped: 5%']],
  ['deploy-canary', '', 'steps: 1%, 5%, 25%, 50%', []],
  ['deploy-canary', '', 'minimum-requests: 499', ['policy_loosened: minimum-requests']],
  ['deploy-canary', '', 'minimum-requests: 501', []],
  ['deploy-canary', '', 'deadline: 31m', ['policy_loosened: deadline']],
  ['deploy-canary', 'deadline: 2h', 'deadline: 120m', []],
  ['deploy-canary', 'deadline: 2h', '', []],
  ['deploy-canary', 'require-approval: true', '', ['policy_loosened: require-approval']],
  ['deploy-canary', 'approver-is-not-author: true', 'approver-is-not-author: false', ['policy_loosened: approver-is-not-author']],
  ['deploy-canary', '', '{require-approval: true, environment: production}', []],
  ['deploy-canary', 'environment: production', 'environment: staging', ['policy_changed: environment']],
  ['deploy-canary', '', 'telemetry: http://metrics.example', ['policy_changed: telemetry']],
  ['deploy-canary', 'endpoint: https://a.example', 'endpoint: https://b.example', ['policy_changed: endpoint']],
  ['deploy-canary', '', 'on-inconclusive: warn', []],
  ['deploy-canary', 'deploy-canary: {on-inconclusive: fail}', '', ['policy_loosened: on-inconclusive']],
  ['check-fairness', 'sensitive: [gender, race]', 'sensitive: gender', ['sensitive_dropped: race']],
  ['check-fairness', 'sensitive: gender', 'sensitive: [gender, race]', []],
  ['evaluate', 'sensitive: [gender, race]', 'sensitive: gender', []],
  ['report', 'publish: {require: [train, evaluate]}', 'require: evaluate', ['require_dropped: train']],
  ['report', '', 'require: train', ['require_dropped: evaluate']],
  [
    'check-robustness',
    '',
    'check-robustness: {gates: unloadable == 0}',
    ['nondeterminism <= 1e-5', 'invalid_outputs == 0', 'flip_rate(noise) <= 5%'].map(gate => `gate_removed: ${gate}`)
  ]
])('%s by %j and now by %j', (action, before, now, ids) => expect(compare(action, before, now)).toEqual(ids))

test('gates of the file that `with:` replaces are compared with it, and a policy there is not', () => {
  const file = 'evaluate: {gates: roc_auc >= 0.7}'
  expect(compare('evaluate', file, file, {gates: 'roc_auc >= 0.6'})).toEqual(['gate_loosened: roc_auc >= 0.7'])
  expect(compare('evaluate', '', '', {gates: 'roc_auc >= 0.6'})).toEqual([])
  expect(compare('evaluate', file, file, {mode: 'observe', champion: 'none'})).toEqual([])
  expect(compare('check-robustness', '', '', {gates: 'unloadable == 0'})).toEqual([])
})

test('what is required and the file of before lacked stood in the workflow, which is not looked at', () => {
  expect(compare('evaluate', '', 'label: wage')).toEqual([])
  expect(compare('deploy-canary', '', '{endpoint: https://a.example, name: wages, registry: github}')).toEqual([])
})

test('what the environment gives is held against no file', () => {
  const [before, now] = ['registry: github', 'registry: elsewhere']
  expect(found('evaluate', before, now, {env: {TRAINYARD_REGISTRY: 'github'}})).toEqual([])
  expect(found('evaluate', before, before, {env: {TRAINYARD_REGISTRY: 'elsewhere'}})).toEqual([])
})

test.each([
  ['threshold: 0.4', '', 'threshold: 0.4 of main is now 0.5'],
  ['data: [exam.csv, "more/*.csv"]', 'data: exam.csv', 'data: exam.csv, more/*.csv of main is now exam.csv'],
  ['key: id', '', 'key: id of main is gone'],
  ['', 'key: id', 'key: not given by the file of main, is now id'],
  ['', 'champion: none', 'champion: champion of main is now none'],
  [`positive: ${'x'.repeat(500)}`, '', `positive: ${'x'.repeat(200)}… of main is gone`]
])('%j and now %j is said with both values, as they are written', (before, now, message) => {
  expect(found('evaluate', before, now).map(one => one.message)).toEqual([message])
})

test('a value of before that no reader takes is said, and hides no other', () => {
  const before = 'evaluate: {threshold: a lot, gates: roc_auc >= 0.7, label: wage}'
  expect(found('evaluate', before, 'evaluate: {gates: roc_auc >= 0.6, label: wage}')).toEqual([
    {id: 'gate_loosened: roc_auc >= 0.7', message: 'roc_auc >= 0.7 of main is now roc_auc >= 0.6'},
    {
      id: 'base_not_compared',
      message: expect.stringMatching(
        /^threshold of main could not be compared: .*trainyard\.yml:1: threshold: expected a number of at least 0/
      )
    }
  ])
})

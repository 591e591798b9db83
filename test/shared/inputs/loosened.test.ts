import {expect, test} from 'vitest'
import {parseConfig} from '#shared/inputs/config'
import {loosenedInputs} from '#shared/inputs/loosened'
import {ACTIONS, VOCABULARY} from '../../../actions/index.js'

/** What is looser for an action by the file of now, and `with:`, than by the file of before. */
function compare(action: string, before: string, now: string, direct: Record<string, string> = {}) {
  const [then, config] = [before, now].map(text => parseConfig(text, '/repo/trainyard.yml', VOCABULARY))
  const sources = {action, direct, flags: false, env: {}, cwd: '/repo', config}
  return loosenedInputs({spec: ACTIONS[action].inputs, sources, before: then, where: 'main'}).map(({id}) => id)
}

test.each([
  ['evaluate', '', 'champion: none', ['policy_loosened: champion']],
  ['evaluate', 'champion: old.onnx', 'champion: none', ['policy_loosened: champion']],
  ['evaluate', '', 'champion: v3', []],
  ['evaluate', 'on-inconclusive: fail', '', ['policy_loosened: on-inconclusive']],
  ['evaluate', '', 'on-inconclusive: warn', ['policy_loosened: on-inconclusive']],
  ['evaluate', 'mode: observe', '', []],
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

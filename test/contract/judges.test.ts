import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {isLoosening} from '#shared/gates/loosened'
import {ACTIONS} from '../../actions/index.js'

/** Inputs on which nothing depends that is judged: they say what is done, shown or kept, and who may ask. */
const NOT_JUDGING: Readonly<Record<string, readonly string[]>> = {
  'validate-data': ['show-rows'],
  train: ['command', 'model', 'metrics', 'history', 'parameters', 'timeout', 'reuse'],
  // columns that a model never takes by position
  evaluate: ['sensitive'],
  'check-fairness': [],
  'check-robustness': ['sensitive'],
  publish: ['version', 'keep-data'],
  'deploy-canary': ['version', 'reconcile'],
  report: ['title', 'name', 'comment']
}
// The file itself is compared as a whole: config_moved.
const everywhere = (name: string) => name === 'config' || name.endsWith('-token')

test.each(Object.entries(ACTIONS))('every input of %s says how a change of it judges, or is known not to', (action, {inputs}) => {
  const silent = Object.entries(inputs).filter(([name, {judges}]) => judges === undefined && !everywhere(name))
  expect(silent.map(([name]) => name).toSorted()).toEqual(NOT_JUDGING[action].toSorted())
})

test.each(Object.entries(ACTIONS))('what is compared of %s stands in the README of report', (_, {inputs}) => {
  const [, table = ''] =
    /^### What is compared with the base\n([\s\S]*?)\n### /m.exec(readFileSync('actions/report/README.md', 'utf8')) ?? []
  const judging = Object.entries(inputs).filter(([, {judges}]) => judges !== undefined)
  expect(judging.map(([name]) => name).filter(name => !table.includes(`\`${name}\``))).toEqual([])
})

test('an input whose words go from loose to strict names them all, or the loosest', () => {
  const ordered = Object.values(ACTIONS).flatMap(({inputs}) =>
    Object.entries(inputs).flatMap(([name, {judges, schema}]) => (typeof judges === 'object' ? [{name, judges, schema}] : []))
  )
  expect(ordered.length).toBeGreaterThan(10)
  for (const {name, judges, schema} of ordered) {
    const words: readonly string[] = Object.hasOwn(schema, 'enum') ? Reflect.get(schema, 'enum') : ['none']
    expect([...judges].toSorted(), name).toEqual([...words].toSorted())
  }
})

test.each([
  'gate_loosened: roc_auc >= 0.7',
  'gate_removed: brier <= 0.2',
  'policy_loosened: mode',
  'policy_changed: threshold',
  'contract_changed: contract.yml',
  'contract_removed: contract.yml',
  'require_dropped: evaluate',
  'monotone_dropped: -age',
  'config_moved',
  'base_not_compared'
])('the report knows %s', id => {
  expect([isLoosening({id, verdict: 'warn'}), isLoosening({id, verdict: 'pass'}), isLoosening({id: `age.${id}`, verdict: 'warn'})]).toEqual(
    [true, false, false]
  )
})

import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {evidenceOf, openJob, runStep} from './runner.js'
import {predictions} from './tables.js'

const ACTIONS = readdirSync('actions', {withFileTypes: true})
  .filter(entry => entry.isDirectory())
  .map(({name}) => name)
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  'validate-data': ['data'],
  train: ['command', 'model'],
  evaluate: ['label', 'gates'],
  'check-fairness': ['sensitive', 'gates', 'label'],
  'check-robustness': ['data'],
  publish: ['name', 'registry'],
  'deploy-canary': ['endpoint', 'name', 'registry']
}
const PEOPLE = {'people.csv': 'name,age\nAda,36\n'}
const GATES = {data: 'people.csv', gates: 'row_count >= 1'}

describe.each(ACTIONS)('%s', action => {
  test('leaves evidence of an error, one error and no stack', () => {
    const job = openJob()
    const step = runStep(action, job)
    expect(step).toMatchObject({code: 1, outputs: {verdict: 'error', outcome: 'red'}})
    expect(step.errors).toHaveLength(action === 'report' ? 3 : 1)
    for (const name of REQUIRED[action] ?? []) expect(step.errors[0]).toContain(`${name}: required and not given`)
    expect(step.log).not.toMatch(/^\s+at /m)
    expect(evidenceOf(action, job)).toMatchObject([{verdict: 'error', outcome: 'red'}])
    expect(step.summary).toContain(action)
  })

  test('names an unknown key of trainyard.yml with file and line', () => {
    const job = openJob({'trainyard.yml': 'name: wages\nlable: high_wage\n'})
    const step = runStep(action, job)
    expect(step.code).toBe(1)
    expect(step.commands.filter(({name}) => name === 'error')).toMatchObject([{properties: {file: 'trainyard.yml', line: '2'}}])
    expect(step.errors[0]).toMatch(/lable/)
    expect(step.log).toMatch(/label/)
    expect(step.log).not.toMatch(/^\s+at /m)
  })
})

test('all wrong inputs are named in one error', () => {
  const given = {data: 'people.csv', gates: 'row_count => 1\nnull_share(age) <=', mode: 'strict', 'show-rows': '3abc'}
  const step = runStep('validate-data', openJob(PEOPLE), given)
  expect(step.code).toBe(1)
  expect(step.errors).toHaveLength(1)
  for (const subject of ['row_count => 1', 'null_share(age) <=', 'mode', 'show-rows']) expect(step.errors[0]).toContain(subject)
  expect(step.errors[0]).toMatch(/strict/)
  expect(step.errors[0]).toMatch(/3abc/)
})

test('a configuration that is no YAML is named with its line', () => {
  const step = runStep('validate-data', openJob({...PEOPLE, 'trainyard.yml': 'name: wages\ngates: [a\n'}))
  expect(step.code).toBe(1)
  expect(step.commands.find(({name}) => name === 'error')?.properties.file).toBe('trainyard.yml')
  expect(step.log).not.toMatch(/^\s+at /m)
})

test('without a file for outputs the verdict still stands', () => {
  const env = {GITHUB_OUTPUT: undefined, GITHUB_STEP_SUMMARY: undefined}
  const job = openJob(PEOPLE)
  expect(runStep('validate-data', job, GATES, {env})).toMatchObject({code: 0, commands: []})
  expect(evidenceOf('validate-data', job)).toMatchObject([{verdict: 'pass'}])
})

test('a file for outputs that is gone is red, named, and the evidence is there', () => {
  const job = openJob(PEOPLE)
  const step = runStep('validate-data', job, GATES, {env: {GITHUB_OUTPUT: join(job.root, 'gone/output')}})
  expect(step.code).toBe(1)
  expect(step.log).toMatch(/gone\/output/)
  expect(evidenceOf('validate-data', job).some(({verdict}) => verdict === 'pass')).toBe(true)
})

test('a temporary folder that cannot be written is named, with what to do', () => {
  const job = openJob(PEOPLE)
  const blocked = join(job.root, 'blocked')
  // A file in its place stops root as well, whom modes do not.
  writeFileSync(blocked, '')
  const step = runStep('validate-data', job, GATES, {env: {RUNNER_TEMP: blocked}})
  expect(step.code).toBe(1)
  expect(step.errors).toHaveLength(1)
  expect(step.errors[0]).toMatch(/blocked[\s\S]*RUNNER_TEMP/)
  expect(step.log).not.toMatch(/^\s+at /m)
  expect(readFileSync(blocked, 'utf8')).toBe('')
})

test('nothing is written into the workspace', () => {
  const job = openJob(PEOPLE)
  runStep('validate-data', job, GATES)
  runStep('validate-data', job, {data: 'none.csv', gates: 'row_count >= 1'})
  expect(readdirSync(job.workspace)).toEqual(['people.csv'])
})

test('each run of an action leaves evidence of its own', () => {
  const job = openJob(PEOPLE)
  runStep('validate-data', job, GATES)
  runStep('validate-data', job, {...GATES, gates: 'row_count >= 2'})
  expect(
    evidenceOf('validate-data', job)
      .map(({verdict}) => verdict)
      .sort()
  ).toEqual(['fail', 'pass'])
})

describe('on-inconclusive', () => {
  const exam = {'exam.csv': predictions(100, 35)}
  const given = (gate: string, wish: string) => ({
    predictions: 'exam.csv',
    label: 'label',
    key: 'key',
    champion: 'none',
    gates: gate,
    'on-inconclusive': wish
  })
  test.each([
    ['accuracy >= 0.68', 'estimate', 0, 'warning'],
    ['accuracy >= 0.72', 'estimate', 1, 'error'],
    ['accuracy >= 0.72', 'warn', 0, 'warning'],
    ['accuracy >= 0.68', 'fail', 1, 'error']
  ])('%s with %s ends with %i', (gate, wish, code, level) => {
    const step = runStep('evaluate', openJob(exam), given(gate, wish))
    expect(step).toMatchObject({code, outputs: {verdict: 'inconclusive', outcome: code === 0 ? 'green' : 'red'}})
    expect(step.commands[0]).toMatchObject({name: level, text: expect.stringMatching(/^accuracy 0\.7/)})
    expect(step.evidence?.policy.onInconclusive).toBe(wish)
  })

  test('no other word is taken', () => {
    const step = runStep('evaluate', openJob(exam), given('accuracy >= 0.5', 'ignore'))
    expect(step.errors).toEqual([expect.stringMatching(/on-inconclusive[\s\S]*ignore/)])
  })
})

test('evidence stands before a summary that cannot be written', () => {
  const job = openJob(PEOPLE)
  const folder = join(job.root, 'summary-folder')
  mkdirSync(folder)
  const step = runStep('validate-data', job, GATES, {env: {GITHUB_STEP_SUMMARY: folder}})
  expect(step).toMatchObject({code: 0, outputs: {outcome: 'green'}})
  expect(existsSync(step.outputs.evidence)).toBe(true)
  expect(step.commands).toMatchObject([{name: 'warning', text: expect.stringMatching(/summary could not be written/)}])
})

import {spawnSync} from 'node:child_process'
import {existsSync, readdirSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {describe, expect, test} from 'vitest'
import {type Job, NODE, openJob} from './runner.js'
import {predictions} from './tables.js'

const PEOPLE = {'people.csv': 'name,age\nAda,36\nGrace,45\n'}

function trainyard({workspace, root}: Job, ...argv: readonly string[]) {
  const env = {PATH: process.env.PATH, HOME: join(root, 'home'), TMPDIR: root}
  const {status, stdout, stderr} = spawnSync(NODE, [resolve('dist/trainyard.js'), ...argv], {
    cwd: workspace,
    env,
    encoding: 'utf8',
    timeout: 60_000
  })
  return {code: status, text: stdout + stderr}
}

const exam = ['--predictions', 'exam.csv', '--label', 'label', '--key', 'key', '--champion', 'none']
const validate = ['validate-data', '--data', 'people.csv', '--gates']

describe('the exit code', () => {
  test('0: green, and the evidence lies in trainyard-out', () => {
    const job = openJob(PEOPLE)
    const {code, text} = trainyard(job, ...validate, 'row_count >= 2')
    expect(text).toMatch(/^verdict: pass$/m)
    expect(code).toBe(0)
    expect(readdirSync(join(job.workspace, 'trainyard-out')).filter(name => /^validate-data-[0-9a-f]{12}\.json$/.test(name))).toHaveLength(
      1
    )
  })

  test('1: red', () => {
    const {code, text} = trainyard(openJob(PEOPLE), ...validate, 'row_count >= 3', '--gates', 'duplicate_rows == 0')
    expect(text).toMatch(/row_count 2 is below 3/)
    expect(code).toBe(1)
  })

  test.each([
    ['an unknown command', ['valdate-data'], /unknown command "valdate-data"[\s\S]*Did you mean validate-data/],
    ['the first word of a command', ['validate'], /unknown command "validate"[\s\S]*Did you mean validate-data/],
    ['an unknown flag', ['validate-data', '--dta', 'x'], /unknown flag --dta[\s\S]*--data/],
    ['a flag without its value', ['validate-data', '--data'], /--data: expected a value/],
    ['a word without a flag', ['validate-data', 'people.csv'], /"people\.csv" is no flag/],
    ['a required input', ['validate-data'], /data: required and not given[\s\S]*--data/],
    ['a gate that cannot be read', [...validate, 'row_count 3'], /row_count 3[\s\S]*\^/],
    ['a file that is not there', ['validate-data', '--data', 'none.csv', '--gates', 'row_count >= 1'], /none\.csv/],
    ['a column that is not there', [...validate, 'mean(height) >= 1'], /height/],
    ['a workflow that is not there', ['run', 'none.yml'], /none\.yml: no such file/],
    ['a workflow that asks for too much', ['run', 'matrix.yml'], /matrix\.yml line 5: job a: strategy/],
    ['a start that is unknown', ['start', '--with', 'nothing'], /--with: expected one of .*raw-data/]
  ])('2: %s', (_, argv, message) => {
    const matrix = 'on: push\njobs:\n  a:\n    runs-on: x\n    strategy: {matrix: {v: [1]}}\n    steps: [{run: "true"}]\n'
    const job = openJob({...PEOPLE, 'matrix.yml': matrix})
    const {code, text} = trainyard(job, ...argv)
    expect(text).toMatch(message)
    expect(text).not.toMatch(/^\s+at /m)
    expect(code).toBe(2)
  })

  test.each([
    ['a table that cannot be read', ['validate-data', '--data', 'broken.parquet', '--gates', 'row_count >= 1'], /broken\.parquet/],
    ['metrics that are none', ['evaluate', ...exam, '--metrics', 'nan.json', '--gates', 'lift >= 1'], /nan\.json/]
  ])('3: %s', (_, argv, message) => {
    const {code, text} = trainyard(
      openJob({...PEOPLE, 'broken.parquet': 'PAR1PAR1', 'exam.csv': predictions(100, 40), 'nan.json': '{"lift": NaN}'}),
      ...argv
    )
    expect(text).toMatch(message)
    expect(text).not.toMatch(/^\s+at /m)
    expect(code).toBe(3)
  })
})

describe('a workflow on this machine', () => {
  const workflow = (gate: string) =>
    `on: push\njobs:\n  data:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v6\n      - {id: v, uses: OWNER/trainyard/actions/validate-data@v1, with: {data: people.csv, gates: '${gate}'}}\n  after:\n    needs: data\n    runs-on: ubuntu-latest\n    steps: [{run: echo went on}]\n`

  test('is green when its actions are', () => {
    const {code, text} = trainyard(openJob({...PEOPLE, 'w.yml': workflow('row_count >= 2')}), 'run', 'w.yml')
    expect(text).toContain('went on')
    expect(code).toBe(0)
  })

  test('is red when one is, and what needs it is skipped', () => {
    const {code, text} = trainyard(openJob({...PEOPLE, 'w.yml': workflow('row_count >= 9')}), 'run', 'w.yml', '--work-dir', 'kept')
    expect(text).toContain('row_count 2 is below 9')
    expect(text).not.toContain('went on')
    expect(code).toBe(1)
  })
})

test('help lists every action and every input', () => {
  const job = openJob()
  const {code, text} = trainyard(job, '--help')
  for (const action of readdirSync('actions').filter(name => existsSync(join('actions', name, 'action.yml'))))
    expect(text).toContain(`  ${action} `)
  expect(code).toBe(0)
  expect(trainyard(job, 'evaluate', '--help').text).toMatch(/--gates .*Required, here or in trainyard\.yml\./)
  expect(readdirSync(job.workspace)).toEqual([])
})

test('the schema of trainyard.yml is what the build wrote', () => {
  const {code, text} = trainyard(openJob(), 'schema')
  expect(code).toBe(0)
  expect(JSON.parse(text)).toMatchObject({title: 'trainyard.yml', additionalProperties: false})
})

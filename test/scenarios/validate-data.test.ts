import {expect, test} from 'vitest'
import {openJob, runStep} from './runner.js'

const PEOPLE = 'name,age\nAda,36\nGrace,45\nAlan,41\n'

test('data that meets its gates is green, with outputs, evidence and a summary', () => {
  const step = runStep('validate-data', openJob({'people.csv': PEOPLE}), {
    data: 'people.csv',
    gates: 'row_count >= 3\nnull_share(age) <= 1%'
  })
  expect(step).toMatchObject({code: 0, commands: [], outputs: {verdict: 'pass', outcome: 'green', rows: '3'}})
  expect(step.outputs.digest).toMatch(/^[0-9a-f]{64}$/)
  expect(step.evidence?.checks.map(({id, verdict}) => [id, verdict])).toEqual([
    ['row_count >= 3', 'pass'],
    ['null_share(age) <= 1%', 'pass']
  ])
  expect(step.evidence?.run).toMatchObject({repository: 'octo/wages', job: 'judge', runId: '7', attempt: 1})
  expect(step.summary).toContain('row_count')
})

test('data that misses a gate is red, with one error a check', () => {
  const step = runStep('validate-data', openJob({'people.csv': PEOPLE}), {data: 'people.csv', gates: 'row_count >= 5\nduplicate_rows == 0'})
  expect(step).toMatchObject({code: 1, outputs: {verdict: 'fail', outcome: 'red'}})
  expect(step.errors).toEqual([
    expect.stringMatching(/^row_count 3 /),
    expect.stringMatching(/validate-data: 1 of 2 checks failed: row_count >= 5$/)
  ])
  expect(step.evidence?.outcome).toBe('red')
  expect(step.summary).toContain('`row_count >= 5`')
})

test('observe makes a miss green and keeps its verdict, but not what could not be measured', () => {
  const job = openJob({'people.csv': PEOPLE})
  const observed = runStep('validate-data', job, {data: 'people.csv', gates: 'row_count >= 5', mode: 'observe'})
  expect(observed).toMatchObject({code: 0, errors: [], outputs: {verdict: 'fail', outcome: 'green'}})
  const blind = runStep('validate-data', job, {data: 'people.csv', gates: 'mean(height) >= 5', mode: 'observe'})
  expect(blind).toMatchObject({code: 1, outputs: {verdict: 'error', outcome: 'red'}})
  expect(blind.errors.join('\n')).toMatch(/height/)
})

test('rows that break a contract are annotated on the file and line they stand in', () => {
  const contract = [
    'apiVersion: v3.1.0\nkind: DataContract\nid: people\nversion: 1.0.0\nstatus: active',
    'schema:\n  - name: people\n    properties:\n      - {name: age, logicalType: integer, logicalTypeOptions: {maximum: 40}}\n'
  ].join('\n')
  const step = runStep('validate-data', openJob({'people.csv': PEOPLE, 'contract.yml': contract}), {
    data: 'people.csv',
    contract: 'contract.yml'
  })
  expect(step.code).toBe(1)
  expect(step.commands.find(({properties}) => properties.file === 'people.csv')).toMatchObject({name: 'error', properties: {line: '3'}})
})

test.each([
  ['a line feed', '"x\n::set-output name=digest::0\n::add-mask::a"'],
  ['a carriage return', '"x\r::stop-commands::a"'],
  ['blanks before', '"x\n   ::error file=a.ts::b"'],
  ['the older form', '##[add-mask]a'],
  ['escapes', '"x%0A::error::b"']
])('a cell that holds a command stays text: %s', (_, cell) => {
  const job = openJob({'people.csv': `name,plan\nAda,${cell}\nGrace,${cell}\n`})
  const given = {data: 'people.csv', gates: 'duplicate_count(plan) == 0\nnull_count(name) == 0', 'show-rows': '5'}
  const step = runStep('validate-data', job, given)
  expect(step.code).toBe(1)
  expect(step.commands.map(({name}) => name)).toEqual(['error', 'error'])
  expect(step.commands.map(({properties}) => properties.file ?? 'people.csv')).toEqual(['people.csv', 'people.csv'])
  expect(step.outputs.digest).toMatch(/^[0-9a-f]{64}$/)
})

test('a column name that holds a command stays text where a check passes', () => {
  const job = openJob({'people.csv': '"##[add-mask]a","x\n::add-mask::b"\n1,2\n'})
  const step = runStep('validate-data', job, {data: 'people.csv', gates: 'null_count("##[add-mask]a") == 0\nrow_count == 1'})
  expect(step).toMatchObject({code: 0, commands: []})
})

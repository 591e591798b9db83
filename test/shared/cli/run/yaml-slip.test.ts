import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {firstSlip} from '#shared/cli/run/yaml-slip'
import {run} from '../../../support/workflow.js'

const WORKFLOW = `on:
  push: {branches: [main]}
jobs:
  data:
    name: validate data
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
        with: {persist-credentials: false}
      - uses: OWNER/trainyard/actions/validate-data@v1
      - run: echo "done"
`
const line = (number: number, change: (text: string) => string) =>
  WORKFLOW.split('\n')
    .map((text, index) => (index === number - 1 ? change(text) : text))
    .join('\n')

test.each<[string, string, number, number, string, string | undefined]>([
  ['a tab', line(9, text => `\t${text.trim()}`), 9, 1, 'a tab stands where the line is indented', 'indent with spaces'],
  ['a tab after blanks', line(10, () => '     \t- run: x'), 10, 6, 'a tab stands where the line is indented', 'indent with spaces'],
  [
    'an item to the left',
    line(10, text => text.slice(1)),
    10,
    6,
    'this `-` stands one column left of those above',
    'put 6 spaces before it'
  ],
  [
    'an item to the right',
    line(10, text => `  ${text}`),
    10,
    9,
    'this `-` stands two columns right of those above',
    'put 6 spaces before it'
  ],
  [
    'a key to the left',
    line(6, text => text.slice(1)),
    6,
    4,
    'this `runs-on` stands one column left of those above',
    'put 4 spaces before it'
  ],
  [
    'a key to the right',
    line(6, text => ` ${text}`),
    6,
    6,
    'this `runs-on` stands one column right of those above',
    'put 4 spaces before it'
  ],
  [
    'no blank after the colon',
    line(6, () => '    runs-on:x'),
    6,
    5,
    'expected name: value, got runs-on:x',
    'write a colon and a blank after the name'
  ],
  ['an open brace', line(2, () => '  push: {branches: [main]'), 2, 9, 'the { is not closed', 'close it with }'],
  ['an open bracket', 'on: [push\njobs: {}\n', 1, 5, 'the [ is not closed', 'close it with ]'],
  ['two colons', line(5, () => '    name: validate: data'), 5, 5, 'the value holds a colon and a blank', 'put the value in quotes'],
  ['an open quote', line(11, () => '      - run: "echo'), 12, 1, 'Missing closing "quote', undefined]
])('%s is told once, where it stands', (_, text, at, column, what, hint) => {
  const slip = firstSlip(text, 'w.yml')
  expect(slip).toMatchObject({kind: 'usage', hint, at: {file: 'w.yml', line: at, column}})
  expect(slip?.message.split('\n')[0]).toBe(`w.yml line ${at}: ${what}`)
})

test('the caret stands under the line that is quoted last', () => {
  expect(
    firstSlip(
      line(10, text => text.slice(1)),
      'w.yml'
    )
      ?.message.split('\n')
      .slice(1)
  ).toEqual([
    '     9 |         with: {persist-credentials: false}',
    '    10 |      - uses: OWNER/trainyard/actions/validate-data@v1',
    '       |      ^'
  ])
})

test('a text without slips has none', () => {
  const example = readFileSync('workflows-examples/wages/.github/workflows/continuous-training.yml', 'utf8')
  expect([firstSlip(WORKFLOW, 'w.yml'), firstSlip(example, 'x.yml')]).toEqual([undefined, undefined])
})

test('a run says the slip alone', async () => {
  const failed = run(line(9, text => `\t${text.trim()}`))
  await expect(failed).rejects.toMatchObject({
    message: expect.stringMatching(/^[^\n]+ line 9: a tab stands[^\n]+\n[^\n]+\n[^\n]+→with[^\n]+\n +\| \^$/)
  })
})

import {expect, test} from 'vitest'
import {commandLine} from '#shared/cli/command-line'
import {meant} from '#shared/cli/suggestion'
import {ACTIONS, VOCABULARY} from '../../../actions/index.js'

async function trainyard(...args: readonly string[]) {
  const lines: string[] = []
  const print = (text: string) => void lines.push(...text.split('\n'))
  const code = await commandLine(args, {actions: ACTIONS, vocabulary: VOCABULARY, env: {}, cwd: process.cwd(), print})
  return {code, lines}
}

test.each([
  [['--help'], 'trainyard ', 10],
  [['--help'], '  ', 8],
  [['deploy-canary', '--help'], '  --', 10]
])('%j: what is said of each begins in one column', async (args, start, least) => {
  const {code, lines} = await trainyard(...args)
  const rows = lines.filter(line => line.startsWith(start) && !line.startsWith("  --gates '"))
  const columns = rows.map(line => line.search(/(?<=\S {2,})\S/))
  expect([code, new Set(columns).size]).toEqual([0, 1])
  expect(rows.length).toBeGreaterThanOrEqual(least)
})

test('a word that is near is asked back, and for any other the commands are listed alone', async () => {
  const all = expect.stringMatching(/^There is: validate-data, .*evaluate, .*history, .*schema\.$/)
  expect(await trainyard('frobnicate')).toEqual({code: 2, lines: ['trainyard: unknown command "frobnicate"', all]})
  const {lines} = await trainyard('evalute')
  expect(lines[1]).toMatch(/^Did you mean evaluate\? There is: /)
})

test('a flag that is near is asked back, and for any other the flags are listed alone', async () => {
  expect((await trainyard('evaluate', '--gate', 'x')).lines[1]).toMatch(/^Did you mean --gates\? There is: --data, /)
  expect((await trainyard('evaluate', '--frobnicate', 'x')).lines[1]).toMatch(/^There is: --data, .*--gates/)
})

test.each([
  ['validate', 'validate-data'],
  ['valdate-data', 'validate-data'],
  ['hstory', 'history'],
  ['frobnicate', undefined],
  ['deployment', undefined],
  ['x', undefined]
])('%s means %s', (word, expected) => {
  expect(meant(word, ['validate-data', 'evaluate', 'deploy-canary', 'history'])).toBe(expected)
})

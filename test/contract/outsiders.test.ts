import {readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {evaluate} from '#shared/cli/run/expression'
import {conditionsOfOwnMachines, contextOf, EVENTS} from '../support/pull-events.js'

const conditions = conditionsOfOwnMachines()
const inHint = /`if: (\$\{\{.+?\}\})`/.exec(readFileSync('actions/train/src/main.ts', 'utf8'))?.[1]
const [condition] = conditions.values()

test('every job on a machine of one’s own has one and the same condition, and so has what train advises', () => {
  const places = [...conditions.keys()].sort()
  expect(places).toEqual([
    '.github/workflows/continuous-training.yml',
    'README.md',
    'actions/train/README.md',
    'workflows-examples/wages/.github/workflows/continuous-training.yml'
  ])
  expect(new Set([...conditions.values(), inHint])).toEqual(new Set([expect.stringMatching(/^\$\{\{ .+ \}\}$/)]))
})

describe('the condition of a job on a machine of one’s own', () => {
  test.each(EVENTS)('%s', (_, name, payload, may) => {
    const expression = String(condition).replace(/^\$\{\{|\}\}$/g, '')
    const status = {success: true, failure: false, cancelled: false}
    expect(evaluate(expression, {contexts: {github: contextOf(name, payload)}, status})).toBe(may)
  })
})

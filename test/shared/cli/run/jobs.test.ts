import {EventEmitter} from 'node:events'
import {expect, test} from 'vitest'
import {run} from '../../../support/workflow.js'

const job = (id: string, steps: string, more = '') =>
  `  ${id}:\n    runs-on: x\n${more === '' ? '' : `    ${more}\n`}    steps: [{run: '${steps}'}]\n`
const results = (result: Awaited<ReturnType<typeof run>>) => Object.fromEntries(result.jobs.map(one => [one.id, one.result]))

test('outputs and results travel along needs', async () => {
  const result = await run(`
on: push
jobs:
  last:
    needs: [one, two]
    runs-on: x
    steps: [{run: 'echo "\${{ needs.one.outputs.v }} \${{ needs.two.result }} \${{ toJSON(needs.two.outputs) }}"'}]
  one:
    runs-on: x
    name: First \${{ github.event_name }}
    outputs: {v: '\${{ steps.s.outputs.v }}'}
    steps: [{id: s, run: echo v=7 >> "$GITHUB_OUTPUT"}]
  two:
    needs: one
    runs-on: x
    steps: [{run: 'true'}]
`)
  expect(result.jobs.map(one => [one.id, one.name, one.outputs])).toEqual([
    ['one', 'First push', {v: '7'}],
    ['two', 'two', {}],
    ['last', 'last', {}]
  ])
  expect(result.log).toEqual(['7 success {}'])
})

test('what a result does to the jobs that need it', async () => {
  const result = await run(
    `on: push\njobs:\n${[
      job('bad', 'exit 1'),
      job('skipped', 'true', "if: github.ref == 'refs/heads/other'"),
      job('after_bad', 'true', 'needs: bad'),
      job('on_failure', 'true', '{needs: bad, if: failure()}'.slice(1, -1).replace(', ', '\n    ')),
      job('whatever', 'true', 'needs: bad\n    if: always()'),
      job('beyond', 'true', 'needs: whatever'),
      job('after_skipped', 'true', 'needs: skipped'),
      job('not_cancelled', 'true', 'needs: [bad, skipped]\n    if: ${{ !cancelled() }}'),
      job('by_result', 'true', "needs: bad\n    if: ${{ always() && needs.bad.result == 'failure' }}"),
      job('alone', 'true')
    ].join('')}`
  )
  expect(results(result)).toEqual({
    bad: 'failure',
    skipped: 'skipped',
    after_bad: 'skipped',
    on_failure: 'success',
    whatever: 'success',
    beyond: 'skipped',
    after_skipped: 'skipped',
    not_cancelled: 'success',
    by_result: 'success',
    alone: 'success'
  })
  expect(result.result).toBe('red')
})

test('a job may fail with continue-on-error, and its dependents go on', async () => {
  const result = await run(`on: push\njobs:\n${job('a', 'exit 1', 'continue-on-error: true')}${job('b', 'true', 'needs: a')}`)
  expect([result.result, results(result)]).toEqual(['green', {a: 'failure', b: 'success'}])
})

test('each job has a workspace, a home and a temporary folder of its own', async () => {
  const result = await run(
    `on: push\njobs:\n${job('a', 'touch here "$RUNNER_TEMP/t" "$HOME/h"')}${job('b', 'ls -A . "$RUNNER_TEMP" "$HOME" | grep -v :', 'needs: a')}`
  )
  expect(result.log.filter(line => /\b(here|t|h)$/.test(line))).toEqual([])
})

test('SIGINT reaches the step, always() runs after it, in this job and the next', async () => {
  const signals = new EventEmitter()
  const result = await run(
    `
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: |
          trap 'echo asked to stop; exit 130' INT
          echo ready
          while :; do sleep 0.05; done
      - run: echo next
      - {if: always(), run: echo always}
      - {if: cancelled(), run: echo cancelled}
      - {if: '\${{ !cancelled() }}', run: echo not cancelled}
  b:
    runs-on: x
    steps: [{run: echo other job}]
  c:
    needs: a
    if: always()
    runs-on: x
    steps: [{if: always(), run: 'echo "after \${{ needs.a.result }}"'}]
`,
    {signals, onProgress: one => one.kind === 'line' && one.text === 'ready' && signals.emit('SIGINT')}
  )
  expect(result.log).toEqual(['ready', 'asked to stop', 'error: The operation was canceled.', 'always', 'cancelled', 'after cancelled'])
  expect([result.result, results(result)]).toEqual(['red', {a: 'cancelled', b: 'skipped', c: 'cancelled'}])
  expect(signals.listenerCount('SIGINT')).toBe(0)
})

test('an output that holds a secret does not leave its job', async () => {
  const result = await run(
    `
on: push
jobs:
  a:
    runs-on: x
    outputs: {open: '\${{ steps.s.outputs.open }}', closed: '\${{ steps.s.outputs.closed }}'}
    steps: [{id: s, run: 'echo "open=1" >> "$GITHUB_OUTPUT"; echo "closed=x\${{ secrets.KEY }}" >> "$GITHUB_OUTPUT"'}]
`,
    {secrets: {KEY: 'hunter2'}}
  )
  expect(result.jobs[0].outputs).toEqual({open: '1'})
  expect(result.log).toEqual(["warning: Skip output 'closed' since it may contain secret."])
})

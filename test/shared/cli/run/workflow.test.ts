import {expect, test} from 'vitest'
import {oneJob, packageFolder, run} from '../../../support/workflow.js'

const OK = '- run: echo ran'

test.each<[string, string, string]>([
  ['container', oneJob(OK, 'container: node:24'), '.github/workflows/w.yml line 5: job a: container is not done on this machine'],
  ['services', oneJob(OK, 'services: {db: {image: postgres}}'), 'line 5: job a: services is not done on this machine'],
  ['strategy', oneJob(OK, 'strategy: {matrix: {x: [1, 2]}}'), 'line 5: job a: strategy is not done on this machine'],
  ['shell', oneJob('- {shell: pwsh, run: x}'), 'line 6: job a: shell pwsh is not run on this machine'],
  ['default shell', oneJob(OK, 'defaults: {run: {shell: sh}}'), 'line 5: job a: shell sh is not run on this machine'],
  [
    'unknown action',
    oneJob('- uses: docker/login-action@v3'),
    'line 6: job a: docker/login-action@v3: this action is not run on this machine'
  ],
  [
    'reusable workflow',
    'on: push\njobs:\n  a:\n    uses: ./.github/workflows/x.yml\n',
    'line 4: job a: reusable workflows are not run on this machine'
  ],
  ['unknown key', oneJob(OK, 'timeout-minuts: 3'), "line 5: Unexpected value 'timeout-minuts'"],
  ['unknown context', oneJob('- run: echo ${{ nothing.x }}'), 'line 6: Unrecognized named-value'],
  ['unknown need', `${oneJob(OK)}  b: {needs: other, runs-on: x, steps: [{run: x}]}\n`, "line 7: Job 'b' depends on unknown job 'other'"],
  [
    'circle',
    `${oneJob(OK)}  b: {needs: c, runs-on: x, steps: [{run: x}]}\n  c: {needs: b, runs-on: x, steps: [{run: x}]}\n`,
    "depends on job 'c' which creates a cycle"
  ],
  ['not YAML', 'on: [push\njobs: {', 'w.yml line'],
  ['empty', '', 'w.yml']
])('%s is an error with its line, and nothing runs', async (_, workflow, message) => {
  const progress: unknown[] = []
  await expect(run(workflow, {onProgress: one => progress.push(one)})).rejects.toMatchObject({
    name: 'UserError',
    kind: 'usage',
    message: expect.stringContaining(message)
  })
  expect(progress).toEqual([])
})

test('an action of ours that does not exist names those that do', async () => {
  const packageRoot = packageFolder({evaluate: {script: ''}, train: {script: ''}})
  await expect(run(oneJob('- uses: OWNER/trainyard/actions/evaluat@v1'), {packageRoot})).rejects.toThrow(
    'there is no such action; there are evaluate, train'
  )
})

test('all mistakes come at once', async () => {
  const failed = run(oneJob('- uses: a/b@v1\n- uses: c/d@v1', 'container: x'))
  await expect(failed).rejects.toThrow(/container[\s\S]*a\/b@v1[\s\S]*c\/d@v1/)
})

test('--skip-unknown leaves the step out and says so', async () => {
  const result = await run(oneJob(`- uses: docker/login-action@v3\n${OK}`), {skipUnknown: true})
  expect(result.said).toContain('line 6: job a: docker/login-action@v3: left out (--skip-unknown)')
  expect(result.jobs[0].steps.map(step => step.outcome)).toEqual(['skipped', 'success'])
})

test('what is not obeyed is said, a line each', async () => {
  const result = await run(`
on: push
permissions: {contents: read}
concurrency: {group: g}
jobs:
  a:
    runs-on: [self-hosted, gpu]
    environment: {name: production, url: 'https://example.com'}
    permissions: {contents: write}
    concurrency: deploy
    steps: [{run: 'true'}]
`)
  expect(result.said).toEqual([
    'line 3: permissions: not obeyed on this machine',
    'line 4: concurrency: not obeyed on this machine',
    'line 7: job a: runs-on self-hosted, gpu: runs here',
    'line 8: job a: environment production: no approval is asked here',
    'line 9: job a: permissions: not obeyed on this machine',
    'line 10: job a: concurrency: not obeyed on this machine'
  ])
})

const EVENTS = `on:
  pull_request: {branches: [main]}
  push: {branches: [main, 'release/**']}
  schedule: [{cron: '0 4 * * 1'}]
  workflow_dispatch: {inputs: {level: {default: low, type: string}, dry: {type: boolean}}}
jobs:
  a:
    runs-on: x
    steps: [{run: 'echo "\${{ github.event_name }} \${{ github.ref }} \${{ github.head_ref }}|\${{ github.base_ref }} \${{ github.event.pull_request.number }} \${{ inputs.level }} \${{ inputs.dry }}"'}]
`

test.each([
  [undefined, 'push refs/heads/main |   '],
  ['pull_request', 'pull_request refs/pull/1/merge local-change|main 1  '],
  ['schedule', 'schedule refs/heads/main |   '],
  ['workflow_dispatch', 'workflow_dispatch refs/heads/main |  low false']
])('event %s', async (event, line) => {
  const result = await run(EVENTS, {event})
  expect([result.log[0], result.said.filter(said => said.startsWith('on.'))]).toEqual([line, []])
})

test('an event that the workflow does not have', async () => {
  await expect(run(oneJob(OK), {event: 'pull_request'})).rejects.toMatchObject({
    message: '.github/workflows/w.yml: is not started by pull_request',
    hint: '--event push'
  })
  await expect(run(oneJob(OK).replace('on: push', 'on: release'))).rejects.toThrow('none of its events (release) runs on this machine')
})

test('a payload of its own decides ref, sha and pull request', async () => {
  const pull = {number: 9, head: {ref: 'topic', sha: 'b'.repeat(40)}, base: {ref: 'main'}, user: {login: 'eve'}}
  expect((await run(EVENTS, {event: 'pull_request', payload: {pull_request: pull}})).log[0]).toBe(
    'pull_request refs/pull/9/merge topic|main 9  '
  )
  const push = await run(EVENTS, {payload: {ref: 'refs/heads/topic', after: 'c'.repeat(40)}})
  expect(push.log[0]).toBe('push refs/heads/topic |   ')
  expect(push.said).toContain('on.push: its filter of branches leaves out topic: GitHub would not start this run')
})

test.each([
  ['true == true', 'yes'],
  ["contains('Hello', 'hell')", 'yes'],
  ["vars.REGISTRY == ''", 'no'],
  ["vars.ABSENT == ''", 'yes'],
  ['github.event.pull_request.head.repo.full_name', 'no'],
  ['github.event.pull_request.head.repo.full_name == github.repository', 'no'],
  ["!github.event.pull_request || github.event.pull_request.user.login != 'dependabot[bot]' && false", 'yes'],
  ["startsWith(github.ref, 'refs/heads/') && vars.N > 3", 'yes'],
  ["fromJSON('[1,2]')[1] == 2", 'yes'],
  ["github.event.commits.*.id == ''", 'no']
])('if: %s', async (condition, answer) => {
  const result = await run(oneJob(`- {run: echo yes, if: "\${{ ${condition} }}"}`), {vars: {REGISTRY: 's3://x', N: '4'}})
  expect(result.log[0] ?? 'no').toBe(answer)
})

import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeAll, expect, test} from 'vitest'
import {evidenceOf, FAILED, PASSED, RUN} from '../../support/evidence.js'
import {commitsOf, type FakePull} from '../../support/github/commit-pulls.js'
import {job, prepareStep, report, withGitHub} from './job.js'

beforeAll(prepareStep)

const SHA = 'c'.repeat(40)
const MERGED: FakePull = {number: 7, author: 'ada', merged: true, mergeSha: SHA}
const FACTS = [
  {name: 'version', value: 'v12'},
  {name: 'alias', value: 'candidate'}
]
const JUDGED = evidenceOf('evaluate', [PASSED])
const PUBLISHED = [JUDGED, evidenceOf('publish', [PASSED], {facts: FACTS})]
const ON_PUSH = {GITHUB_EVENT_NAME: 'push', GITHUB_SHA: SHA}

async function pushed(evidence = PUBLISHED): Promise<string> {
  const {root} = await job(evidence)
  await writeFile(join(root, 'event.json'), JSON.stringify({after: SHA}))
  return root
}

test('the plan is that of trainyard.yml, its section before its top level, and the defaults', async () => {
  const root = await pushed()
  const config =
    'deadline: 2h\ndeploy-canary:\n  steps: [1%, 10%]\n  deadline: 45m\n  gates:\n    - error_rate <= stable\n    - warn: slow_rate(250ms) <= stable\n'
  await writeFile(join(root, 'workspace', 'trainyard.yml'), config)
  const {summary, code, log} = await report(root, {}, ON_PUSH)
  expect(code).toBe(0)
  expect(summary).toContain('## ✅ wages: ready to deploy v12 (sha256 abababababab)')
  expect(summary).toContain('| Traffic | 1%, then 10%, then all of it |')
  expect(summary).toContain('| Held to | `error_rate <= stable`, warn: `slow_rate(250ms) <= stable` |')
  expect(summary).toContain('| Each step | until the candidate has answered 500 requests |')
  expect(summary).toContain('| At the latest | after 45 minutes all traffic goes back |')
  expect(log.trim().split('\n').at(-1)).toBe('✓ report: ready to deploy v12 (sha256 abababababab)')
})

test('a push comments on the pull request that it merged, beside the comment that the reviewers read', async () => {
  await withGitHub(async (github, env) => {
    commitsOf(github).set(SHA, {author: 'ada', pulls: [{...MERGED, number: 6, mergeSha: 'd'.repeat(40)}, MERGED]})
    const {root} = await job([JUDGED])
    await report(root, {}, {...env, GITHUB_RUN_ID: RUN.runId})
    const {log} = await report(await pushed(), {}, {...env, ...ON_PUSH})
    expect(log).toContain('Comment created: https://github.com/octo/wages/pull/7#issuecomment-')
    expect(github.comments.map(({body}) => body.split('\n')[1])).toEqual([
      '## ✅ wages: ready',
      '## ✅ wages: ready to deploy v12 (sha256 abababababab)'
    ])
    await report(await pushed(), {require: 'evaluate, train'}, {...env, ...ON_PUSH, GITHUB_RUN_ATTEMPT: '2'})
    expect(github.comments.map(({body}) => body.split('\n')[1])).toEqual(['## ✅ wages: ready', '## ❌ wages: not ready: train is missing'])
  })
})

test.each<[string, readonly FakePull[]]>([
  ['by no pull request', []],
  ['by one that is not merged', [{...MERGED, merged: false}]],
  ['by one whose merge was another commit', [{...MERGED, mergeSha: 'd'.repeat(40)}]],
  ['by two', [MERGED, {...MERGED, number: 8}]]
])('a commit that came %s has no comment, and nothing is guessed', async (_, pulls) => {
  await withGitHub(async (github, env) => {
    commitsOf(github).set(SHA, {author: 'ada', pulls})
    const {log, code, summary} = await report(await pushed(), {}, {...env, ...ON_PUSH})
    expect([code, github.comments]).toEqual([0, []])
    expect(log).toContain('No comment: this run is not about a pull request.')
    expect(summary).toContain('ready to deploy v12')
  })
})

test('without the permission the packet is in the summary, with the line to add', async () => {
  await withGitHub(async (github, env) => {
    github.permissions = {contents: 'read'}
    const {log, code, summary} = await report(await pushed(), {}, {...env, ...ON_PUSH})
    expect(code).toBe(0)
    expect(log).toMatch(/::warning ::The report is in the job's summary alone: the pull requests of commit c{12} could not be read \(403/)
    expect(log).toContain('pull-requests: read')
    expect(summary).toContain('ready to deploy v12')
  })
})

test.each([
  ['nothing waits for approval', [JUDGED], {}, ON_PUSH],
  ['comment is never', PUBLISHED, {comment: 'never'}, ON_PUSH],
  ['a schedule started it', PUBLISHED, {}, {...ON_PUSH, GITHUB_EVENT_NAME: 'schedule'}]
])('where %s GitHub is asked nothing', async (_, evidence, inputs, env) => {
  await withGitHub(async (github, ours) => {
    await report(await pushed(evidence), inputs, {...ours, ...env})
    expect(github.requests).toEqual([])
  })
})

test.each([
  ['what is required is red', [evidenceOf('evaluate', [FAILED])], '! report: not ready: evaluate is red'],
  ['what nobody requires is red', [JUDGED, evidenceOf('check-fairness', [FAILED])], '! report: not ready: check-fairness is red']
])('where %s the last line of the step says what the page says', async (_, evidence, line) => {
  const {log, code, summary} = await report(await pushed(evidence))
  expect(code).toBe(0)
  expect(log.trim().split('\n').at(-1)).toBe(line)
  expect(summary).toContain(line.replace('! report', '## ❌ wages'))
})

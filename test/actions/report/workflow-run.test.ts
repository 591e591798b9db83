import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeAll, describe, expect, test} from 'vitest'
import type {Evidence} from '#shared/evidence/evidence'
import {evidenceOf, PASSED, RUN} from '../../support/evidence.js'
import type {FakeGitHub} from '../../support/github/fake.js'
import {pullsOf} from '../../support/github/pulls.js'
import {job, prepareStep, report, withGitHub} from './job.js'

beforeAll(prepareStep)

const HEAD = 'c'.repeat(40)
const FORK = 'mona/wages'
const PULL = {number: 7, headSha: HEAD, headRef: 'better', headRepository: FORK}

/** A run of a fork's pull request that has ended, as the event of the reporting run tells of it. */
const ended = (more: object = {}) => ({
  action: 'completed',
  repository: {full_name: 'octo/wages'},
  workflow_run: {
    id: Number(RUN.runId),
    run_attempt: 1,
    event: 'pull_request',
    head_sha: HEAD,
    head_branch: 'better',
    head_repository: {full_name: FORK},
    repository: {full_name: 'octo/wages'},
    actor: {login: 'mona'},
    pull_requests: [],
    ...more
  }
})

/** The reporting job of a later run, with the artifacts of the one that has ended. */
async function reporting(
  github: FakeGitHub,
  env: Record<string, string>,
  {run = {}, evidence = [evidenceOf('evaluate', [PASSED])]}: {run?: object; evidence?: readonly Evidence[]} = {}
) {
  const {root} = await job(evidence)
  await writeFile(join(root, 'ended.json'), JSON.stringify(ended(run)))
  const event = {GITHUB_EVENT_NAME: 'workflow_run', GITHUB_EVENT_PATH: join(root, 'ended.json'), GITHUB_RUN_ID: '19384756299'}
  const result = await report(root, {}, {...env, ...event})
  return {...result, first: github.comments[0]?.body.split('\n')[1]}
}

describe('the report of a run that has ended', () => {
  test('of a fork is a comment on its pull request that says who made it', async () => {
    await withGitHub(async (github, env) => {
      pullsOf(github).push({...PULL, number: 3, headSha: 'd'.repeat(40), headRef: 'other'}, PULL)
      const {code, log, first, summary} = await reporting(github, env)
      expect([code, first]).toEqual([0, '## ⚠️ wages: unverified: produced by fork code, which says that it is ready'])
      expect(log).toContain('Comment created: https://github.com/octo/wages/pull/7#issuecomment-')
      expect(summary).toContain('unverified: produced by fork code')
      expect(github.requests[0]).toBe('GET /repos/octo/wages/pulls?state=open&per_page=100&head=mona%3Abetter')
    })
  })

  test('of a branch of this repository is not called unverified', async () => {
    await withGitHub(async (github, env) => {
      pullsOf(github).push({...PULL, headRepository: 'octo/wages'})
      const {first} = await reporting(github, env, {run: {head_repository: {full_name: 'octo/wages'}}})
      expect(first).toBe('## ✅ wages: ready')
    })
  })

  test.each([
    ['of a fork that is gone', PULL, {head_repository: null}, 'the fork that the run was of has been deleted'],
    ['whose branch has moved on', {...PULL, headSha: 'e'.repeat(40)}, {}, 'newer commits were pushed meanwhile'],
    [
      'whose pull request is another than its evidence says',
      {...PULL, number: 9},
      {},
      'the evidence says that it is of #7, and the commit is the head of #9'
    ]
  ])('%s is no comment, and the reason', async (_, pull, run, reason) => {
    await withGitHub(async (github, env) => {
      pullsOf(github).push(pull)
      const {code, log, summary} = await reporting(github, env, {run})
      expect([code, github.comments]).toEqual([0, []])
      expect(log).toMatch(/::warning ::No comment was written: /)
      expect(log).toContain('No comment: its pull request can not be told.')
      expect(log).toContain(reason)
      expect(summary).toContain('unverified: produced by')
    })
  })

  test('of a push is about no pull request, and asks GitHub nothing', async () => {
    await withGitHub(async (github, env) => {
      const {log} = await reporting(github, env, {run: {event: 'push', head_repository: {full_name: 'octo/wages'}}})
      expect(log).toContain('No comment: this run is not about a pull request.')
      expect(github.requests).toEqual([])
    })
  })

  test('a locked pull request, and a token that may not look for it, are warnings with what mends them', async () => {
    await withGitHub(async (github, env) => {
      pullsOf(github).push(PULL)
      const message = 'Unable to create comment because issue is locked.'
      github.faults.push({method: 'POST', path: /comments$/, answer: {status: 403, body: {message}}})
      const locked = await reporting(github, env)
      expect([locked.code, locked.log]).toEqual([0, expect.stringContaining('#7 is locked')])
      github.permissions = {contents: 'read', actions: 'read'}
      const refused = await reporting(github, env)
      expect([refused.code, refused.log]).toEqual([
        0,
        expect.stringMatching(/open pull requests could not be read \(403 .*pull-requests: write/)
      ])
      expect(github.comments).toEqual([])
    })
  })
})

describe('what strangers hand on', () => {
  test('that is larger than 1 MiB, or more than a hundred files, is refused before it is read', async () => {
    await withGitHub(async (github, env) => {
      pullsOf(github).push(PULL)
      const large = evidenceOf('evaluate', [{...PASSED, message: 'x'.repeat(1 << 20)}])
      const big = await reporting(github, env, {evidence: [large]})
      expect([big.code, big.log]).toEqual([1, expect.stringMatching(/evaluate-[0-9a-f]{12}\.json: .*1,?048,?576|1 MiB/)])
      const many = Array.from({length: 101}, (_, n) => evidenceOf('evaluate', [{...PASSED, id: `recall >= 0.${n + 1}`}]))
      const crowd = await reporting(github, env, {evidence: many})
      expect([crowd.code, crowd.log]).toEqual([1, expect.stringContaining('more than 100 evidence files')])
      expect(github.comments).toEqual([])
    })
  })

  test('renders as text and nothing else', async () => {
    await withGitHub(async (github, env) => {
      pullsOf(github).push(PULL)
      const message = '@octo/admins <img src=x onerror=alert(1)> [click](https://evil.example) ![](https://evil.example/x.png) fixes #1 ```'
      await reporting(github, env, {evidence: [evidenceOf('evaluate', [{...PASSED, verdict: 'fail', message}])]})
      const [{body}] = github.comments
      expect(body).not.toMatch(/@octo|(?<!\\)<img|\]\(https:\/\/evil|#1\b/)
      expect(body).toContain('evil')
    })
  })
})

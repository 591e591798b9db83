import {describe, expect, test} from 'vitest'
import {baseOf, finishedHead, finishedRun, parseEvent, pullRequestNumber, untrusted} from '#shared/event'

const HOME = {repository: {full_name: 'octo/wages'}}
const pull = (head: object | null, login = 'ada') => ({...HOME, pull_request: {number: 7, user: {login}, head: {repo: head}}})
const ended = (head: object | null, login = 'ada') => ({
  ...HOME,
  workflow_run: {id: 41, event: 'push', actor: {login}, head_repository: head}
})
const OURS = {full_name: 'octo/wages', fork: false}
const EVES = {full_name: 'eve/wages', fork: true}

describe('whose code ran', () => {
  test.each<[string, string, Readonly<Record<string, unknown>>, string | undefined]>([
    ['a push', 'push', {}, undefined],
    ['a pull request of a branch', 'pull_request', pull(OURS), undefined],
    ['a pull request of a fork', 'pull_request', pull(EVES), 'this pull request is from a fork'],
    ['the same with the rights of the base', 'pull_request_target', pull(EVES), 'this pull request is from a fork'],
    ['a review of a pull request of a fork', 'pull_request_review', pull(EVES), 'this pull request is from a fork'],
    ['a comment on a review', 'pull_request_review_comment', pull(EVES), 'this pull request is from a fork'],
    [
      'a comment on a pull request',
      'issue_comment',
      {issue: {pull_request: {}}},
      'a comment on a pull request started this run, so whose code it is can not be told'
    ],
    ['a pull request of a deleted fork', 'pull_request', pull(null), 'this pull request is from a deleted fork'],
    ['a fork that says that it is none', 'pull_request', pull({full_name: 'eve/wages', fork: false}), 'this pull request is from a fork'],
    ['Dependabot', 'pull_request', pull(OURS, 'dependabot[bot]'), 'this pull request is from Dependabot'],
    ['a pull request without a payload', 'pull_request', {}, 'this pull request is from a deleted fork'],
    ['a finished run of a branch', 'workflow_run', ended(OURS), undefined],
    ['a finished run of a fork', 'workflow_run', ended(EVES), 'the run that has ended is from a fork'],
    ['a finished run of a deleted fork', 'workflow_run', ended(null), 'the run that has ended is from a deleted fork'],
    ['a finished run of Dependabot', 'workflow_run', ended(OURS, 'dependabot[bot]'), 'the run that has ended is from Dependabot'],
    [
      'a finished run that a comment started',
      'workflow_run',
      {...ended(OURS), workflow_run: {...ended(OURS).workflow_run, event: 'issue_comment'}},
      'the run that has ended was started by issue_comment, so whose code it ran can not be told'
    ],
    ['a finished run without a payload', 'workflow_run', {}, 'the run that has ended is from a deleted fork']
  ])('%s', (_, name, payload, reason) => expect(untrusted({name, payload})).toBe(reason))
})

const [A, B] = ['a', 'b'].map(letter => letter.repeat(40))

test.each<[string, string, Readonly<Record<string, unknown>>, ReturnType<typeof baseOf>]>([
  [
    'a pull request',
    'pull_request',
    {pull_request: {base: {sha: A, ref: 'main'}, head: {sha: B}}},
    {kind: 'pull request', base: A, head: B, branch: 'main'}
  ],
  ['a push', 'push', {before: A, ref: 'refs/heads/main'}, {kind: 'push', before: A, branch: 'main'}],
  ['a push that made its branch', 'push', {before: '0'.repeat(40), ref: 'refs/heads/x'}, undefined],
  ['a pull request whose sha is none', 'pull_request', {pull_request: {base: {sha: 'main'}, head: {sha: B}}}, undefined],
  ['a schedule', 'schedule', {pull_request: {base: {sha: A}, head: {sha: B}}}, undefined]
])('the base of %s', (_, name, payload, base) => expect(baseOf({name, payload})).toEqual(base))

test('the head of a run that has ended is told of pull requests alone', () => {
  const run = {event: 'pull_request', head_sha: A, head_branch: 'better', head_repository: EVES}
  const head = (more: object) => finishedHead({name: 'workflow_run', payload: {workflow_run: {...run, ...more}}})
  expect(head({})).toEqual({sha: A, repository: 'eve/wages', branch: 'better'})
  expect(head({head_repository: null, head_branch: null})).toEqual({sha: A, repository: undefined, branch: undefined})
  expect([head({event: 'push'}), head({head_sha: 'x'}), finishedHead({name: 'push', payload: {workflow_run: run}})]).toEqual([
    undefined,
    undefined,
    undefined
  ])
})

test('the run that evidence is of is the finished one, and only under workflow_run', () => {
  expect(finishedRun({name: 'workflow_run', payload: ended(OURS)})).toEqual({runId: '41', attempt: 1})
  expect(finishedRun({name: 'workflow_run', payload: {workflow_run: {id: 41, run_attempt: 3}}})).toEqual({runId: '41', attempt: 3})
  expect(finishedRun({name: 'push', payload: ended(OURS)})).toBeUndefined()
  for (const id of ['41', 0, -1, 1.5, null]) expect(finishedRun({name: 'workflow_run', payload: {workflow_run: {id}}})).toBeUndefined()
})

test('a pull request is known by a whole number alone', () => {
  expect(pullRequestNumber({name: 'pull_request', payload: pull(OURS)})).toBe(7)
  for (const number of ['7', 0, 1.5, {}]) expect(pullRequestNumber({name: 'x', payload: {pull_request: {number}}})).toBeUndefined()
})

test('a payload that is torn is named with its file; one that is no object holds nothing', () => {
  expect(() => parseEvent('push', '{"ref": "refs', 'event.json')).toThrow('event.json: the event (GITHUB_EVENT_PATH) is not JSON')
  expect(parseEvent('push', '[]', 'event.json').name).toBe('push')
  expect(parseEvent('push', 'null', 'event.json')).toEqual({name: 'push', payload: {}})
})

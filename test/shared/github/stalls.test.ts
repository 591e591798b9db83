import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {baseCommits} from '#shared/github/base-commits'
import type {Access} from '#shared/github/client'
import {openContents} from '#shared/github/contents'
import {filesOf} from '../../support/github/contents.js'
import {type FakeGitHub, type Fault, fakeGitHub} from '../../support/github/fake.js'
import {growHistory, shaOf} from '../../support/github/history.js'

let fake: FakeGitHub
beforeEach(async () => {
  fake = await fakeGitHub()
  growHistory(fake, ['one', 'two', 'three'])
  growHistory(fake, ['mine'], 'two')
  filesOf(fake).set(`${shaOf('two')}:trainyard.yml`, 'name: wages\n')
})
afterEach(async () => {
  await fake.close()
  expect(fake.misfits).toEqual([])
})

const CALL_MS = 150
const BUDGET_MS = 10_000
let callMs = CALL_MS

function access(): Access {
  return {apiUrl: fake.url, token: 't', repository: 'octo/wages', callMs, budgetMs: BUDGET_MS, paced: false, secondMs: 1}
}

async function first<T>(all: AsyncIterable<T>): Promise<T | undefined> {
  for await (const one of all) return one
  return undefined
}

function commits() {
  const pull = {base: {sha: shaOf('three'), ref: 'main'}, head: {sha: shaOf('mine')}}
  const place = {env: {GITHUB_API_URL: fake.url}, event: {name: 'pull_request', payload: {pull_request: pull}}}
  return baseCommits({...place, run: {repository: 'octo/wages'}}, 't', access())
}

const read = {
  'a file at a commit': {
    path: /\/contents\//,
    ask: () => openContents(access()).file('trainyard.yml', shaOf('two')),
    answer: {blob: expect.stringMatching(/^[0-9a-f]{40}$/), text: 'name: wages\n'}
  },
  'whether a commit without the file is there': {
    path: /\/commits\?/,
    ask: () => openContents(access()).file('other.yml', shaOf('two')),
    answer: null
  },
  'the merge base': {
    path: /\/compare\//,
    ask: () => commits().start(),
    answer: {sha: shaOf('two'), name: 'the merge base with main'}
  },
  'the commits before it': {
    path: /\/commits\?/,
    ask: async () => (await first(commits().pages(shaOf('two'))))?.length,
    answer: 2
  }
} as const

const stalls: readonly Fault['answer'][] = ['stall', 'stall in the body', 'reset', 'cut']

describe.each(Object.entries(read))('%s', (_, {path, ask, answer}) => {
  test.each(stalls)('is asked for again where the call ends in a %s', async stall => {
    callMs = 4 * CALL_MS
    fake.faults.push({method: 'GET', path, answer: stall})
    const startedMs = performance.now()
    expect(await ask()).toEqual(answer)
    expect(fake.requests.filter(line => path.test(line)).length).toBeGreaterThan(1)
    expect(performance.now() - startedMs).toBeLessThan(BUDGET_MS)
  })

  test.each(['stall', 'stall in the body'] as const)('is given up where every call ends in a %s, each at its own limit', async stall => {
    callMs = CALL_MS
    fake.faults.push({method: 'GET', path, times: 99, answer: stall})
    const startedMs = performance.now()
    await expect(ask()).rejects.toThrow(/timeout|aborted|the time for GitHub is spent/i)
    const calls = fake.requests.filter(line => path.test(line)).length
    const tookMs = performance.now() - startedMs
    expect(calls).toBeGreaterThan(1)
    expect(tookMs).toBeGreaterThan(calls * CALL_MS * 0.9)
    expect(tookMs).toBeLessThan(BUDGET_MS)
  })
})

import {beforeEach, describe, expect, test} from 'vitest'
import {baseCommits} from '#shared/github/base-commits'
import type {FakeGitHub} from '../../support/github/fake.js'
import {growHistory, shaOf} from '../../support/github/history.js'
import {ownFake} from '../../support/github/own.js'

let fake: FakeGitHub
beforeEach(async () => {
  fake = await ownFake()
})

const pull = (base: string, head: string) => ({
  name: 'pull_request',
  payload: {pull_request: {base: {sha: shaOf(base), ref: 'main'}, head: {sha: shaOf(head)}}}
})
const push = (before: string) => ({name: 'push', payload: {before, ref: 'refs/heads/main'}})

function commits(event: {name: string; payload: object}, token: string | undefined = 't') {
  const place = {env: {GITHUB_API_URL: fake.url}, event: {...event, payload: {...event.payload}}, run: {repository: 'octo/wages'}}
  return baseCommits(place, token, {paced: false, secondMs: 1})
}

describe('where the commits before a run begin', () => {
  test('is the merge base of a pull request, in one call that asks for no files', async () => {
    growHistory(fake, ['one', 'two', 'three'])
    growHistory(fake, ['mine'], 'two')
    expect(await commits(pull('three', 'mine')).start()).toEqual({sha: shaOf('two'), name: 'the merge base with main'})
    expect(fake.requests).toEqual([`GET /repos/octo/wages/compare/${shaOf('three')}...${shaOf('mine')}?per_page=1&page=2`])
  })

  test('is what was there before a push, without a call', async () => {
    expect(await commits(push(shaOf('one'))).start()).toEqual({sha: shaOf('one'), name: 'the commit before this push'})
    expect(fake.requests).toEqual([])
  })

  test.each([
    ['a push that made its branch', push('0'.repeat(40))],
    ['a schedule', {name: 'schedule', payload: {}}],
    ['a terminal', {name: 'local', payload: {}}],
    ['a pull request without shas', {name: 'pull_request', payload: {pull_request: {base: {}, head: {}}}}]
  ])('is nowhere for %s', async (_, event) => {
    expect(await commits(event).start()).toEqual({
      none: 'this run is of no pull request and of no push to a branch that was there before'
    })
    expect(fake.requests).toEqual([])
  })

  test('is not known without a token, and the error says what to give', async () => {
    await expect(commits(pull('a', 'b'), '').start()).rejects.toMatchObject({
      message: 'there is no github-token to ask GitHub with for the commits before this one',
      hint: expect.stringContaining('${{ github.token }}')
    })
  })

  test.each([
    [403, 'contents: read'],
    [404, 'contents: read'],
    [401, 'valid github-token'],
    [502, 'later']
  ])('a %i of GitHub is told with what mends it', async (status, hint) => {
    fake.faults.push({method: 'GET', path: /compare/, times: 9, answer: {status, body: {message: 'no'}}})
    await expect(commits(pull('a', 'b')).start()).rejects.toMatchObject({
      message: `the commits of this repository could not be read (${status} no)`,
      hint: expect.stringContaining(hint)
    })
  })
})

describe('the commits themselves', () => {
  test('come nearest first, a hundred a call, and no more calls than there are', async () => {
    const shas = growHistory(
      fake,
      Array.from({length: 130}, (_, index) => `c${index}`)
    )
    const pages: string[][] = []
    for await (const page of commits(push(shaOf('c129'))).pages(shaOf('c129'))) pages.push(page.map(({sha}) => sha))
    expect(pages.map(({length}) => length)).toEqual([100, 30])
    expect(pages.flat()).toEqual(shas.toReversed())
    expect(fake.requests).toHaveLength(2)
  })

  test('end after ten calls, however many there are', async () => {
    growHistory(
      fake,
      Array.from({length: 1100}, (_, index) => `c${index}`)
    )
    let n = 0
    for await (const page of commits(push(shaOf('c1099'))).pages(shaOf('c1099'))) n += page.length
    expect([n, fake.requests.length]).toEqual([1000, 10])
  })
})

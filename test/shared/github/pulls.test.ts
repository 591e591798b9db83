import {beforeEach, expect, test} from 'vitest'
import {findPull} from '#shared/github/pulls'
import type {FakeGitHub} from '../../support/github/fake.js'
import {ownFake} from '../../support/github/own.js'
import {type FakeOpenPull, pullsOf} from '../../support/github/pulls.js'

let fake: FakeGitHub
beforeEach(async () => {
  fake = await ownFake()
})

const SHA = 'c'.repeat(40)
const PULL: FakeOpenPull = {number: 7, headSha: SHA, headRef: 'better', headRepository: 'mona/wages'}
const HEAD = {sha: SHA, repository: 'mona/wages', branch: 'better'}

const find = (head: Parameters<typeof findPull>[1] = HEAD) =>
  findPull({apiUrl: fake.url, token: 't', repository: 'octo/wages', paced: false, secondMs: 1}, head)

test('the open pull request of this commit of this repository is found in one call', async () => {
  pullsOf(fake).push({...PULL, number: 3, headSha: 'd'.repeat(40)}, {...PULL, number: 4, headRef: 'other'}, PULL)
  expect(await find()).toBe(7)
  expect(fake.requests).toEqual(['GET /repos/octo/wages/pulls?state=open&per_page=100&head=mona%3Abetter'])
})

test('among all open ones where the event names no branch, page by page', async () => {
  for (let number = 100; number < 230; number++) pullsOf(fake).push({...PULL, number, headSha: 'd'.repeat(40)})
  pullsOf(fake).push(PULL)
  expect(await find({...HEAD, branch: undefined})).toBe(7)
  expect(fake.requests).toHaveLength(2)
})

test.each([
  ['none is open', [{...PULL, state: 'closed'}], {}, 'no open pull request has commit cccccccccccc of mona/wages as its head'],
  ['its branch has moved on', [{...PULL, headSha: 'e'.repeat(40)}], {}, 'no open pull request has commit cccccccccccc'],
  ['the commit is the head of another fork alone', [{...PULL, headRepository: 'mona/other'}], {}, 'no open pull request has commit'],
  ['two have the commit', [PULL, {...PULL, number: 9}], {}, '#7 and #9 have commit cccccccccccc of mona/wages as their head'],
  ['the fork is gone in the event', [PULL], {repository: undefined}, 'the fork that the run was of has been deleted']
] satisfies [string, FakeOpenPull[], object, string][])('nothing is guessed where %s', async (_, pulls, head, message) => {
  pullsOf(fake).push(...pulls)
  await expect(find({...HEAD, ...head})).rejects.toThrow(message)
})

test('a pull request whose fork is gone is nobody’s', async () => {
  pullsOf(fake).push({...PULL, headRepository: null})
  await expect(find({...HEAD, branch: undefined})).rejects.toThrow('no open pull request has commit')
  // GitHub answers null there, which its description leaves out.
  expect(fake.misfits.splice(0)).toEqual(!fake.checked ? [] : ['GET /repos/{owner}/{repo}/pulls 200/0/head/repo: must be object'])
})

test('a refusal says which permission is missing', async () => {
  fake.permissions = {contents: 'read'}
  await expect(find()).rejects.toMatchObject({
    message: expect.stringMatching(/^the open pull requests could not be read \(403/),
    hint: expect.stringContaining('pull-requests: write')
  })
})

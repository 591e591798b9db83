import {afterEach, beforeEach, expect, test} from 'vitest'
import {openCommits} from '#shared/github/commits'
import {openReviews} from '#shared/github/reviews'
import {commitsOf} from '../../support/github/commit-pulls.js'
import {type FakeGitHub, fakeGitHub} from '../../support/github/fake.js'
import {reviewsOf} from '../../support/github/reviews.js'

let github: FakeGitHub

beforeEach(async () => {
  github = await fakeGitHub()
})

afterEach(async () => {
  await github.close()
  expect(github.misfits).toEqual([])
})

const SHA = 'a'.repeat(40)
const access = () => ({apiUrl: github.url, token: 't', repository: 'octo/wages', secondMs: 10, paced: false, fetch})

test('an environment comes with its name as written, its id and how many may approve', async () => {
  const {environments} = reviewsOf(github)
  environments.set('Production', ['grace', 'linus'])
  environments.set('free for all/2', [])
  const reviews = openReviews(access())
  expect(await reviews.environment('production')).toEqual({name: 'Production', id: 161_088_068, reviewers: 2})
  expect(await reviews.environment('free for all/2')).toMatchObject({reviewers: 0})
  expect(await reviews.environment('staging')).toBeUndefined()
})

test('the reviews of a run are read with their states, and only those', async () => {
  const said = {environment: 'production', state: 'approved', by: 'grace', comment: 'fine'} as const
  reviewsOf(github).reviews.set('7', [said, {...said, state: 'rejected', by: 'linus', comment: ''}])
  expect(await openReviews(access()).reviews('7')).toEqual([
    {environments: ['production'], state: 'approved', by: 'grace', comment: 'fine'},
    {environments: ['production'], state: 'rejected', by: 'linus', comment: ''}
  ])
  expect(await openReviews(access()).reviews('8')).toEqual([])
})

test.each<[string, unknown, string]>([
  ['a page of HTML', '<html>sign in</html>', 'an answer that is not GitHub’s'],
  ['an object', {total: 0}, 'an answer that is not a list of approvals'],
  ['a state of another kind', [{environments: [{name: 'production'}], state: 'maybe', user: {login: 'grace'}}], 'not a list of approvals'],
  [
    'an approval by nobody',
    [{environments: [{name: 'production'}], state: 'approved', user: null, comment: ''}],
    'not a list of approvals'
  ],
  ['an approval of nothing', [{environments: [{}], state: 'approved', user: {login: 'grace'}}], 'not a list of approvals']
])('%s is no list of approvals', async (_, body, message) => {
  const answer = {status: 200, body: body as object, headers: {'content-type': typeof body === 'string' ? 'text/html' : 'application/json'}}
  github.faults.push({method: 'GET', path: /approvals$/, times: 9, answer})
  await expect(openReviews({...access(), budgetMs: 3000}).reviews('7')).rejects.toThrow(message)
})

test('a commit has its author and the pull requests that it came by', async () => {
  const pull = {number: 7, author: 'ada', merged: true, mergeSha: SHA}
  commitsOf(github).set(SHA, {author: 'ada', pulls: [pull, {number: 8, author: null, merged: false, mergeSha: null}]})
  commitsOf(github).set('b'.repeat(40), {author: null, pulls: []})
  const commits = openCommits(access())
  expect(await commits.author(SHA)).toBe('ada')
  expect(await commits.pulls(SHA)).toEqual([pull, {number: 8, author: undefined, merged: false, mergeSha: undefined}])
  expect(await commits.author('b'.repeat(40))).toBeUndefined()
  await expect(commits.author('c'.repeat(40))).rejects.toThrow('commit cccccccccccc could not be read (404 Not Found)')
})

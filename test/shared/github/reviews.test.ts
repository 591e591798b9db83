import {beforeEach, expect, test} from 'vitest'
import {openCommits} from '#shared/github/commits'
import {openReviews} from '#shared/github/reviews'
import {commitsOf} from '../../support/github/commit-pulls.js'
import type {FakeGitHub} from '../../support/github/fake.js'
import {ownFake} from '../../support/github/own.js'
import {reviewsOf} from '../../support/github/reviews.js'

let github: FakeGitHub
beforeEach(async () => {
  github = await ownFake()
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
  expect(await commits.commit(SHA)).toEqual({sha: SHA, author: 'ada', committer: 'web-flow'})
  expect(await commits.pulls(SHA)).toEqual([pull, {number: 8, author: undefined, merged: false, mergeSha: undefined}])
  expect((await commits.commit('b'.repeat(40))).author).toBeUndefined()
  await expect(commits.commit('c'.repeat(40))).rejects.toThrow('commit cccccccccccc could not be read (404 Not Found)')
})

/** A pull request #7 of so many commits. */
function pullOf(count: number): void {
  const commits = Array.from({length: count}, (_, index) => ({
    sha: String(index).padStart(40, '0'),
    author: `writer-${index}`,
    committer: null
  }))
  commitsOf(github).set(SHA, {author: 'ada', pulls: [{number: 7, author: 'ada', merged: true, mergeSha: SHA, commits}]})
}

test.each([
  [1, 1],
  [100, 2],
  [249, 3],
  [250, 4]
])('all %d commits of a pull request are read in %d calls', async (count, calls) => {
  pullOf(count)
  const found = await openCommits(access()).ofPull(7)
  expect([found.length, found.at(-1)]).toEqual([count, {sha: String(count - 1).padStart(40, '0'), author: `writer-${count - 1}`}])
  expect(github.requests).toHaveLength(calls)
})

test('a pull request of more commits than GitHub shows is refused, and so is one that the token does not see', async () => {
  pullOf(251)
  const commits = openCommits(access())
  await expect(commits.ofPull(7)).rejects.toThrow(
    "pull request #7: has 251 commits, of which GitHub shows 250: who made the others can't be told"
  )
  await expect(commits.ofPull(8)).rejects.toThrow('the commits of pull request #8 could not be read (404 Not Found)')
  github.permissions = {contents: 'read'}
  await expect(commits.ofPull(7)).rejects.toMatchObject({hint: 'Add to the job:\npermissions:\n  pull-requests: read'})
})

test('a commit that came by a hundred pull requests may have come by more, and is refused', async () => {
  const pulls = Array.from({length: 100}, (_, index) => ({number: index + 1, author: 'ada', merged: true, mergeSha: null}))
  commitsOf(github).set(SHA, {author: 'ada', pulls})
  await expect(openCommits(access()).pulls(SHA)).rejects.toThrow('the pull requests of commit aaaaaaaaaaaa could not be read (100 of them')
})

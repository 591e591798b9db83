import {expect, test} from 'vitest'
import {UserError} from '#shared/errors'
import type {PullOfCommit} from '#shared/github/commits'
import type {Review} from '#shared/github/reviews'
import {type Asked, commitsBehind, type People, readApprovals} from '../../../actions/deploy-canary/src/approval.js'

const SHA = 'a'.repeat(40)
const RUN = 'https://github.com/octo/wages/actions/runs/7'
const ASKED: Asked = {
  environment: 'production',
  notAuthor: false,
  name: 'wages',
  release: {version: 'v12', digest: 'd'.repeat(64)},
  manifest: {runUrl: RUN, by: 'ada'},
  commits: [SHA],
  run: {runId: '7', url: RUN},
  actors: ['ada'],
  event: {name: 'push', payload: {}},
  settings: 'https://github.com/octo/wages/settings/environments'
}
const APPROVED: Review = {environments: ['production'], state: 'approved', by: 'grace', comment: 'looks good'}

interface Scene {
  readonly reviewers?: number | null
  readonly reviews?: readonly Review[]
  readonly author?: string
  readonly pulls?: readonly PullOfCommit[]
}

/** GitHub as literals, and what was asked of it. */
function people(scene: Scene = {}): People & {readonly asked: string[]} {
  const {reviewers = 1, reviews = [APPROVED], pulls = []} = scene
  const author = 'author' in scene ? scene.author : 'ada'
  const asked: string[] = []
  const answer = async <T>(line: string, value: T): Promise<T> => {
    asked.push(line)
    return value
  }
  return {
    asked,
    reviews: {
      environment: name => answer(`environment ${name}`, reviewers === null ? undefined : {name, id: 5, reviewers}),
      reviews: run => answer(`reviews ${run}`, reviews)
    },
    commits: {author: sha => answer(`author ${sha}`, author), pulls: sha => answer(`pulls ${sha}`, pulls)}
  }
}

async function refusal(scene: Scene, more: Partial<Asked> = {}): Promise<string> {
  const error = await readApprovals(people(scene), {...ASKED, ...more}).catch(cause => cause)
  expect(error).toBeInstanceOf(UserError)
  return `${error.message}\n${error.hint}`
}

const dispatch = (version: unknown) => ({name: 'workflow_dispatch', payload: {inputs: {version}}})
const ELSEWHERE = {manifest: {runUrl: 'https://github.com/octo/wages/actions/runs/6', by: 'ada'}}

test('who approved this version for this environment is handed on with what they wrote', async () => {
  const other = {environments: ['staging'], state: 'approved', by: 'linus', comment: ''} as const
  const both = {environments: ['staging', 'Production'], state: 'approved', by: 'barbara', comment: 'x'.repeat(3000)} as const
  expect(await readApprovals(people({reviews: [other, APPROVED, both]}), ASKED)).toEqual([
    {environment: 'production', by: 'grace', comment: 'looks good'},
    {environment: 'production', by: 'barbara', comment: 'x'.repeat(2000)}
  ])
})

test('a version of another run counts only where it stood in the inputs itself', async () => {
  expect(await readApprovals(people(), {...ASKED, ...ELSEWHERE, event: dispatch('v12')})).toHaveLength(1)
})

test.each<[string, Partial<Asked>, string]>([
  ['of another run', ELSEWHERE, 'was published by https://github.com/octo/wages/actions/runs/6, not by this run'],
  ['of no run', {manifest: {runUrl: '', by: 'ada'}, run: {runId: '7', url: ''}}, 'was published elsewhere, not by this run'],
  ['of another run under an alias', {...ELSEWHERE, event: dispatch('candidate')}, 'and the input version says candidate'],
  ['of another run beside another input', {...ELSEWHERE, event: dispatch('v11')}, 'and the input version says v11'],
  ['of another run with inputs of nothing', {...ELSEWHERE, event: {name: 'workflow_dispatch', payload: {inputs: null}}}, 'not by this run'],
  ['in the payload of another event', {...ELSEWHERE, event: {...dispatch('v12'), name: 'repository_dispatch'}}, 'not by this run']
])('a version %s is refused before anybody is asked', async (_, more, message) => {
  const github = people()
  const error = await readApprovals(github, {...ASKED, ...more}).catch(cause => cause)
  expect(error.message).toContain(`wages v12: was published`)
  expect(error.message).toContain(message)
  expect(error.hint).toContain('workflow_dispatch, whose input version is v12 itself')
  expect(github.asked).toEqual([])
})

test('an environment that asks nobody is an error that says where reviewers are set', async () => {
  expect(await refusal({reviewers: 0})).toBe(
    'environment production: has no required reviewers, so nobody was asked\n' +
      'Set them under Settings → Environments → production, Required reviewers: https://github.com/octo/wages/settings/environments/5/edit. ' +
      'In a private repository that needs GitHub Enterprise.'
  )
  expect(await refusal({reviewers: null})).toMatch(
    /^environment production: the repository has none of this name\n.*settings\/environments\. In a private repository/
  )
})

test.each<[string, readonly Review[], string]>([
  ['nobody', [], 'this run has no approval at all'],
  ['nobody of this environment', [{...APPROVED, environments: ['staging']}], 'this run has approvals for staging alone'],
  ['one who rejected', [{...APPROVED, state: 'rejected', by: 'linus'}], 'rejected by linus'],
  ['one who has yet to decide', [{...APPROVED, state: 'pending'}], 'this run has no approval at all']
])('an approval by %s is none', async (_, reviews, message) => {
  const text = await refusal({reviews})
  expect(text).toContain('v12: nobody approved it for production')
  expect(text).toContain(message)
  expect(text).toContain(`one of its reviewers must approve in ${RUN}. Skipping the rules as an administrator is no approval.`)
})

test('a rejection in an earlier attempt does not outlast the approval of a later one', async () => {
  const rejected: Review = {...APPROVED, state: 'rejected', by: 'linus'}
  expect((await readApprovals(people({reviews: [rejected, APPROVED]}), ASKED)).map(({by}) => by)).toEqual(['grace'])
})

test.each<[string, Scene, Partial<Asked>, string]>([
  ['wrote the commit', {author: 'Grace'}, {}, 'grace approved it for production and wrote commit aaaaaaaaaaaa'],
  ['opened its pull request', {pulls: [{number: 9, author: 'grace', merged: true}]}, {}, 'and opened #9'],
  ['started the run', {}, {actors: ['ada', 'grace']}, 'and started this run'],
  ['published the version', {}, {manifest: {runUrl: RUN, by: 'grace'}}, 'and published wages v12'],
  ['is one of two', {reviews: [{...APPROVED, by: 'linus'}, APPROVED], author: 'grace'}, {}, 'grace approved it']
])('with approver-is-not-author an approver who %s is refused', async (_, scene, more, message) => {
  expect(await refusal(scene, {notAuthor: true, ...more})).toContain(message)
  expect(await readApprovals(people(scene), {...ASKED, ...more})).not.toEqual([])
})

test('with approver-is-not-author somebody else passes, and a commit of no account does not', async () => {
  const pulls = [{number: 9, merged: true}]
  expect(await readApprovals(people({pulls}), {...ASKED, notAuthor: true})).toHaveLength(1)
  expect(await refusal({author: undefined}, {notAuthor: true})).toContain('commit aaaaaaaaaaaa: its author belongs to no account on GitHub')
})

test('the commits behind a version are the run’s and those that its evidence names, of this repository alone', () => {
  const document = (run: unknown) => ({bytes: Buffer.from(JSON.stringify({run}))})
  const run = {repository: 'octo/wages', sha: SHA}
  const documents = [
    document({repository: 'octo/wages', sha: 'b'.repeat(40)}),
    document({repository: 'octo/wages', sha: SHA}),
    document({repository: 'eve/wages', sha: 'c'.repeat(40)}),
    document({repository: 'octo/wages', sha: '../../x'}),
    document(undefined)
  ]
  expect(commitsBehind(documents, run)).toEqual([SHA, 'b'.repeat(40)])
})

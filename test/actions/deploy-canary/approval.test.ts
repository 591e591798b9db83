import {describe, expect, test} from 'vitest'
import {UserError} from '#shared/errors'
import type {MadeCommit, PullOfCommit} from '#shared/github/commits'
import type {Review} from '#shared/github/reviews'
import {type Asked, type People, readApprovals} from '../../../actions/deploy-canary/src/approval.js'
import {commitsBehind} from '../../../actions/deploy-canary/src/authors.js'

const SHA = 'a'.repeat(40)
const RUN = 'https://github.com/octo/wages/actions/runs/7'
const ASKED: Asked = {
  environment: 'production',
  notAuthor: false,
  name: 'wages',
  release: {version: 'v12', digest: 'd'.repeat(64)},
  wanted: 'v12',
  manifest: {runUrl: RUN, attempt: 1, by: 'ada'},
  commits: [SHA],
  run: {runId: '7', attempt: 1, url: RUN},
  actors: ['ada'],
  event: {name: 'push', payload: {}},
  settings: 'https://github.com/octo/wages/settings/environments'
}
const APPROVED: Review = {environments: ['production'], state: 'approved', by: 'grace', comment: 'looks good'}

interface Scene {
  readonly reviewers?: number | null
  readonly reviews?: readonly Review[]
  readonly author?: string
  readonly committer?: string
  readonly pulls?: readonly PullOfCommit[]
  /** by the number of their pull request */
  readonly brought?: Readonly<Record<number, readonly MadeCommit[]>>
}

/** GitHub as literals, and what was asked of it. */
function people(scene: Scene = {}): People & {readonly asked: string[]} {
  const {reviewers = 1, reviews = [APPROVED], pulls = [], brought = {}} = scene
  const made = {author: 'ada', committer: 'web-flow', ...scene}
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
    commits: {
      commit: sha => answer(`commit ${sha}`, {sha, author: made.author, committer: made.committer}),
      pulls: sha => answer(`pulls ${sha}`, pulls),
      ofPull: number => answer(`commits of #${number}`, brought[number] ?? [])
    }
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
  ['of no run', {manifest: {runUrl: '', by: 'ada'}, run: {runId: '7', attempt: 1, url: ''}}, 'was published elsewhere, not by this run'],
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
  ['one who has yet to decide', [{...APPROVED, state: 'pending'}], 'this run has no approval at all']
])('an approval by %s is none', async (_, reviews, message) => {
  const text = await refusal({reviews})
  expect(text).toContain('v12: nobody approved it for production')
  expect(text).toContain(message)
  expect(text).toContain(`one of its reviewers must approve in ${RUN}. Skipping the rules as an administrator is no approval.`)
})

test('a run that somebody rejected stays rejected, whatever else was said in it', async () => {
  const rejected: Review = {...APPROVED, state: 'rejected', by: 'linus'}
  const hint = 'Start a new run (workflow_dispatch with version: v12): GitHub does not say which review of a run came last.'
  expect(await refusal({reviews: [rejected]})).toBe(`v12: was rejected for production by linus in this run\n${hint}`)
  for (const reviews of [
    [rejected, APPROVED],
    [APPROVED, {...rejected, environments: ['staging', 'Production']}]
  ])
    expect(await refusal({reviews})).toBe(
      `v12: was rejected for production by linus in this run, which the approval by grace does not undo\n${hint}`
    )
  const elsewhere = {...rejected, environments: ['staging']}
  expect(await readApprovals(people({reviews: [elsewhere, APPROVED]}), ASKED)).toHaveLength(1)
})

describe('in a later attempt of the run', () => {
  const second = {...ASKED.run, attempt: 2}
  const published = (attempt: number | undefined) => ({runUrl: RUN, attempt, by: 'ada'})
  const saying = (comment: string) => [{...APPROVED, comment}]

  test.each<[string, Partial<Asked>]>([
    ['that the first one published and the workflow names', {}],
    ['that a later one published, in a dispatch that names it', {manifest: published(2), event: dispatch('v12')}],
    ['of another run, in a dispatch that names it', {...ELSEWHERE, event: dispatch('v12')}]
  ])('every approval is of a version %s', async (_, more) => {
    expect(await readApprovals(people(), {...ASKED, run: second, ...more})).toHaveLength(1)
  })

  test.each<[string, Partial<Asked>, string]>([
    ['that a later one published', {manifest: published(2)}, 'v12 was published by attempt 2'],
    ['of which no attempt is kept', {manifest: published(undefined)}, 'which attempt published v12 is not kept'],
    ['that an alias names', {wanted: 'candidate'}, 'version is the alias candidate, which a later attempt may have moved'],
    ['that an attempt to come published', {run: ASKED.run, manifest: published(2)}, 'v12 was published by attempt 2']
  ])('an approval that does not name a version %s may be of another', async (_, more, message) => {
    const asked = {...ASKED, run: second, ...more}
    for (const reviews of [
      saying('looks good'),
      saying('v120, v12.1 and rev12'),
      [{...APPROVED, comment: 'v12', environments: ['staging']}, APPROVED]
    ]) {
      const text = await refusal({reviews}, asked)
      expect(text).toContain(`v12: whether grace approved it for production, or another version in an earlier attempt, can't be told`)
      expect(text).toContain(message)
      expect(text).toContain('write v12 into the comment of the approval, or start a new run')
    }
    for (const comment of ['v12', 'Ship v12.', 'go: wages@v12, as "v12"!'])
      expect(await readApprovals(people({reviews: saying(comment)}), asked)).toEqual([{environment: 'production', by: 'grace', comment}])
  })

  test('those that name it count alone', async () => {
    const named = {...APPROVED, by: 'barbara', comment: 'v12 it is'}
    const found = await readApprovals(people({reviews: [APPROVED, named]}), {
      ...ASKED,
      run: second,
      manifest: published(2),
      notAuthor: true
    })
    expect(found.map(({by}) => by)).toEqual(['barbara'])
  })

  test('of a first version nothing is kept, and the first attempt has no older approvals', async () => {
    expect(await readApprovals(people(), {...ASKED, manifest: published(undefined), wanted: 'candidate'})).toHaveLength(1)
  })
})

const NINE = {number: 9, author: 'ada', merged: true}
const by = (author: string, committer = 'web-flow'): MadeCommit => ({sha: 'c'.repeat(40), author, committer})
const BY_ADA = {sha: 'e'.repeat(40), author: 'ada', committer: 'ada'}

test.each<[string, Scene, Partial<Asked>, string]>([
  ['wrote the commit', {author: 'Grace'}, {}, 'grace approved it for production and wrote commit aaaaaaaaaaaa'],
  ['committed it', {committer: 'Grace'}, {}, 'grace approved it for production and committed aaaaaaaaaaaa'],
  ['opened its pull request', {pulls: [{number: 9, author: 'grace', merged: true}]}, {}, 'and opened #9'],
  ['wrote another commit of it', {pulls: [NINE], brought: {9: [BY_ADA, by('grace')]}}, {}, 'and wrote commit cccccccccccc of #9'],
  ['committed another of it', {pulls: [NINE], brought: {9: [BY_ADA, by('linus', 'Grace')]}}, {}, 'and committed cccccccccccc of #9'],
  [
    'wrote one of an open pull request',
    {pulls: [{...NINE, merged: false}], brought: {9: [by('grace')]}},
    {},
    'wrote commit cccccccccccc of #9'
  ],
  ['started the run', {}, {actors: ['ada', 'grace']}, 'and started this run'],
  ['published the version', {}, {manifest: {runUrl: RUN, by: 'grace'}}, 'and published wages v12'],
  ['is one of two', {reviews: [{...APPROVED, by: 'linus'}, APPROVED], author: 'grace'}, {}, 'grace approved it']
])('with approver-is-not-author an approver who %s is refused', async (_, scene, more, message) => {
  expect(await refusal(scene, {notAuthor: true, ...more})).toContain(message)
  expect(await readApprovals(people(scene), {...ASKED, ...more})).not.toEqual([])
})

test('with approver-is-not-author somebody else passes, and who can not be told from them does not', async () => {
  const pulls = [NINE, {number: 8, author: 'grace2', merged: false}]
  const github = people({pulls, brought: {9: [BY_ADA, by('linus')], 8: [by('grace')]}})
  expect(await readApprovals(github, {...ASKED, notAuthor: true})).toHaveLength(1)
  expect(github.asked.filter(line => line.startsWith('commits of'))).toEqual(['commits of #9'])
  expect(await refusal({author: undefined}, {notAuthor: true})).toContain('commit aaaaaaaaaaaa: its author belongs to no account on GitHub')
  expect(await refusal({committer: undefined}, {notAuthor: true})).toContain('commit aaaaaaaaaaaa: its committer belongs to no account')
  const brought = {9: [BY_ADA, {sha: 'c'.repeat(40), committer: 'web-flow'}]}
  expect(await refusal({pulls: [NINE], brought}, {notAuthor: true})).toContain(
    'commit cccccccccccc of #9: its author belongs to no account'
  )
})

test('each pull request is read once, and no more than ten of them', async () => {
  const merged = (count: number) => Array.from({length: count}, (_, index) => ({...NINE, number: index + 1}))
  const github = people({pulls: merged(10)})
  await readApprovals(github, {...ASKED, commits: [SHA, 'b'.repeat(40)], notAuthor: true})
  expect(github.asked).toHaveLength(2 + 2 * 2 + 10)
  expect(await refusal({pulls: merged(11)}, {notAuthor: true})).toContain('v12: its commits came by 11 pull requests')
})

test('of many deeds a few are named', async () => {
  const many = Array.from({length: 200}, (_, index) => ({...by('grace'), sha: String(index).padEnd(40, '.')}))
  const text = await refusal({pulls: [NINE], brought: {9: many}}, {notAuthor: true})
  expect(text).toMatch(/and wrote commit 0\.{11} of #9, .* and 196 more\n/)
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

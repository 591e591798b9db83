import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {folderStores} from '#shared/registry/folder'
import {registryOn} from '#shared/registry/registry'
import {openYard, publish, type Yard} from '../../support/canary.js'
import {commitsOf} from '../../support/github/commit-pulls.js'
import {filesOf} from '../../support/github/contents.js'
import {type FakeGitHub, fakeGitHub} from '../../support/github/fake.js'
import {type FakeReview, reviewsOf} from '../../support/github/reviews.js'
import {compileStep, type Step, step} from './runner.js'

compileStep()

const SHA = 'a'.repeat(40)
const APPROVED: FakeReview = {environment: 'production', state: 'approved', by: 'grace', comment: 'looks good'}

interface Scene {
  readonly yard: Yard
  readonly github: FakeGitHub
  readonly digest: string
  /** the deploy job of run 7 */
  run(inputs?: Readonly<Record<string, string>>, env?: Readonly<Record<string, string>>): Promise<Step>
}

/** A first version that run 7 published, an environment with a reviewer, and GitHub beside them. */
async function scene({reviews = [APPROVED]}: {reviews?: FakeReview[]} = {}): Promise<Scene> {
  const yard = await openYard()
  const github = await fakeGitHub()
  onTestFinished(async () => {
    await github.close()
    expect(github.misfits).toEqual([])
  })
  reviewsOf(github).environments.set('production', ['grace'])
  reviewsOf(github).reviews.set('7', reviews)
  commitsOf(github).set(SHA, {author: 'ada', pulls: [{number: 9, author: 'linus', merged: true, mergeSha: SHA}]})
  const stores = folderStores(yard.root, yard.root, {now: () => new Date()})
  const runUrl = 'https://github.com/octo/wages/actions/runs/7'
  const registry = registryOn(stores, {now: () => new Date(), random: Math.random, by: 'ada', runUrl})
  const {digest} = await publish({registry, folder: yard.folder}, {score: 0.2})
  const given = {'require-approval': 'true', environment: 'production', 'github-token': 'token-of-the-job'}
  const around = {GITHUB_REPOSITORY: 'octo/wages', GITHUB_API_URL: github.url, GITHUB_SHA: SHA, GITHUB_ACTOR: 'ada', no_proxy: '127.0.0.1'}
  return {yard, github, digest, run: (inputs, env) => step(yard, {inputs: {...given, ...inputs}, env: {...around, ...env}})}
}

test('an approved version is deployed, and the registry, the evidence and the log say by whom', async () => {
  const {yard, run} = await scene()
  const {code, outputs, evidence} = await run()
  expect([code, outputs.result]).toEqual([0, 'promoted'])
  expect(evidence?.checks).toContainEqual({
    id: 'approval',
    verdict: 'pass',
    message: 'v1 was approved for production by grace ("looks good")'
  })
  expect(evidence?.facts).toContainEqual({name: 'approved by', value: 'grace'})
  expect((await yard.registry.log('wages')).at(-1)).toMatchObject({
    event: 'promoted',
    version: 'v1',
    approvals: [{environment: 'production', by: 'grace', comment: 'looks good'}]
  })
})

test.each<[string, Parameters<Scene['run']>, (github: FakeGitHub) => void, readonly string[]]>([
  ['without an approval', [], github => reviewsOf(github).reviews.clear(), ['nobody approved it for production']],
  [
    'for an environment without reviewers',
    [],
    github => reviewsOf(github).environments.set('production', []),
    ['has no required reviewers', 'github.com/octo/wages/settings/environments/161088068/edit', 'GitHub Enterprise']
  ],
  [
    'without the permission to ask',
    [],
    github => {
      github.permissions = {contents: 'write'}
    },
    ['could not be read (403 Resource not accessible by integration)', '%0Apermissions:%0A  actions: read']
  ],
  [
    'without the permission to read pull requests',
    [{'approver-is-not-author': 'true'}],
    github => {
      github.permissions = {contents: 'write', actions: 'read'}
    },
    ['the pull requests of commit aaaaaaaaaaaa could not be read', 'pull-requests: read']
  ],
  [
    'approved by who proposed it',
    [{'approver-is-not-author': 'true'}],
    github => reviewsOf(github).reviews.set('7', [{...APPROVED, by: 'linus'}]),
    ['linus approved it for production and opened #9']
  ],
  [
    'that somebody rejected as well',
    [],
    github => reviewsOf(github).reviews.set('7', [APPROVED, {...APPROVED, state: 'rejected', by: 'linus'}]),
    ['v1: was rejected for production by linus in this run', 'Start a new run']
  ],
  [
    'approved in one of two attempts, nobody knows which',
    [{}, {GITHUB_RUN_ATTEMPT: '2'}],
    () => undefined,
    ['this is attempt 2, and which attempt published v1 is not kept', 'write v1 into the comment of the approval']
  ],
  [
    'approved by who wrote a commit of its pull request',
    [{'approver-is-not-author': 'true'}],
    github =>
      commitsOf(github).set(SHA, {
        author: 'ada',
        pulls: [{number: 9, author: 'linus', merged: true, mergeSha: SHA, commits: [{sha: 'c'.repeat(40), author: 'grace'}]}]
      }),
    ['grace approved it for production and wrote commit cccccccccccc of #9']
  ],
  [
    'approved by who started it again',
    [{'approver-is-not-author': 'true'}, {GITHUB_TRIGGERING_ACTOR: 'grace'}],
    () => undefined,
    ['grace approved it for production and started this run']
  ],
  ['of another run', [{}, {GITHUB_RUN_ID: '8'}], () => undefined, ['was published by https://github.com/octo/wages/actions/runs/7']],
  ['with nobody named', [{environment: ''}], () => undefined, ['environment: required with require-approval']],
  ['without a token', [{'github-token': ''}], () => undefined, ['there is no github-token, so nobody can have approved']],
  [
    'with half of the demand',
    [{'require-approval': 'false', 'approver-is-not-author': 'true'}],
    () => undefined,
    ['nobody is asked without require-approval: true']
  ]
])('a version %s is refused, and nothing is touched', async (_, given, change, messages) => {
  const {yard, github, run} = await scene()
  change(github)
  const {code, log, evidence} = await run(...given)
  expect([code, evidence?.verdict]).toEqual([1, 'error'])
  for (const message of messages) expect(log).toContain(message)
  expect(log).not.toContain('    at ')
  expect(await yard.registry.readState(yard.key())).toBeNull()
  expect(yard.served.serving.versions.list()).toEqual([])
})

test('a version of an earlier run that stood in the inputs of a dispatch is deployed', async () => {
  const {yard, github, run} = await scene()
  reviewsOf(github).reviews.set('8', [APPROVED])
  const event = join(yard.folder, 'event.json')
  await writeFile(event, JSON.stringify({inputs: {version: 'v1'}}))
  const {code, outputs} = await run({version: 'v1'}, {GITHUB_RUN_ID: '8', GITHUB_EVENT_NAME: 'workflow_dispatch', GITHUB_EVENT_PATH: event})
  expect([code, outputs.result]).toEqual([0, 'promoted'])
})

test('a push that gives a rollout more time than the commit before is warned of, and an unknown input there is said', async () => {
  const {yard, github, run} = await scene()
  const before = 'b'.repeat(40)
  const event = join(yard.folder, 'event.json')
  await writeFile(join(yard.folder, 'trainyard.yml'), 'deadline: 2h\n')
  await writeFile(event, JSON.stringify({ref: 'refs/heads/main', before}))
  const env = {GITHUB_WORKSPACE: yard.folder, GITHUB_EVENT_NAME: 'push', GITHUB_EVENT_PATH: event}
  const warned = async (file: string) => {
    filesOf(github).set(`${before}:trainyard.yml`, file)
    const {code, evidence} = await run({}, env)
    expect(code).toBe(0)
    return evidence?.checks.filter(({id}) => /^(?:policy|base)_/.test(id))
  }
  expect(await warned('deadline: 1h\n')).toEqual([
    {id: 'policy_loosened: deadline', verdict: 'warn', message: 'deadline: 1h of main before this push is now 2h'}
  ])
  expect(await warned('deploy-canary: {patience: 1h}\n')).toMatchObject([
    {id: 'base_not_compared', verdict: 'warn', message: expect.stringContaining('"patience" is not an input of deploy-canary')}
  ])
})

test('what serves already is asked of nobody: nothing moves', async () => {
  const {github, run} = await scene()
  await run()
  reviewsOf(github).reviews.clear()
  const asked = github.requests.length
  const {code, evidence} = await run({}, {GITHUB_RUN_ID: '9'})
  expect([code, evidence?.checks.map(({id}) => id)]).toEqual([0, ['already_serving']])
  expect(github.requests).toHaveLength(asked)
})

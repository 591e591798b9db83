import {mkdtemp, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {openYard} from '../../support/canary.js'
import {TOKEN} from '../../support/served-model.js'
import {compileStep, step, traffic} from './runner.js'

compileStep()

test('the step rolls a candidate out and says so in outputs, evidence and log', async () => {
  const yard = await openYard()
  const stop = traffic(yard)
  await yard.publish({score: 0.2})
  const first = await step(yard)
  expect([first.code, first.outputs.result, first.evidence?.verdict]).toEqual([0, 'promoted', 'warn'])
  const candidate = await yard.publish({score: 0.4})
  const second = await step(yard, {
    inputs: {steps: '20%, 50%', gates: 'error_rate <= stable\nslow_rate(250ms) <= stable * 1.2'},
    env: {GITHUB_RUN_ID: '8'}
  })
  stop()
  expect(second.log).toContain('20% to v2')
  expect([second.code, second.outputs]).toEqual([0, expect.objectContaining({result: 'promoted', version: 'v2', outcome: 'green'})])
  expect(second.evidence).toMatchObject({
    subjects: [{kind: 'deployment', digest: {sha256: candidate.digest}}, {kind: 'model'}],
    policy: {mode: 'enforce', onInconclusive: 'warn'},
    checks: [{id: 'rollout', verdict: 'pass'}, {id: 'error_rate <= stable'}, {id: 'slow_rate(250ms) <= stable * 1.2'}],
    figures: [{id: 'rollout', kind: 'timeline'}]
  })
  expect(yard.weights()).toEqual({[candidate.digest]: 100})
  expect(second.log.replace(`::add-mask::${TOKEN}`, '') + JSON.stringify(second.evidence)).not.toContain(TOKEN)
})

test('a cancelled step sends the traffic back before it ends', async () => {
  const yard = await openYard()
  yard.traffic = 0
  const stable = await yard.publish({score: 0.2})
  await yard.run(stable)
  await yard.publish({score: 0.4})
  const started = Date.now()
  const {code, outputs, evidence} = await step(yard, {interruptAt: '5% to v2'})
  expect([code, outputs.result]).toEqual([1, 'rolled-back'])
  expect(evidence?.checks[0]).toMatchObject({id: 'rollout', verdict: 'fail', message: expect.stringContaining('the run was cancelled')})
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  // The runner waits 7.5 s between SIGINT and SIGTERM.
  expect(Date.now() - started).toBeLessThan(7500)
})

test.each([
  ['a fork', {user: {login: 'eve'}, head: {repo: {full_name: 'eve/r', fork: true}}}, 'this pull request is from a fork'],
  ['Dependabot', {user: {login: 'dependabot[bot]'}, head: {repo: {full_name: 'o/r', fork: false}}}, 'from Dependabot']
])('a pull request of %s is refused, and nothing is touched', async (_, pull, message) => {
  const yard = await openYard()
  await yard.publish({score: 0.2})
  const event = join(yard.folder, 'event.json')
  await writeFile(event, JSON.stringify({pull_request: pull, repository: {full_name: 'o/r'}}))
  const {code, log} = await step(yard, {env: {GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: event}})
  expect([code, log]).toEqual([1, expect.stringContaining(message)])
  expect(await yard.registry.readState(yard.key())).toBeNull()
  expect(yard.served.serving.versions.list()).toEqual([])
})

test('what the registry does not vouch for is not deployed', async () => {
  const yard = await openYard()
  const {version, digest} = await yard.publish({score: 0.2})
  const model = (await yard.registry.fetch('wages', version, await mkdtemp(join(yard.folder, 'm-')))).path
  await yard.registry.publish({
    name: 'bare',
    model,
    digest,
    evidence: [],
    lineage: {materials: [], parent: null},
    reason: 'test',
    alias: 'candidate'
  })
  for (const [inputs, message] of [
    [{name: 'bare'}, 'bare v1: the registry holds no evidence with it'],
    [{version: 'v9', endpoint: 'ftp://models.example'}, 'endpoint: expected https://host or http://host'],
    [{version: 'v9'}, 'version v9: there is no such alias or version of wages'],
    [{steps: '5%, 3%'}, 'steps: expected each above the one before'],
    [{gates: 'error_rate <= stable + 1%'}, 'a sum with stable has no test'],
    [{'endpoint-token': 'wrong'}, '401']
  ] as const) {
    const {code, log} = await step(yard, {inputs})
    expect([code, log]).toEqual([1, expect.stringContaining(message)])
    expect(log).not.toContain('    at ')
  }
  expect(yard.served.serving.versions.list()).toEqual([])
})

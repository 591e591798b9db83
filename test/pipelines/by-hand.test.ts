import {execFile} from 'node:child_process'
import {cpSync, mkdirSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {expect, test} from 'vitest'
import {GOOD, killedAt, nextRun, OTHER, openYard, serving, type Yard} from '../support/canary.js'
import {TOKEN} from '../support/served-model.js'

interface Ran {
  readonly code: number
  readonly log: string
}

/** Runs a workflow of the wages example in a copy of it, against a yard's server and registry. */
function run(yard: Yard, workflow: string, inputs: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const folder = join(yard.folder, 'wages')
  cpSync(resolve('workflows-examples/wages'), folder, {recursive: true, filter: path => !path.includes('trainyard-out')})
  const [event, out] = [join(yard.folder, 'event.json'), join(yard.folder, 'runs')]
  writeFileSync(event, JSON.stringify({inputs}))
  mkdirSync(out, {recursive: true})
  const args = ['run', `.github/workflows/${workflow}.yml`, '--event', 'workflow_dispatch', '--event-file', event]
  const variables = ['--var', `TRAINYARD_REGISTRY=${yard.root}`, '--var', `MODEL_SERVER=${yard.served.address}`]
  const argv = [resolve('dist/trainyard.js'), ...args, ...variables, '--secret', 'MODEL_SERVER_TOKEN']
  const env = {PATH: process.env.PATH, HOME: yard.folder, TMPDIR: out, MODEL_SERVER_TOKEN: TOKEN}
  return new Promise(done => {
    const child = execFile(process.execPath, argv, {cwd: folder, env}, (_, stdout, stderr) =>
      done({code: child.exitCode ?? -1, log: stdout + stderr})
    )
  })
}

test('deploy.yml rolls out the version that somebody names, and reports it', async () => {
  const yard = await openYard()
  const {version, digest} = await yard.publish(GOOD)
  await yard.publish(OTHER)
  const {code, log} = await run(yard, 'deploy', {version})
  expect({code, log}).toMatchObject({code: 0, log: expect.stringContaining('v1 takes all traffic; first deployment')})
  expect(yard.weights()).toEqual({[digest]: 100})
  expect((await yard.registry.resolve('wages', 'champion'))?.version).toBe('v1')
})

test('deploy.yml without a version starts nothing', async () => {
  const yard = await openYard()
  await yard.publish(GOOD)
  const {code, log} = await run(yard, 'deploy')
  expect([code, log]).toEqual([2, expect.stringContaining('the input version is required')])
  expect(yard.weights()).toEqual({})
})

test('reconcile.yml sends back what a lost run left, and is red; the next time it is green and changes nothing', async () => {
  const {yard, stable, candidate} = await serving()
  await killedAt({yard, candidate}, '50% to v2')
  const state = await yard.registry.readState(yard.key())
  const over = {...Object(state?.value), lease: {...nextRun(1).holder, expiresAt: new Date(Date.now() - 1000).toISOString()}}
  await yard.registry.writeState(yard.key(), over, state?.tag ?? null)
  const first = await run(yard, 'reconcile')
  expect([first.code, first.log]).toEqual([1, expect.stringContaining('v2 was rolled back: its run https://runs.example/1 was lost')])
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  const second = await run(yard, 'reconcile')
  expect([second.code, second.log]).toEqual([0, expect.stringContaining('no run left a rollout behind')])
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

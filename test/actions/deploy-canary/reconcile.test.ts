import {expect, test} from 'vitest'
import {GOOD, killedAt, message, nextRun, OTHER, openYard, outcomeOf, serving, stateOf} from '../../support/canary.js'

const later = () => new Date(Date.now() + 120_000)

test('what a lost run left is sent back once its lease is over, and that is red', async () => {
  const {yard, stable, candidate} = await serving()
  await killedAt({yard, candidate}, '50% to v2')
  expect(yard.weights()).toEqual({[stable.digest]: 90, [candidate.digest]: 10})
  const findings = await yard.reconcile({now: later, ...nextRun(2)})
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(message(findings, 'rollout')).toContain(
    'v2 was rolled back: its run https://runs.example/1 was lost. Stable takes all traffic again'
  )
  expect(findings.subjects[0].name).toContain('wages v2 on')
  expect(outcomeOf(findings)).toBe('red')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(stable.digest)
  expect(await stateOf(yard)).toMatchObject({phase: 'rolled-back', cause: 'abandoned', applied: true})
})

test('where nothing was left nothing is begun, whatever waits as a candidate', async () => {
  const {yard, stable} = await serving()
  const before = await stateOf(yard)
  const findings = await yard.reconcile(nextRun(2))
  expect(findings.checks).toEqual([{id: 'left_behind', verdict: 'pass', message: `${yard.served.address}: no run left a rollout behind`}])
  expect([outcomeOf(findings), findings.outputs]).toEqual(['green', undefined])
  expect(await stateOf(yard)).toEqual(before)
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect((await (await openYard()).reconcile(nextRun(2))).checks).toMatchObject([{id: 'left_behind', verdict: 'pass'}])
})

test('a rollout that a run still holds is left alone, with the run that holds it', async () => {
  const {yard, candidate} = await serving()
  await killedAt({yard, candidate}, '10% to v2')
  const [before, weights] = [await stateOf(yard), yard.weights()]
  const findings = await yard.reconcile(nextRun(2))
  expect(message(findings, 'left_behind')).toContain('the rollout of v2 is under way in https://runs.example/1, which holds it until')
  expect(outcomeOf(findings)).toBe('green')
  expect([await stateOf(yard), yard.weights()]).toEqual([before, weights])
})

test('a first deployment that was lost after it took the traffic is finished, for there is nothing to go back to', async () => {
  const yard = await openYard()
  const first = await yard.publish(GOOD)
  const registry = {...yard.registry, moveAlias: () => Promise.reject(new Error('registry down'))}
  await yard.run(first, {registry})
  const findings = await yard.reconcile({now: later, ...nextRun(2)})
  expect(findings.outputs?.result).toBe('promoted')
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(first.digest)
})

test('a way back that failed is gone once more, and asks nobody', async () => {
  const {yard, stable, candidate} = await serving({score: 0.6, failing: 0.5})
  const {endpoint} = yard.ports()
  const setWeights = async (weights: Record<string, number>, generation: string) =>
    weights[stable.digest] === 100 ? {weights, generation} : endpoint.setWeights(weights, generation)
  expect((await yard.run(candidate, {endpoint: {...endpoint, setWeights}})).outputs?.result).toBe('rollback-failed')
  const findings = await yard.reconcile({now: later, ...nextRun(2)})
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a lost rollout is gone on with only by who may, and sent back by anybody', async () => {
  const {yard, stable, candidate} = await serving(OTHER)
  await killedAt({yard, candidate}, '10% to v2')
  const [before, weights] = [await stateOf(yard), yard.weights()]
  const permit = () => Promise.reject(new Error('nobody approved it'))
  await expect(yard.run(candidate, {now: later, ...nextRun(2)}, {permit})).rejects.toThrow('nobody approved it')
  expect([await stateOf(yard), yard.weights()]).toEqual([before, weights])
  const other = await yard.publish({score: 0.9})
  await expect(yard.run(other, {now: later, ...nextRun(2)}, {permit})).rejects.toThrow('nobody approved it')
  expect(await stateOf(yard)).toMatchObject({phase: 'rolled-back', cause: 'abandoned'})
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('the approvals of who goes on with a rollout count, and they are the log’s', async () => {
  const {yard, candidate} = await serving(OTHER)
  const grace = {environment: 'production', by: 'grace', comment: 'yes'}
  await killedAt({yard, candidate}, '10% to v2')
  const findings = await yard.run(candidate, nextRun(1, 2), {permit: async () => [grace]})
  expect(message(findings, 'approval')).toBe('v2 was approved for production by grace ("yes")')
  expect((await yard.registry.log('wages')).at(-1)).toMatchObject({event: 'promoted', version: 'v2', approvals: [grace]})
})

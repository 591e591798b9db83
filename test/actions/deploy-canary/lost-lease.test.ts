import {join} from 'node:path'
import {expect, test} from 'vitest'
import {LostRollout} from '../../../actions/deploy-canary/src/ledger.js'
import type {Release} from '../../../actions/deploy-canary/src/rollout.js'
import {BROKEN, type Facing, killedAt, nextRun, OTHER, openYard, serving, stateOf, type Yard} from '../../support/canary.js'
import type {Behaviour} from '../../support/served-model.js'

interface Prepared extends Facing {
  readonly other: Release
}

async function prepare(behaviour: Behaviour): Promise<Prepared> {
  const facing = await serving(behaviour)
  return {...facing, other: await facing.yard.publish({score: 0.9})}
}

/** A run of the candidate, in a copy, that stands still before its write number `at` until its lease has run out and another run has been there. */
async function stalled({yard: model, candidate, other}: Prepared, at: number, meanwhile: typeof undoAndFail) {
  const yard = await openYard(model)
  let [writes, asleepMs, reached] = [0, 0, '']
  const now = () => new Date(Date.now() + asleepMs)
  const before = async (what: string) => {
    writes += 1
    if (writes !== at) return
    reached = what
    asleepMs = 600_000
    await meanwhile(yard, other, now)
  }
  const watched =
    <A extends unknown[], R>(what: string, write: (...given: A) => Promise<R>) =>
    async (...given: A) => {
      await before(what)
      return await write(...given)
    }
  const {endpoint, registry} = yard.ports()
  const ending = await yard
    .run(candidate, {
      now,
      endpoint: {...endpoint, setWeights: watched('weights', endpoint.setWeights)},
      registry: {...registry, writeState: watched('state', registry.writeState), moveAlias: watched('alias', registry.moveAlias)}
    })
    .catch(error => error)
  return {yard, ending, reached}
}

/** Undoes what it finds of another candidate, and then can't load its own. */
async function undoAndFail(yard: Yard, other: Release, now: () => Date): Promise<void> {
  const modelFile = async () => join(yard.folder, 'server', 'weights.json')
  await yard.run(other, {now, modelFile, ...nextRun(2)}, {deadlineMs: 3_600_000})
}

test.each<[string, Behaviour, readonly string[]]>([
  ['a good candidate', OTHER, ['alias', 'state', 'weights']],
  ['a failing candidate', BROKEN, ['state', 'weights']]
])('%s whose run stands still past its lease at any write moves nothing after it', {timeout: 60_000}, async (_, behaviour, kinds) => {
  const seen: string[] = []
  const prepared = await prepare(behaviour)
  const {stable} = prepared
  for (let at = 1; ; at++) {
    const {yard, ending, reached} = await stalled(prepared, at, undoAndFail)
    if (reached === '') break
    seen.push(reached)
    expect({at, reached, lost: ending instanceof LostRollout}).toEqual({at, reached, lost: true})
    expect({at, weights: yard.weights()}).toEqual({at, weights: {[stable.digest]: 100}})
    expect({at, champion: (await yard.registry.resolve('wages', 'champion'))?.digest}).toEqual({at, champion: stable.digest})
    expect(await stateOf(yard)).toMatchObject({phase: 'rolled-back', lease: {run: 'https://runs.example/2'}})
    await yard.served.drain(50)
  }
  expect([...new Set(seen)].sort()).toEqual(kinds)
  expect(seen.length).toBeGreaterThan(8)
})

test('a run that lost the rollout while it moved weights says which, and whose the rollout is', async () => {
  const prepared = await prepare(OTHER)
  for (let at = 1; ; at++) {
    const {ending, reached} = await stalled(prepared, at, undoAndFail)
    if (reached !== 'weights') continue
    expect(ending.message).toMatch(
      /taken over by https:\/\/runs\.example\/2; .* It was setting the weights of http.* to \{"[0-9a-f]{64}":10,/
    )
    return
  }
})

test('a lease whose renewal takes nearly as long as it lasts moves nothing on', async () => {
  const {yard, stable, candidate} = await prepare(OTHER)
  const {endpoint, registry} = yard.ports()
  let waitedMs = 0
  const asked: unknown[] = []
  const findings = await yard.run(
    candidate,
    {
      now: () => new Date(Date.now() + waitedMs),
      endpoint: {
        ...endpoint,
        setWeights: async (...given) => {
          asked.push(given)
          return await endpoint.setWeights(...given)
        }
      },
      registry: {
        ...registry,
        writeState: async (...given) => {
          waitedMs += 50_000
          return await registry.writeState(...given)
        }
      }
    },
    {deadlineMs: 3_600_000}
  )
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(findings.checks.find(({id}) => id === 'rollout')?.message).toContain('renewing its lease took nearly as long as it lasts')
  expect(asked).toEqual([])
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a way back overrides no weights of others once its lease can be neither renewed nor read', async () => {
  const {yard, candidate, other} = await prepare(OTHER)
  await yard.ports().endpoint.upload(other.digest, await yard.ports().modelFile(other))
  let asleepMs = 0
  const gone = () => asleepMs > 0
  const registry = {
    ...yard.registry,
    readState: async (key: string) => (gone() ? await Promise.reject(new Error('no route')) : await yard.registry.readState(key)),
    writeState: async (...given: Parameters<typeof yard.registry.writeState>) =>
      gone() ? await Promise.reject(new Error('no route')) : await yard.registry.writeState(...given)
  }
  const findings = await yard.run(candidate, {
    registry,
    now: () => new Date(Date.now() + asleepMs),
    sleep: async ms => {
      if (!gone() && candidate.digest in yard.weights()) {
        asleepMs = 600_000
        await yard.served.serving.move({[other.digest]: 100}, yard.served.serving.weights().generation)
      }
      await new Promise(resolve => setTimeout(resolve, ms))
    }
  })
  expect(findings.outputs?.result).toBe('rollback-failed')
  expect(findings.checks.find(({id}) => id === 'rollback')?.message).toMatch(
    /ROLLBACK FAILED.*moved by somebody else.*the lease could not be renewed: no route/
  )
  expect(yard.weights()).toEqual({[other.digest]: 100})
})

test('a takeover needs an endpoint that can be written, and moves nothing before', async () => {
  const {yard, candidate} = await prepare(OTHER)
  await killedAt({yard, candidate}, '10% to v2')
  const before = yard.weights()
  const {endpoint} = yard.ports()
  const setWeights = () => Promise.reject(new Error('status 500'))
  await expect(yard.run(candidate, {endpoint: {...endpoint, setWeights}, ...nextRun(1, 2)})).rejects.toThrow(
    "the weights can't be written, so the rollout that a lost run left stays as it is: status 500"
  )
  expect(yard.weights()).toEqual(before)
  expect((await yard.run(candidate, nextRun(1, 3))).outputs?.result).toBe('promoted')
})

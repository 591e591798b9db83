import {mkdtemp} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {findChampion} from '#shared/exam/champion'
import {findChampionData} from '#shared/exam/champion-data'
import {githubStores} from '#shared/registry/github'
import {type Registry, registryOn} from '#shared/registry/registry'
import {resolveCandidate, versionNames} from '../../../actions/deploy-canary/src/candidate.js'
import {GOOD, OTHER, openYard, publish} from '../../support/canary.js'
import {type FakeGitHub, fakeGitHub} from '../../support/github/fake.js'
import {registryWorld, temporaryFolder} from '../../support/registry.js'
import {githubWorld} from '../../support/registry-places.js'

const MOST_CALLS = 60
const CHAMPION = {kind: 'named', name: 'champion'} as const

/** The registry as the next job opens it, on a new machine; every request is a call of the API but those of the storage behind it. */
function nextJob(fake: FakeGitHub): Registry {
  return registryOn(githubStores('github', githubWorld(fake.url), {paced: false}), {...registryWorld(), now: () => new Date()})
}

async function publishNext(fake: FakeGitHub, folder: string, score: number) {
  const registry = nextJob(fake)
  await registry.resolve('wages', 'champion', {older: 'accept'})
  return await publish({registry, folder}, {...OTHER, score})
}

test(`a pipeline from the first job to the champion takes at most ${MOST_CALLS} calls of the API`, async () => {
  const fake = await fakeGitHub()
  onTestFinished(() => fake.close())
  const yard = await openYard(undefined, nextJob(fake))
  await yard.run(await yard.publish(GOOD))
  for (const score of [0.31, 0.32, 0.33]) await yard.run(await yard.publish({...OTHER, score}))

  const counted = new Map<string, number>()
  const job = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const before = fake.requests.length
    const result = await work()
    counted.set(name, fake.requests.slice(before).filter(line => !line.includes(' /storage/')).length)
    return result
  }
  const given = {champion: CHAMPION, name: 'wages', registry: 'github'}
  const machine = await temporaryFolder()
  const world = {...registryWorld(), ...githubWorld(fake.url), cwd: machine, tempDir: machine, sleep: undefined}
  await job('validate-data', async () => {
    const data = await findChampionData(given, world)
    await data.profile()
  })
  for (const action of ['evaluate', 'check-fairness', 'check-robustness'])
    await job(action, async () => expect((await findChampion(given, world)).state.kind).toBe('ready'))
  const candidate = await job('publish', () => publishNext(fake, yard.folder, 0.35))
  await job('deploy-canary', async () => {
    const registry = nextJob(fake)
    await versionNames(registry, 'wages')
    const found = await resolveCandidate(registry, 'wages', candidate.version)
    const modelFile = async () => (await registry.fetch('wages', found.version, await mkdtemp(join(machine, 'canary-')))).path
    const {outputs} = await yard.run(found, {registry, modelFile}, {steps: [5, 25, 50]})
    expect(outputs?.result).toBe('promoted')
  })
  const total = [...counted.values()].reduce((sum, calls) => sum + calls, 0)
  expect(total, JSON.stringify([...counted])).toBeLessThanOrEqual(MOST_CALLS)
  expect(fake.misfits).toEqual([])
})

import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {type Registry, registryOn} from '#shared/registry/registry'
import {publicationOf, registryWorld, temporaryFolder} from './registry.js'
import type {Moment, Order} from './registry-child.js'
import {type Publisher, publishers} from './registry-children.js'
import {openPlace, type PlaceSpec} from './registry-places.js'

const PROCESSES = 8

export interface RaceOptions {
  /** default 200 */
  readonly rounds?: number
  readonly timeoutMs?: number
  /** how many of them at one place, for what grows slow as it fills; default all */
  readonly roundsAtOnePlace?: number
  /** when publishers are killed; default around every write */
  readonly moments?: readonly Moment[]
}

const AROUND_WRITES = ['before every write', 'after every write'] as const

/** What holds for processes that race for, or die over, the registry at a fresh place: the same for every store. */
export function registryRaces(
  name: string,
  fresh: () => Promise<PlaceSpec>,
  {rounds = 200, timeoutMs = 240_000, roundsAtOnePlace = rounds, moments = AROUND_WRITES}: RaceOptions = {}
): void {
  describe(`${name}: processes of their own`, () => {
    const start = publishers()

    test(
      `${PROCESSES} race for one version and one alias, ${rounds} rounds: one wins, the others learn its digest, nothing is torn`,
      async () => {
        let place = await fresh()
        const work = await temporaryFolder()
        // Two of each model: who loses to the same digest has succeeded.
        const written = await Promise.all(Array.from({length: PROCESSES / 2}, (_, index) => publicationOf(work, `model ${index}`)))
        const models = written.flatMap(model => [model, model])
        const racers = models.map(() => start())
        for (let round = 1; round <= rounds; round++) {
          if (round > 1 && round % roundsAtOnePlace === 1) place = await fresh()
          await race(await read(place), place, racers, models, `wages-${round}`)
        }
      },
      timeoutMs
    )

    test(
      `${PROCESSES} race for the next version and for the alias: all are published, and every move is in the log`,
      async () => {
        const place = await fresh()
        const work = await temporaryFolder()
        const racers = Array.from({length: PROCESSES}, () => start())
        // Eight versions in a row may be taken by others, and then a publisher gives up: three at a time never lose that often.
        const groups = [racers.slice(0, 3), racers.slice(3, 6), racers.slice(5, 8)]
        for (const [round, group] of groups.entries()) {
          for (const [index, {send}] of group.entries()) {
            const {model, digest} = await publicationOf(work, `model ${round} ${index}`)
            send({place, by: `publisher ${index}`, publication: {name: 'wages', model, digest, alias: 'candidate'}})
          }
          const answers = await Promise.all(group.map(({answer}) => answer()))
          expect(answers.map(({version, error}) => error ?? version).sort()).toEqual([1, 2, 3].map(n => `v${3 * round + n}`))
        }
        const registry = await read(place)
        const moves = (await registry.log('wages')).filter(({alias}) => alias === 'candidate')
        expect(moves.map(({generation}) => generation).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
        expect((await registry.resolve('wages', 'candidate'))?.generation).toBe(9)
      },
      timeoutMs
    )

    test(
      `${PROCESSES} count up by compare-and-swap: no count is lost`,
      async () => {
        const place = await fresh()
        const racers = Array.from({length: PROCESSES}, () => start())
        for (const [index, {send}] of racers.entries()) send({place, by: `publisher ${index}`, count: 25})
        const answers = await Promise.all(racers.map(({answer}) => answer()))
        expect(answers.map(({error}) => error)).toEqual(racers.map(() => undefined))
        expect(answers.reduce((sum, {lost = 0}) => sum + lost, 0)).toBeGreaterThan(0)
        expect((await (await read(place)).readState('canaries/counter.json'))?.value).toBe(25 * PROCESSES)
      },
      timeoutMs
    )

    test.each(moments)(
      'killed %s, readers see the old state or the new, and a second run completes it',
      async moment => void (await killedEverywhere(moment, start, fresh)),
      timeoutMs
    )
  })
}

type Publication = Awaited<ReturnType<typeof publicationOf>>

async function race(registry: Registry, place: PlaceSpec, racers: readonly Publisher[], models: readonly Publication[], name: string) {
  for (const [index, {send}] of racers.entries()) {
    const {model, digest} = models[index]
    send({place, by: `publisher ${index}`, publication: {name, model, digest, version: 'v1', alias: 'candidate'}})
  }
  const answers = await Promise.all(racers.map(({answer}) => answer()))
  const winner = answers.findIndex(({published}) => published === true)
  expect(winner, JSON.stringify(answers)).toBeGreaterThanOrEqual(0)
  const {digest} = models[winner]
  for (const [index, answer] of answers.entries()) {
    if (index === winner) continue
    if (models[index].digest === digest) expect(answer).toEqual({version: 'v1', digest, published: false})
    else expect(answer.error).toMatch(`${name} v1: already exists with digest ${digest}; this model is ${models[index].digest}`)
  }
  expect(await registry.resolve(name, 'candidate')).toEqual({version: 'v1', digest, generation: 1})
  expect((await registry.manifest(name, 'v1')).digest).toBe(digest)
  expect((await registry.log(name)).map(entry => [entry.event, entry.digest])).toEqual([
    ['registered', digest],
    ['moved', digest]
  ])
}

/** Kills a publisher at the first such moment, then one at the second, until one gets through; gives what they were about to do, or had done. */
export async function killedEverywhere(
  moment: Moment,
  start: () => Publisher,
  fresh: () => Promise<PlaceSpec>
): Promise<readonly string[]> {
  const work = await temporaryFolder()
  const first = await publicationOf(work, 'the first model', {alias: 'candidate'})
  const second = await publicationOf(work, 'the second model', {alias: 'candidate'})
  const seen: string[] = []
  for (let number = 1; ; number++) {
    const place = await fresh()
    await (await read(place)).publish(first)
    const mark = join(work, `mark-${number}`)
    if (!(await killed(start(), place, second, {at: moment, number, seen: mark}))) break
    seen.push(readFileSync(mark, 'utf8'))
    await expectWhole(await read(place), [first.digest, second.digest])
    expect(await (await read(place)).publish(second)).toMatchObject({version: 'v2', digest: second.digest})
    const registry = await read(place)
    expect(await registry.resolve('wages', 'candidate')).toEqual({version: 'v2', digest: second.digest, generation: 2})
    const log = (await registry.log('wages')).map(({event, version}) => `${event} ${version}`)
    expect(log.sort()).toEqual(['moved v1', 'moved v2', 'registered v1', 'registered v2'])
    await expectWhole(registry, [second.digest])
  }
  expect(seen.length).toBeGreaterThanOrEqual(3)
  return seen
}

async function read(place: PlaceSpec): Promise<Registry> {
  return registryOn(await openPlace(place), registryWorld())
}

/** Whether the publisher got as far as that moment, and died there. */
async function killed(
  {child, ended, send, answer}: Publisher,
  place: PlaceSpec,
  publication: Publication,
  stop: NonNullable<Order['stop']>
): Promise<boolean> {
  const {name, model, digest, alias} = publication
  send({place, by: 'ada', publication: {name, model, digest, alias}, stop})
  const survived = await Promise.race([answer(), ended.then(() => null)])
  if (existsSync(stop.seen)) {
    expect(await ended).toEqual([null, 'SIGKILL'])
    return true
  }
  expect(survived).toMatchObject({version: 'v2', published: true})
  child.kill()
  return false
}

async function expectWhole(registry: Registry, digests: readonly string[]): Promise<void> {
  const folder = await temporaryFolder()
  const candidate = await registry.resolve('wages', 'candidate')
  expect(digests).toContain(candidate?.digest)
  for (const version of await registry.versions('wages')) {
    const {digest} = await registry.fetch('wages', version, join(folder, version))
    expect(digest).toBe((await registry.manifest('wages', version)).digest)
    expect((await registry.evidence('wages', version)).map(({action}) => action)).toEqual(['evaluate'])
  }
}

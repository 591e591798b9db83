import {join} from 'node:path'
import {expect, test} from 'vitest'
import type {Move} from '#shared/registry/aliases'
import {openYard} from '../../support/canary.js'

const LATER = () => new Date(Date.now() + 600_000)
const NEXT = {now: LATER, holder: {holder: 'o/r 2 deploy', attempt: 1, run: 'https://runs.example/2'}}

async function prepare() {
  const yard = await openYard()
  const stable = await yard.publish({score: 0.2})
  await yard.run(stable)
  return {yard, stable, candidate: await yard.publish({score: 0.4}), other: await yard.publish({score: 0.9})}
}

/** How the write of the alias went, by a run that stands still right before it, is overtaken, and is killed right after it. */
async function stalled({yard, candidate}: Awaited<ReturnType<typeof prepare>>, meanwhile: () => Promise<unknown>): Promise<string> {
  const killed = () => Promise.reject(new Error('killed'))
  let ending = 'never asked'
  const moveAlias = async (move: Move) => {
    await meanwhile()
    ending = await yard.registry.moveAlias(move).then(
      () => 'moved',
      error => String(error)
    )
    Object.assign(registry, {moveAlias: killed, readState: killed, writeState: killed, resolve: killed})
    return await killed()
  }
  const registry = {...yard.registry, moveAlias}
  await yard.run(candidate, {registry, sleep: async () => undefined}).catch(() => undefined)
  return ending
}

test('the alias stays where the traffic is when a run is killed right after a move that came too late', {timeout: 30_000}, async () => {
  const scene = await prepare()
  const {yard, stable, other} = scene
  const modelFile = async () => join(yard.folder, 'server', 'weights.json')
  const ending = await stalled(scene, () => yard.run(other, {...NEXT, modelFile}, {deadlineMs: 3_600_000}))
  expect(ending).toContain('was moved by somebody else meanwhile')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(stable.digest)
})

test('who takes over a promotion finishes it by the generation that it wrote', {timeout: 30_000}, async () => {
  const scene = await prepare()
  const {yard, candidate} = scene
  let result: string | undefined
  await stalled(scene, async () => {
    result = (await yard.run(candidate, NEXT, {deadlineMs: 3_600_000})).outputs?.result
  })
  expect(result).toBe('promoted')
  expect(await yard.registry.resolve('wages', 'champion')).toMatchObject({digest: candidate.digest, generation: 3})
  expect((await yard.registry.log('wages')).flatMap(({alias, event}) => (alias === 'champion' ? [event] : []))).toEqual([
    'promoted',
    'moved',
    'promoted'
  ])
})

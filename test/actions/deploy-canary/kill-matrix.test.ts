import {spawn} from 'node:child_process'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Release, sameWeights} from '../../../actions/deploy-canary/src/rollout.js'
import {BROKEN, GOOD, nextRun, OTHER, openYard, serving, stateOf, type Yard} from '../../support/canary.js'
import {compile} from '../../support/compile.js'
import {type Behaviour, TOKEN} from '../../support/served-model.js'

interface Ending {
  readonly killed: boolean
  readonly result?: string
}

let compiled: Awaited<ReturnType<typeof compile>>
beforeAll(async () => {
  compiled = await compile('test/support/canary-child.ts')
})
afterAll(() => compiled.remove())

interface Scene {
  readonly yard: Yard
  /** in a process of its own, killed at this point */
  readonly run: (dieAt: number) => Promise<Ending>
  /** the next attempt of the same job */
  readonly rerun: () => Promise<string | undefined>
}

/** Stable serving, the candidate published; for a first deployment nothing serves yet. */
async function prepare(behaviour: Behaviour | null): Promise<{model: Yard; next: Release}> {
  if (behaviour === null) {
    const model = await openYard()
    return {model, next: await model.publish(GOOD)}
  }
  const {yard, candidate} = await serving(behaviour)
  return {model: yard, next: candidate}
}

async function fresh(model: Yard, next: Release): Promise<Scene> {
  const yard = await openYard(model)
  yard.traffic = 150
  const file = join(yard.folder, `${next.digest.slice(0, 12)}.onnx`)
  const task = {root: yard.root, address: yard.served.address, token: TOKEN, key: yard.key(), candidate: next, file}
  return {yard, run: dieAt => start({...task, attempt: 1, dieAt}), rerun: async () => (await yard.run(next, nextRun(1, 2))).outputs?.result}
}

function start(task: object): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [compiled.program, JSON.stringify(task)], {stdio: ['ignore', 'pipe', 'pipe']})
    let [out, err] = ['', '']
    child.stdout.on('data', chunk => {
      out += chunk
    })
    child.stderr.on('data', chunk => {
      err += chunk
    })
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve({killed: true})
      else if (code === 0) resolve({killed: false, result: JSON.parse(out).result})
      else reject(new Error(err))
    })
  })
}

/** State, endpoint and alias tell one story. */
async function story(yard: Yard): Promise<{phase: string; steps: readonly number[]; served: string; champion?: string}> {
  const state = await stateOf(yard)
  expect(sameWeights(state.weights, yard.weights())).toBe(true)
  expect(state.applied).toBe(true)
  const [served, ...others] = Object.keys(yard.weights())
  expect(others).toEqual([])
  return {
    phase: state.phase,
    steps: state.tallies.filter(({canary}) => canary.requests >= 20).map(({percent}) => percent),
    served,
    champion: (await yard.registry.resolve('wages', 'champion'))?.digest
  }
}

const CASES: readonly [string, Behaviour | null, string][] = [
  ['a good candidate', OTHER, 'promoted'],
  ['a failing candidate', BROKEN, 'rolled-back'],
  ['a first deployment', null, 'promoted']
]

// Points are not listed here: the child counts them, and the last one is where it is no longer killed.
test.each(CASES)(
  '%s, killed before and after every write and call, ends as it would have',
  {timeout: 120_000},
  async (_, candidate, result) => {
    const {model, next} = await prepare(candidate)
    let points = 0
    const workers = [1, 2, 3, 4].map(async first => {
      for (let dieAt = first; ; dieAt += 4) {
        const {yard, run, rerun} = await fresh(model, next)
        const before = yard.weights()
        const {killed, result: early} = await run(dieAt)
        if (!killed) return expect(early).toBe(result)
        const ending = await rerun()
        const {phase, steps, served, champion} = await story(yard)
        expect({dieAt, result: ending, phase}).toEqual({dieAt, result, phase: result})
        expect(champion).toBe(served)
        // None is left out, and in each the candidate was looked at.
        if (result === 'promoted') expect({dieAt, steps}).toEqual({dieAt, steps: candidate === null ? [] : [10, 50]})
        if (result === 'rolled-back') expect(yard.weights()).toEqual(before)
        points += 1
        await yard.served.drain(50)
      }
    })
    await Promise.all(workers)
    expect(points).toBeGreaterThan(20)
  }
)

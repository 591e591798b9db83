import {expect, test} from 'vitest'
import type {Endpoint} from '#shared/traffic/endpoint'
import {modelServer} from '#shared/traffic/model-server'
import {BROKEN, type Facing, message, nextRun, outcomeOf, serving, stateOf} from '../../support/canary.js'
import {TOKEN} from '../../support/served-model.js'

const FIVE = [5, 10, 25, 50, 75]

/** The endpoint of a yard whose calls go through `answer` while `down` says so: from the second look in the second step of five on. */
function failing({yard, candidate}: Facing, answer: () => Promise<Response>) {
  const state = {down: false, calls: 0}
  const watched: typeof fetch = async (...given) => {
    if ((yard.weights()[candidate.digest] ?? 0) >= 10 && ++state.calls === 3) state.down = true
    return state.down ? await answer() : await fetch(...given)
  }
  const sleep = async () => undefined
  const endpoint: Endpoint = modelServer({address: yard.served.address, token: TOKEN, fetch: watched, sleep, timeoutMs: 2000})
  return {state, endpoint}
}

const html = async () => new Response('<html>sign in</html>', {headers: {'content-type': 'text/html'}})
const cut = async () => new Response('{"aa', {headers: {'content-type': 'application/json', etag: '"7"'}})
const strange = async () => new Response('{"not a digest": 100}', {headers: {'content-type': 'application/json', etag: '"7"'}})
const refused = () => Promise.reject(new TypeError('fetch failed', {cause: new Error('ECONNREFUSED')}))

test.each([
  ['is not reached', refused, 'ECONNREFUSED'],
  ['answers with a page', html, 'expected JSON, got HTML'],
  ['answers with half an answer', cut, 'characters that are none'],
  ['answers for another server', strange, 'expected {"<sha256>": percent}']
])('an endpoint that %s in step 2 of 5 is held on to, and then given up loudly; the next run goes back', async (_, answer, reason) => {
  const facing = await serving()
  const {yard, stable, candidate} = facing
  const {state, endpoint} = failing(facing, answer)
  const said: string[] = []
  const findings = await yard.run(candidate, {endpoint, log: line => said.push(line)}, {steps: FIVE, deadlineMs: 600})
  expect(findings.outputs?.result).toBe('rollback-failed')
  expect(said.filter(line => line.includes('holding, blind')).length).toBeGreaterThan(1)
  expect(message(findings, 'rollback')).toMatch(/^ROLLBACK FAILED on http.*Now, by hand .*curl.*PUT.*"[0-9a-f]{64}":100/)
  expect(message(findings, 'rollback')).toContain(reason)
  expect((await stateOf(yard)).tallies.map(({percent}) => percent)).toEqual([5, 10])
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(stable.digest)
  state.down = false
  const again = await yard.run(candidate, nextRun(1, 2))
  expect(again.outputs?.result).toBe('rolled-back')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('an endpoint that is back before the deadline is gone on with, no step left out', async () => {
  const facing = await serving()
  const {yard, candidate} = facing
  const {state, endpoint} = failing(facing, refused)
  const log = (line: string) => {
    if (line.includes('holding, blind')) state.down = false
  }
  const findings = await yard.run(candidate, {endpoint, log}, {steps: FIVE})
  expect(findings.outputs?.result).toBe('promoted')
  expect((await stateOf(yard)).tallies.map(({percent}) => percent)).toEqual(FIVE)
})

test('an endpoint that comes and goes past the deadline ends where it began', async () => {
  const facing = await serving()
  const {yard, stable, candidate} = facing
  const {state, endpoint} = failing(facing, refused)
  let turns = 0
  const sleep = async (ms: number) => {
    if (state.calls >= 3) {
      state.down = ++turns % 2 === 0
      yard.traffic = 0
    }
    await new Promise(resolve => setTimeout(resolve, ms))
  }
  const findings = await yard.run(candidate, {endpoint, sleep}, {steps: FIVE, deadlineMs: 1500})
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(outcomeOf(findings)).toBe('red')
  expect(turns).toBeGreaterThan(3)
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('two canaries that begin at the same moment: one is refused with the run of the other, and only one moves', async () => {
  const {yard, stable, candidate} = await serving()
  const second = await yard.publish({...BROKEN, failing: 0})
  const runs = [yard.run(candidate), yard.run(second, nextRun(2))]
  const ended = await Promise.allSettled(runs)
  const done = ended.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  const refused = ended.flatMap(one => (one.status === 'rejected' ? [String(one.reason.message)] : []))
  expect(done.map(({outputs}) => outputs?.result)).toEqual(['promoted'])
  expect(refused).toEqual([
    expect.stringMatching(/taken over by https:\/\/runs\.example\/[12]; this run changes nothing|is under way in https/)
  ])
  const [winner, loser] = ended[0].status === 'fulfilled' ? [candidate, second] : [second, candidate]
  expect(yard.weights()).toEqual({[winner.digest]: 100})
  expect(yard.served.serving.versions.get(loser.digest)).toBeUndefined()
  expect(stable.version).toBe('v1')
})

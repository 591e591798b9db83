import {describe, expect, test} from 'vitest'
import {parseGates} from '#shared/gates/parse'
import {parseLines} from '../../../actions/deploy-canary/src/lines.js'
import {parseRollout} from '../../../actions/deploy-canary/src/record.js'
import {beginRollout, type Rollout, sameWeights} from '../../../actions/deploy-canary/src/rollout.js'
import {timeline} from '../../../actions/deploy-canary/src/timeline.js'
import {
  effectOf,
  isStuck,
  type Moment,
  type Observation,
  type RolloutPolicy,
  transition
} from '../../../actions/deploy-canary/src/transition.js'

const [OLD, NEW] = ['a'.repeat(64), 'b'.repeat(64)]
const lines = parseLines(parseGates([{text: 'error_rate <= stable'}]))
const policy: RolloutPolicy = {lines, mode: 'enforce', onInconclusive: 'warn', minimumRequests: 100}
const at = '2026-01-02T03:04:05.000Z'
const start = (lastGood: string | null = OLD): Rollout =>
  beginRollout({
    endpoint: 'https://models.example',
    name: 'wages',
    candidate: {version: 'v2', digest: NEW},
    lastGood,
    champion: null,
    approvals: [],
    steps: [10, 50],
    weights: lastGood === null ? {} : {[lastGood]: 100},
    deadlineMs: 1000,
    at,
    lease: {holder: 'o/r 1 deploy', attempt: 1, run: 'https://runs.example/1', expiresAt: at}
  })
const moment = (more: Partial<Moment> = {}): Moment => ({at, elapsedMs: 10, aborted: false, ...more})
const tally = (requests: number, errors = 0) => ({requests, errors, buckets: {}})
const counted = (canary: [number, number?], stable: [number, number?]): Observation => ({
  kind: 'counted',
  canary: tally(...canary),
  stable: tally(...stable),
  snapshot: {versions: {}}
})
const go = (rollout: Rollout, seen: Observation[], given = policy, now = moment()) =>
  seen.reduce((state, one) => transition(state, one, now, given), rollout)
const LOOK = counted([0], [0])
const inStep = () => go(start(), [{kind: 'loaded'}, {kind: 'moved'}, LOOK])

test('the way of a good candidate, state by state', () => {
  const states = [start()]
  for (const seen of [
    {kind: 'loaded'},
    {kind: 'moved'},
    LOOK,
    counted([100], [900]),
    {kind: 'moved'},
    LOOK,
    counted([100], [100]),
    {kind: 'moved'},
    {kind: 'aliased'}
  ] as Observation[])
    states.push(transition(states[states.length - 1], seen, moment(), policy))
  expect(states.map(state => [state.phase, effectOf(state), state.weights[NEW] ?? 0])).toEqual([
    ['prepared', 'load', 0],
    ['step', 'move', 10],
    ['step', 'watch', 10],
    ['step', 'watch', 10],
    ['step', 'move', 50],
    ['step', 'watch', 50],
    ['step', 'watch', 50],
    ['promoting', 'move', 100],
    ['promoting', 'alias', 100],
    ['promoted', 'end', 100]
  ])
  for (const state of states) expect(parseRollout('canaries/x.json', JSON.parse(JSON.stringify(state)))).toEqual(state)
})

test('requests below the minimum hold; what was counted adds up over looks', () => {
  const held = go(inStep(), [counted([60], [500]), counted([39], [400])])
  expect(held).toMatchObject({phase: 'step', step: 0, reason: 'holding at 10%: 99 requests on v2, 100 are needed'})
  expect(go(held, [counted([1], [0])])).toMatchObject({phase: 'step', step: 1})
})

test.each<[string, Rollout, Observation, Partial<Moment>, Partial<Rollout>]>([
  ['a proven gate', inStep(), counted([100, 50], [900, 0]), {}, {phase: 'rolling-back', cause: 'gates'}],
  ['an abort', inStep(), LOOK, {aborted: true}, {phase: 'rolling-back', cause: 'aborted'}],
  ['weights of somebody else', inStep(), {kind: 'foreign', reason: 'x'}, {}, {phase: 'rolling-back', cause: 'foreign'}],
  ['a blind look', inStep(), {kind: 'blind', reason: 'x'}, {}, {phase: 'step', cause: null, reason: 'holding: x'}],
  ['a blind look at the deadline', inStep(), {kind: 'blind', reason: 'x'}, {elapsedMs: 1000}, {phase: 'rolling-back', cause: 'blind'}],
  ['too few at the deadline', inStep(), counted([50], [400]), {elapsedMs: 1000}, {phase: 'rolling-back', cause: 'deadline'}],
  ['none at the deadline', inStep(), counted([0], [400]), {elapsedMs: 1000}, {phase: 'rolling-back', cause: 'blind'}],
  [
    'no stable traffic',
    inStep(),
    counted([500], [0]),
    {},
    {phase: 'step', reason: 'holding at 10%: 0 requests on the stable version to compare with'}
  ],
  ['another share than asked', inStep(), counted([500], [500]), {}, {phase: 'step', step: 0}],
  ['a move that fails', go(start(), [{kind: 'loaded'}]), {kind: 'unmoved', reason: 'x'}, {}, {phase: 'rolling-back', cause: 'unmoved'}],
  ['a refused model', start(), {kind: 'refused', reason: 'x'}, {}, {phase: 'rolled-back', cause: 'refused', weights: {[OLD]: 100}}],
  ['an abort before anything', start(), {kind: 'loaded'}, {aborted: true}, {phase: 'rolled-back', cause: 'aborted', weights: {[OLD]: 100}}]
])('%s', (_, rollout, seen, now, expected) => {
  const next = transition(rollout, seen, moment(now), policy)
  expect(next).toMatchObject(expected)
  if (next.phase === 'rolling-back') expect([next.weights, next.applied]).toEqual([{[OLD]: 100}, false])
})

describe('the way back', () => {
  const back = go(inStep(), [{kind: 'foreign', reason: 'x'}])
  test('ends when it was read back and the alias is right', () => {
    expect(go(back, [{kind: 'moved'}])).toMatchObject({phase: 'rolling-back', applied: true})
    expect(go(back, [{kind: 'moved'}, {kind: 'aliased'}])).toMatchObject({phase: 'rolled-back', weights: {[OLD]: 100}})
  })
  test('is not turned by an abort or good counts', () => {
    expect(transition(back, counted([1000], [1000]), moment({aborted: true}), policy)).toMatchObject({
      phase: 'rolling-back',
      cause: 'foreign'
    })
  })
  test('that fails says so', () => {
    expect(go(back, [{kind: 'unmoved', reason: 'still 10%'}])).toMatchObject({phase: 'rollback-failed', reason: 'x; still 10%'})
  })
})

describe('an inconclusive gate', () => {
  const onInconclusive = (word: RolloutPolicy['onInconclusive'], seen: Observation) =>
    go(inStep(), [seen], {...policy, onInconclusive: word})
  test.each([
    ['warn', counted([100, 2], [900, 17]), 1],
    ['estimate', counted([100, 1], [900, 17]), 1],
    ['estimate', counted([100, 2], [900, 17]), 0],
    ['fail', counted([100, 1], [900, 17]), 0]
  ] as const)('under %s after %j leads to step %i', (word, seen, step) => {
    expect(onInconclusive(word, seen)).toMatchObject({phase: 'step', step})
  })
})

test('mode observe lets a proven gate pass', () => {
  expect(go(inStep(), [counted([100, 50], [900, 0])], {...policy, mode: 'observe'})).toMatchObject({phase: 'step', step: 1})
})

test('a first deployment has no steps, and where it can go neither on nor back it waits for another run', () => {
  const first = go(start(null), [{kind: 'loaded'}])
  expect(first).toMatchObject({phase: 'promoting', weights: {[NEW]: 100}})
  expect(transition(first, {kind: 'moved'}, moment({aborted: true}), policy)).toMatchObject({
    phase: 'promoting',
    applied: true,
    cause: null
  })
  const stuck = go(first, [{kind: 'moved'}, {kind: 'unaliased', reason: 'registry down'}])
  expect([isStuck(stuck), stuck.weights]).toEqual([true, {[NEW]: 100}])
})

test('an end stays an end', () => {
  const end = go(inStep(), [{kind: 'foreign', reason: 'x'}, {kind: 'moved'}, {kind: 'aliased'}])
  expect(transition(end, counted([100], [900]), moment(), policy)).toBe(end)
})

test.each([
  ['no object', null, 'the document'],
  ['another version', {...start(), schema: 'urn:trainyard:canary:v2'}, 'expected the schema urn:trainyard:canary:v1'],
  ['a torn phase', {...start(), phase: 'flying'}, 'phase is not'],
  ['a missing lease', {...start(), lease: undefined}, 'lease is not'],
  ['a weight that is text', {...start(), weights: {[OLD]: '100'}}, 'weights is not'],
  ['a step without its tally', {...inStep(), tallies: []}, 'step is not'],
  ['a way back to nothing', {...start(null), phase: 'rolling-back'}, 'lastGood is not']
])('a stored rollout with %s is refused', (_, value, message) => {
  expect(() => parseRollout('canaries/x.json', value)).toThrow(`canaries/x.json: ${message}`)
})

test('weights of 0 do not count', () => {
  expect(sameWeights({[OLD]: 100, [NEW]: 0}, {[OLD]: 100})).toBe(true)
  expect(sameWeights({[OLD]: 90, [NEW]: 10}, {[OLD]: 100})).toBe(false)
})

test('the timeline keeps every turn and stays small', () => {
  const looks = Array.from({length: 2000}, (_, index) => ({...inStep(), elapsedMs: index * 100}))
  const figure = timeline([start(), ...looks, {...go(inStep(), [{kind: 'foreign', reason: 'x'}]), elapsedMs: 200_000}])
  expect(figure.marks).toEqual([
    {x: 0, label: '10%'},
    {x: 200, label: 'rolling-back'}
  ])
  expect(figure.series.map(({name}) => name)).toEqual(['weight', 'canary error rate', 'stable error rate'])
  expect(figure.series[0].x.length).toBeLessThan(250)
  expect(figure.series[0].y.at(-1)).toBe(0)
})

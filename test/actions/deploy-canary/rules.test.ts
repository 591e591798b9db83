import {expect, test} from 'vitest'
import {parseGates} from '#shared/gates/parse'
import {judgeLines} from '../../../actions/deploy-canary/src/checks.js'
import {parseLines} from '../../../actions/deploy-canary/src/lines.js'
import {estimateOf, findingOf, shareMismatch, splitOf} from '../../../actions/deploy-canary/src/rules.js'
import type {StepTally} from '../../../actions/deploy-canary/src/tallies.js'
import {draws} from '../../support/served-model.js'

const lineOf = (text: string) => parseLines(parseGates([{text}]))[0]
const step = (percent: number, canary: [number, number], stable: [number, number], fast: [number, number] = [0, 0]): StepTally => ({
  percent,
  canary: {requests: canary[0], errors: canary[1], buckets: {'0.25': fast[0], Infinity: canary[0]}},
  stable: {requests: stable[0], errors: stable[1], buckets: {'0.25': fast[1], Infinity: stable[0]}}
})
const RATIO = lineOf('error_rate <= stable')

test.each([
  ['the vector (c, b) = (25, 75) at 10%', [step(10, [1000, 25], [9000, 75])], 'fail'],
  ['the vector (20, 80) at 10%: p 0.03', [step(10, [1000, 20], [9000, 80])], 'fail'],
  ['as many errors as its share', [step(10, [1000, 10], [9000, 90])], 'inconclusive'],
  ['no error at all', [step(10, [1000, 0], [9000, 0])], 'inconclusive'],
  ['no request', [step(10, [0, 0], [0, 0])], 'inconclusive'],
  ['steps whose evidence multiplies', [step(10, [500, 14], [4500, 60]), step(50, [2000, 60], [2000, 30])], 'fail'],
  ['more errors than requests', [step(10, [10, 20], [90, 0])], 'error']
] as const)('%s: %3$s', (_, steps, finding) => {
  expect(findingOf(RATIO, [...steps], 1)).toBe(finding)
})

test('a proof of safety needs a factor and enough errors', () => {
  const equal = [step(50, [20_000, 400], [20_000, 400])]
  expect(findingOf(RATIO, equal, 1)).toBe('inconclusive')
  expect(findingOf(lineOf('error_rate <= stable * 1.5'), equal, 1)).toBe('pass')
})

test('the level is shared over the gates that can stop the rollout', () => {
  const near = [step(10, [1000, 20], [9000, 80])]
  expect([1, 2].map(among => findingOf(RATIO, near, among))).toEqual(['fail', 'inconclusive'])
})

test.each([
  ['error_rate <= 1%', step(10, [1000, 30], [9000, 0]), 'fail'],
  ['error_rate <= 1%', step(10, [1000, 10], [9000, 0]), 'inconclusive'],
  ['error_rate <= 1%', step(10, [1000, 0], [9000, 0]), 'pass'],
  ['error_rate <= 0.1%', step(10, [1000, 0], [9000, 0]), 'inconclusive'],
  ['slow_rate(250ms) <= 5%', step(10, [1000, 0], [9000, 0], [900, 9000]), 'fail'],
  ['latency_p95_ms <= 250', step(10, [1000, 0], [9000, 0], [990, 9000]), 'pass'],
  ['slow_rate(300ms) <= 5%', step(10, [1000, 0], [9000, 0], [990, 9000]), 'error'],
  ['slow_rate(250ms) <= stable', step(10, [1000, 0], [9000, 0], [900, 8950]), 'fail']
] as const)('%s of %j: %s', (text, tally, finding) => {
  expect(findingOf(lineOf(text), [tally], 1)).toBe(finding)
})

test('looked at after every hundred requests, a candidate as good as stable is sent back in at most 5% of rollouts', () => {
  const draw = draws(11)
  let sentBack = 0
  const rollouts = 300
  for (let rollout = 0; rollout < rollouts; rollout++) {
    const counts = {canary: [0, 0] as [number, number], stable: [0, 0] as [number, number]}
    for (let request = 1; request <= 4000; request++) {
      const side = counts[draw() < 0.25 ? 'canary' : 'stable']
      side[0] += 1
      if (draw() < 0.03) side[1] += 1
      if (request % 100 === 0 && findingOf(RATIO, [step(25, counts.canary, counts.stable)], 1) === 'fail') {
        sentBack += 1
        break
      }
    }
  }
  expect(sentBack / rollouts).toBeLessThanOrEqual(0.05)
})

test('the weight of a step is the share that was counted, and a share that is no chance is found', () => {
  expect(splitOf(step(10, [50, 1], [150, 2]), 'errors')).toEqual({canaryErrors: 1, stableErrors: 2, weight: 0.25})
  expect(shareMismatch(step(10, [95, 0], [905, 0]))).toBe(false)
  expect(shareMismatch(step(10, [200, 0], [800, 0]))).toBe(true)
  expect(shareMismatch(step(10, [100, 0], [0, 0]))).toBe(true)
})

test('the estimate of nothing lies on no good side', () => {
  expect(estimateOf(RATIO, [step(10, [0, 0], [0, 0])])).toBe('misses')
  expect(estimateOf(RATIO, [step(10, [100, 0], [900, 0])])).toBe('meets')
  expect(estimateOf(RATIO, [step(10, [100, 3], [900, 9])])).toBe('misses')
})

test('checks say what was counted, what is proven and what would have been found', () => {
  const lines = parseLines(
    parseGates(['error_rate <= stable', 'error_rate <= stable * 1.5', 'warn: error_rate <= 1%'].map(text => ({text})))
  )
  const steps = [step(10, [1000, 12], [9000, 90]), step(50, [3000, 30], [3000, 31])]
  const [equal, factor, warned] = judgeLines(lines, steps, false)
  expect(equal).toMatchObject({
    verdict: 'inconclusive',
    measured: 0.0105,
    n: 4000,
    operator: '<=',
    reference: {name: 'stable'},
    interval: {confidence: 0.95}
  })
  expect(equal.message).toMatch(
    /^error_rate 0\.0105 \(42 of 4,000\) against 0\.01008 \(121 of 12,000\): "at most stable" is not settled \(ratio 1\.0\d+, 95% bounds .*\); no harm in 4,000 requests; a rate above [\d.]+ times stable would have been found with power 0\.8$/
  )
  expect(factor.bound).toBeCloseTo(1.5 * (121 / 12_000), 12)
  expect(warned.verdict).toBe('warn')
  const [proof, take] = judgeLines(lines, steps, true)
  expect(proof.message).toContain('equality is never proven: write stable * 1.2')
  expect(take.message).toMatch(/a proof takes about [\d,]+ requests to both$/)
})

test('a gate without its boundary names those that there are', () => {
  const [check] = judgeLines([lineOf('slow_rate(300ms) <= stable')], [step(10, [1000, 0], [9000, 0], [990, 9000])], false)
  expect(check).toMatchObject({verdict: 'error', message: 'slow_rate(300ms) <= stable: the histogram has no such boundary; it has 250ms'})
})

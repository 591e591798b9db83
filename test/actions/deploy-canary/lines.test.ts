import {expect, test} from 'vitest'
import {parseGates} from '#shared/gates/parse'
import {parseLines, parseSteps} from '../../../actions/deploy-canary/src/lines.js'

const parse = (...texts: string[]) => parseLines(parseGates(texts.map(text => ({text}))))

test('a gate becomes the events it counts and the rate they are held to', () => {
  const lines = parse(
    'error_rate <= stable',
    'slow_rate(250ms) <= stable * 1.2',
    'latency_p95_ms <= 250',
    'error_rate <= 1%',
    'slow_rate(2s) <= 5%'
  )
  expect(lines.map(({events, limit}) => [events, limit])).toEqual([
    ['errors', {kind: 'ratio', factor: 1}],
    [{slowerThanS: 0.25}, {kind: 'ratio', factor: 1.2}],
    [{slowerThanS: 0.25}, {kind: 'share', share: 0.05}],
    ['errors', {kind: 'share', share: 0.01}],
    [{slowerThanS: 2}, {kind: 'share', share: 0.05}]
  ])
})

test.each([
  ['error_rate <= stable + 1%', 'a sum with stable has no test'],
  ['error_rate <= stable - 0.01', 'a sum with stable has no test'],
  ['error_rate <= stable * 0.9', 'the factor 0.9 is below 1'],
  ['error_rate < stable', 'held to at most a bound, got <'],
  ['error_rate >= 1%', 'held to at most a bound, got >='],
  ['error_rate <= 0', 'no number of requests proves a rate of 0'],
  ['error_rate <= champion', "can't be held against champion in deploy-canary"],
  ['latency_p95_ms <= stable', "can't be held against stable"],
  ['latency_p95_ms <= 5%', 'is not a share'],
  ['error_rate <= 75', 'a share between 0 and 1'],
  ['slow_rate <= stable', 'takes 1 in parentheses, got 0'],
  ['slow_rate(fast) <= stable', '"fast" is not a duration'],
  ['error_rate(gender) <= stable', 'takes nothing in parentheses'],
  ['error_rate[gender=female] <= stable', "can't be cut to a slice"],
  ['roc_auc >= 0.7', 'unknown metric roc_auc'],
  ['warn: error_rate <= stable', 'none that could stop the rollout']
])('%s is refused: %s', (text, message) => {
  expect(() => parse(text)).toThrow(message)
})

test('all gates that can not be asked are named at once', () => {
  expect(() => parse('roc_auc >= 0.7', 'error_rate <= stable', 'slow_rate(250ms) <= stable + 1%')).toThrow(
    /roc_auc[\s\S]*slow_rate\(250ms\)/
  )
  expect(() => parse('roc_auc >= 0.7')).toThrow(expect.objectContaining({hint: 'roc_auc belongs to evaluate: move the gate there.'}))
})

test('steps are whole percents that rise', () => {
  expect(parseSteps(['5%', '25 %', '50%'])).toEqual([5, 25, 50])
  for (const bad of [['5'], ['0%'], ['100%'], ['2.5%'], ['-5%'], ['50%', '25%'], ['5%', '5%']])
    expect(() => parseSteps(bad)).toThrow(/^steps: expected/)
})

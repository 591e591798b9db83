import {expect, test} from 'vitest'
import {alike, boundOf, intervalOf, quantity, range, signed} from '#shared/report/numbers'
import {strip} from '#shared/report/page/strip'
import {FAILED} from '../../support/evidence.js'

test('a share stays a share, a unit that is written is written', () => {
  expect(quantity(0.8, 'share')).toBe('0.8')
  expect(quantity(1234.5678, 'ms')).toBe('1,235 ms')
})

test('differences carry their sign', () => {
  expect([0.03312, -0.021, 0].map(signed)).toEqual(['+0.03312', '-0.021', '0'])
})

test('open sides of an interval are words', () => {
  expect(range({low: 0.1, high: 0.2})).toBe('0.1 to 0.2')
  expect(range({low: 0.1, high: null})).toBe('at least 0.1')
  expect(range({low: null, high: 0.2})).toBe('at most 0.2')
  expect(range({low: null, high: null})).toBe('unbounded')
})

test('nothing measured is an empty cell, not a number', () => {
  expect(intervalOf(FAILED)).toBe('')
  expect(boundOf({...FAILED, bound: undefined})).toBe('')
})

const interval = {low: -0.1, high: 0.02, confidence: 0.95, method: 'DeLong'}

test('a strip puts estimate and bound on one scale', () => {
  const drawn = strip({...FAILED, measured: 0.6, bound: 0.7, interval: {...interval, low: 0.5, high: 0.65}})
  expect(drawn).toContain('M112.0 1v16')
  expect(drawn).toContain('cx="60.0"')
})

test('a strip of a scaled reference is not drawn, for the bound of its difference is not known', () => {
  const reference = {name: 'champion', value: 0.5, difference: 0.1}
  expect(strip({...FAILED, id: 'a <= champion * 1.2', interval, reference})).toBe('')
  expect(strip({...FAILED, id: 'a <= champion', interval, reference})).toContain('<circle')
})

test('against stable the bounds are of a ratio, which is said and not drawn on the scale of a difference', () => {
  const check = {...FAILED, id: 'error_rate <= stable', interval: {...interval, low: 0, high: null}}
  const reference = {value: 0.5, difference: 0.1}
  expect(intervalOf({...check, reference: {...reference, name: 'stable'}})).toBe('ratio at least 0')
  expect(strip({...check, reference: {...reference, name: 'stable'}})).toBe('')
  expect(intervalOf({...check, reference: {...reference, name: 'champion'}})).toBe('difference at least 0')
})

test.each([
  [0.76, 0.7512, ['0.7600', '0.7512', '+0.0088']],
  [0.7512, 0.76, ['0.7512', '0.7600', '-0.0088']],
  [0.7, 0.7, ['0.7', '0.7', '0.0']],
  [12, 7, ['12', '7', '+5']],
  [1234.56, 1000, ['1,235', '1,000', '+235']],
  [0.25001, 0.25, ['0.25', '0.25', '0.00']],
  [2e-7, 0.1, ['2e-7', '0.1', '-0.1']]
])('%d beside %d is written in equal digits', (first, second, texts) => {
  const shown = alike(first, second)
  expect([shown.first, shown.second, shown.difference]).toEqual(texts)
})

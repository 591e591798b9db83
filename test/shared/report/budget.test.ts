import {describe, expect, test} from 'vitest'
import {fitTo, type Section} from '#shared/report/budget'

const SECTIONS: readonly Section[] = [
  {name: 'head', importance: 3, versions: [() => 'HEAD']},
  {name: 'list', importance: 2, versions: [() => 'a b c', () => 'a']},
  {name: 'details', importance: 1, versions: [() => 'x'.repeat(20), () => 'x'.repeat(5), () => '']}
]

describe('fitTo', () => {
  test('keeps everything that fits', () => {
    expect(fitTo(SECTIONS, 1000)).toEqual({text: `HEAD\n\na b c\n\n${'x'.repeat(20)}`, shortened: []})
  })

  test('shortens the least important first, and no more than is needed', () => {
    expect(fitTo(SECTIONS, 27)).toEqual({text: 'HEAD\n\na b c\n\nxxxxx', shortened: ['details']})
    expect(fitTo(SECTIONS, 14)).toEqual({text: 'HEAD\n\na b c', shortened: ['details']})
    expect(fitTo(SECTIONS, 9)).toEqual({text: 'HEAD\n\na', shortened: ['list', 'details']})
  })

  test('never drops what has no shorter version', () => {
    expect(fitTo(SECTIONS, 1).text).toBe('HEAD\n\na')
  })
})

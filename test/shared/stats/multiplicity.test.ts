import {expect, test} from 'vitest'
import {benjaminiHochberg, holm} from '#shared/stats/multiplicity'
import vectors from '../../fixtures/vectors.json' with {type: 'json'}

const backwards = <T>(list: readonly T[]): T[] => [...list].reverse()

test.each([
  ['Holm', holm, vectors.holm],
  ['Benjamini-Hochberg', benjaminiHochberg, vectors.benjaminiHochberg]
] as const)('%s equals its vector in any order', (_, adjust, {p, adjusted}) => {
  const near = (expected: readonly number[]) => expected.map(value => expect.closeTo(value, 6))
  expect(adjust(p)).toEqual(near(adjusted))
  expect(adjust(backwards(p))).toEqual(near(backwards(adjusted)))
})

test('a test without a p-value still counts, and never becomes significant', () => {
  expect(holm([0.01, Number.NaN])).toEqual([0.02, Number.NaN])
  expect(benjaminiHochberg([0.02, Number.NaN])).toEqual([0.04, Number.NaN])
  expect(holm([])).toEqual([])
})

import {expect, test} from 'vitest'
import {holm} from '#shared/stats/multiplicity'
import vectors from '../../fixtures/vectors.json' with {type: 'json'}

const backwards = <T>(list: readonly T[]): T[] => [...list].reverse()

test('Holm equals its vector in any order', () => {
  const {p, adjusted} = vectors.holm
  const near = (expected: readonly number[]) => expected.map(value => expect.closeTo(value, 6))
  expect(holm(p)).toEqual(near(adjusted))
  expect(holm(backwards(p))).toEqual(near(backwards(adjusted)))
})

test('a test without a p-value still counts, and never becomes significant', () => {
  expect(holm([0.01, Number.NaN])).toEqual([0.02, Number.NaN])
  expect(holm([])).toEqual([])
})

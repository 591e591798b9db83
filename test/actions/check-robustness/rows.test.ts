import {describe, expect, test} from 'vitest'
import {columnsOf} from '#shared/models/columns'
import {random} from '#shared/stats/random'
import {measureDeterminism} from '../../../actions/check-robustness/src/determinism.js'
import {edgeRows, edgesOf, UNSEEN} from '../../../actions/check-robustness/src/edges.js'
import {flipsOf, shareDifference, shareEstimate} from '../../../actions/check-robustness/src/flips.js'
import {measureMonotone, parseMonotone} from '../../../actions/check-robustness/src/monotone.js'
import {deviationOf, PERTURBATIONS} from '../../../actions/check-robustness/src/perturbations.js'
import {type Answer, drawRows, type Rows, takeRows} from '../../../actions/check-robustness/src/rows.js'

const ages = Array.from({length: 1000}, (_, row) => 20 + (row % 40))
const rows: Rows = {
  n: 1000,
  columns: columnsOf({
    age: ages,
    children: ages.map(age => age % 3),
    plan: ages.map(age => (age % 4 === 0 ? 'Gold' : 'Silver'))
  }),
  reads: [
    {column: 'age', kind: 'real'},
    {column: 'children', kind: 'integer'},
    {column: 'plan', kind: 'text'}
  ]
}
const numbers = (changed: Rows | undefined, name: string) => changed?.columns.numeric(name) ?? new Float64Array()

describe('perturbations', () => {
  test('noise has 0.01 standard deviations, and leaves integers and texts', () => {
    const noisy = PERTURBATIONS.noise(rows, random(1))
    const differences = numbers(noisy, 'age').map((value, row) => value - ages[row])
    expect(deviationOf(differences) / deviationOf(Float64Array.from(ages))).toBeCloseTo(0.01, 3)
    expect(numbers(noisy, 'children')).toEqual(numbers(rows, 'children'))
    expect(noisy?.columns.text('plan')).toEqual(rows.columns.text('plan'))
  })

  test('scale moves every real cell by one in a hundred, up or down', () => {
    const factors = new Set(
      Array.from(numbers(PERTURBATIONS.scale(rows, random(1)), 'age'), (value, row) => (value / ages[row]).toFixed(4))
    )
    expect([...factors].sort()).toEqual(['0.9900', '1.0100'])
  })

  test('missing takes one cell of each row, never of an integer input', () => {
    const changed = PERTURBATIONS.missing(rows, random(1))
    const gone = Array.from(
      numbers(changed, 'age'),
      (value, row) => Number(Number.isNaN(value)) + Number(changed?.columns.text('plan')[row] === '')
    )
    expect(gone.every(count => count === 1)).toBe(true)
    expect(numbers(changed, 'children')).toEqual(numbers(rows, 'children'))
  })

  test('category gives another known value, spelling the same in other letters', () => {
    const other = PERTURBATIONS.category(rows, random(1))?.columns.text('plan')
    expect(other?.every((plan, row) => plan !== rows.columns.text('plan')[row] && ['Gold', 'Silver'].includes(plan))).toBe(true)
    expect(PERTURBATIONS.spelling(rows, random(1))?.columns.text('plan').slice(0, 2)).toEqual(['gold ', 'silver '])
  })

  test('what the model does not read is not perturbed', () => {
    const texts = {...rows, reads: [{column: 'plan', kind: 'text'}] as const}
    expect(PERTURBATIONS.noise(texts, random(1))).toBeUndefined()
    expect(PERTURBATIONS.scale(texts, random(1))).toBeUndefined()
    const reals = {...rows, reads: [{column: 'age', kind: 'real'}] as const}
    expect(PERTURBATIONS.category(reals, random(1))).toBeUndefined()
    expect(PERTURBATIONS.spelling(reals, random(1))).toBeUndefined()
    expect(PERTURBATIONS.missing({...rows, reads: [{column: 'children', kind: 'integer'}]}, random(1))).toBeUndefined()
  })

  test('the same seed changes the same', () => {
    expect(numbers(PERTURBATIONS.noise(rows, random(7)), 'age')).toEqual(numbers(PERTURBATIONS.noise(rows, random(7)), 'age'))
    expect(numbers(PERTURBATIONS.noise(rows, random(7)), 'age')).not.toEqual(numbers(PERTURBATIONS.noise(rows, random(8)), 'age'))
  })
})

describe('flips', () => {
  test('another class and no valid score are flips; a row without a score at first does not count', () => {
    const before = Float64Array.of(0.4, 0.4, 0.6, Number.NaN, 0.5, 0.7)
    const after = Float64Array.of(0.45, 0.5, 0.4, 0.4, Number.NaN, 1.5)
    expect([...flipsOf(before, after, 0.5)]).toEqual([0, 1, 1, 2, 1, 1])
  })

  test('the share has exact bounds, and under 30 rows no verdict', () => {
    const estimate = shareEstimate(Uint8Array.from({length: 100}, (_, row) => (row < 2 ? 1 : 0)))
    expect(estimate.value).toBe(0.02)
    expect(estimate.bounds?.(0.05).high).toBeCloseTo(0.06162, 4)
    expect(shareEstimate(new Uint8Array(29)).reason).toBe('29 rows are too few, 30 are needed')
    expect(shareEstimate(new Uint8Array(10).fill(2))).toEqual({value: null, n: 0})
  })

  test('the difference counts rows that count for both', () => {
    const own = Uint8Array.from({length: 100}, (_, row) => (row < 10 ? 1 : row > 97 ? 2 : 0))
    const other = Uint8Array.from({length: 100}, (_, row) => (row < 4 ? 1 : row > 95 ? 2 : 0))
    const {reference, difference} = shareDifference(own, other, 1)
    expect(difference.n).toBe(96)
    expect(reference).toBeCloseTo(4 / 96, 12)
    expect(difference.value).toBeCloseTo(6 / 96, 12)
    const {low, high} = difference.bounds?.(0.05) ?? {low: 1, high: 0}
    expect(low).toBeLessThan(6 / 96)
    expect(high).toBeGreaterThan(6 / 96)
    const twice = shareDifference(own, other, 2)
    expect(twice.difference.value).toBeCloseTo(2 / 96, 12)
    expect(twice.difference.bounds?.(0.05).low).toBeLessThan(low)
  })
})

describe('edges', () => {
  const {usual, edges} = edgesOf(rows, [{column: 'age', minimum: 18, maximum: 64, nullable: false}])
  const cellsOf = (name: string) => Object.fromEntries(edges.find(edge => edge.name === name)?.cells ?? [])

  test('the usual row has medians and the most frequent text', () => {
    expect(Object.fromEntries(usual)).toEqual({age: 39, children: 1, plan: 'Silver'})
  })

  test('each column alone: 0, the range, ten times beyond, missing where it may be, unseen and empty texts', () => {
    expect(edges.map(({name}) => name)).toEqual([
      ...['0', 'minimum', 'maximum', 'far below', 'far above'].map(name => `age = ${name}`),
      ...['0', 'minimum', 'maximum', 'far below', 'far above'].map(name => `children = ${name}`),
      'plan = unseen',
      'plan = empty',
      ...['0', 'minimum', 'maximum', 'far below', 'far above', 'unseen', 'empty'].map(name => `every column = ${name}`)
    ])
    expect(cellsOf('age = far above')).toEqual({age: 64 + 460, children: 1, plan: 'Silver'})
    expect(cellsOf('age = far below').age).toBe(18 - 460)
    expect(cellsOf('children = far above').children).toBe(22)
    expect(cellsOf('plan = unseen').plan).toBe(UNSEEN)
    expect(cellsOf('every column = maximum')).toEqual({age: 64, children: 2, plan: 'Silver'})
  })

  test('without a contract numbers are tried as missing too', () => {
    expect(edgesOf(rows, []).edges.map(({name}) => name)).toContain('age = missing')
    expect(edgesOf(rows, []).edges.map(({name}) => name)).not.toContain('children = missing')
  })

  test('they become rows of the same columns', () => {
    const {n, columns} = edgeRows(rows, edges)
    expect(n).toBe(19)
    expect(columns.numeric('age')?.[1]).toBe(18)
    expect(columns.text('plan')[10]).toBe(UNSEEN)
  })
})

describe('determinism', () => {
  const answer =
    (score: (age: number, n: number) => number): Answer =>
    async (columns, n) => ({
      values: (columns.numeric('age') ?? new Float64Array()).map(age => score(age, n)),
      rejected: [],
      untried: 0
    })
  const measure = async (score: (age: number, n: number) => number) => {
    const one = answer(score)
    return measureDeterminism(rows, (await one(rows.columns, rows.n)).values, one, random(1))
  }

  test('the same answer however it is asked is a difference of 0 over all comparisons', async () => {
    expect(await measure(age => age / 100)).toEqual({largest: 0, n: 2200, by: 'repeated'})
  })

  test('an answer that depends on the size of the call is found', async () => {
    const {largest, by} = await measure((age, n) => age / 100 + (n === 1 ? 0.001 : 0))
    expect(largest).toBeCloseTo(0.001, 9)
    expect(by).toBe('alone')
  })

  test('a score that is valid only sometimes differs by 1', async () => {
    expect((await measure((age, n) => (n === 1 ? Number.NaN : age / 100))).largest).toBe(1)
  })
})

describe('directions', () => {
  test('signs and columns are read, and what is no direction is refused', () => {
    expect(parseMonotone(['+age', '- children'], ['age', 'children'])).toEqual([
      {column: 'age', sign: 1},
      {column: 'children', sign: -1}
    ])
    expect(() => parseMonotone(['age'], ['age'])).toThrow('monotone: "age": expected a sign and a column')
    expect(() => parseMonotone(['+plan'], ['age'])).toThrow('monotone: "+plan": the model reads no column of numbers of this name')
    expect(() => parseMonotone(['+age', '-age'], ['age'])).toThrow('the column stands twice')
  })

  const answer =
    (score: (age: number) => number): Answer =>
    async columns => ({
      values: (columns.numeric('age') ?? new Float64Array()).map(score),
      rejected: [],
      untried: 0
    })

  test('a step back is a violation, rounding is not, and an invalid score is not counted', async () => {
    const age = {column: 'age', sign: 1} as const
    const count = async (score: (age: number) => number) => shareEstimate(await measureMonotone(rows, age, answer(score)))
    expect((await count(value => value / 100)).value).toBe(0)
    expect((await count(value => 1 - value / 100)).value).toBe(1)
    expect((await count(value => 0.5 - value * 1e-9)).value).toBe(0)
    expect((await count(value => (value > 40 ? Number.NaN : 0.5))).n).toBe(0)
  })
})

test('rows are drawn without repeats, and taken in the order asked', () => {
  const order = drawRows(1000, 100, random(3))
  expect(new Set(order).size).toBe(100)
  expect([...drawRows(3, 3, () => 0)].sort()).toEqual([0, 1, 2])
  const taken = takeRows(rows, [5, 5, 0])
  expect([...numbers(taken, 'age')]).toEqual([25, 25, 20])
  expect(taken.columns.text('plan')).toEqual(['Silver', 'Silver', 'Gold'])
})

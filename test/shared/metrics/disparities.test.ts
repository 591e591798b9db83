import {describe, expect, it, test} from 'vitest'
import {compareDisparity, DISPARITIES, measureDisparity, RATES, smallGroups} from '#shared/metrics/disparities'
import {comparedBounds, disparityBounds, type PairedCells} from '#shared/metrics/group-bounds'
import {cellsByGroup, groupsOf, jointCellsByGroup} from '#shared/metrics/groups'
import {homogeneityP} from '#shared/stats/homogeneity'
import {newcombe, scoreRatio} from '#shared/stats/proportions'
import {binomial, multinomial, random} from '#shared/stats/random'

const coded = (cells: readonly string[]) => {
  const values = [...new Set(cells)].filter(cell => cell !== '')
  return {values, codes: Int32Array.from(cells, cell => values.indexOf(cell))}
}

// fairlearn's user guide, "Common fairness metrics": 18 rows, three groups.
const labels = Uint8Array.from([0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1])
const predictions = Uint8Array.from([0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0])
const guide = coded('bbabbcccaacabccbcc'.split(''))
const grouping = groupsOf([guide])
const groups = {names: grouping.names, cells: cellsByGroup(grouping, {labels, predictions})}

/** Groups of given sizes and rates: n rows, half of them positive, `chosen` of each half predicted positive. */
function sized(rows: readonly (readonly [name: string, n: number, chosenPositives: number, chosenNegatives: number])[]) {
  return {names: rows.map(([name]) => name), cells: rows.map(([, n, tp, fp]) => Float64Array.of(n / 2 - fp, fp, n / 2 - tp, tp))}
}

const options = {minimumGroup: 30, seed: 1}
const measure = (name: string, from: typeof groups, more: Partial<typeof options> = {}) =>
  measureDisparity(DISPARITIES[name], from, {...options, ...more})

describe('disparities by definition', () => {
  // The guide's groups are far below any minimum, so the rates' own minimum is taken away here.
  const bare = (name: string) =>
    measureDisparity({...DISPARITIES[name], rates: DISPARITIES[name].rates.map(rate => ({...rate, least: 0}))}, groups, {
      minimumGroup: 1,
      seed: 1
    }).value
  test.each([
    ['demographic_parity_difference', 0.25],
    ['demographic_parity_ratio', 2 / 3],
    ['equalized_odds_difference', 1],
    ['equalized_odds_ratio', 0],
    ['equal_opportunity_difference', 0.2],
    ['equal_opportunity_ratio', 2 / 3]
  ])('%s equals fairlearn', (name, value) => expect(bare(name)).toBeCloseTo(value, 10))

  it('counts every row in its group, most rows first', () => {
    expect(grouping.names).toEqual(['c', 'b', 'a'])
    expect(groups.cells.map(cells => [...cells])).toEqual([
      [1, 2, 3, 2],
      [1, 0, 2, 3],
      [0, 2, 1, 1]
    ])
  })
})

describe('intersections', () => {
  it('are the combinations that occur, a missing value by itself', () => {
    const both = groupsOf([coded(['f', 'f', 'm', '', 'f']), coded(['x', 'y', 'x', 'x', 'x'])])
    expect(both.names).toEqual(['f × x', '(missing) × x', 'f × y', 'm × x'])
    expect([...both.of]).toEqual([0, 2, 3, 1, 0])
  })
})

describe('what supports a disparity', () => {
  it('is Newcombe or the score interval for two groups, with Fisher', () => {
    const two = sized([
      ['a', 80, 24, 24],
      ['b', 50, 11, 10]
    ])
    const difference = measure('demographic_parity_difference', two)
    expect(difference.value).toBeCloseTo(48 / 80 - 21 / 50, 12)
    expect(difference.method).toBe('Newcombe')
    expect(difference.bounds?.(0.025).high).toBeCloseTo(0.341293, 5)
    expect(difference.bounds?.(0.05).low).toBeCloseTo(0.004068, 5)
    expect(difference.pNull).toBeCloseTo(0.0495426535, 6)
    const ratio = measure('demographic_parity_ratio', two)
    expect(ratio.bounds?.(0.025).low).toBeCloseTo(1 / 2.120377, 4)
    expect(ratio.bounds?.(0.05).high).toBeCloseTo(1 / 1.005624, 4)
    expect(ratio.detail).toBe('selection rate: b 0.42 (n 50) and a 0.6 (n 80)')
  })

  it('is never a ratio above 1, and folds where either group may be the larger', () => {
    const equal = sized([
      ['a', 100, 20, 20],
      ['b', 100, 20, 20]
    ])
    expect(measure('demographic_parity_ratio', equal).value).toBe(1)
    const {low, high} = measure('demographic_parity_ratio', equal).bounds?.(0.05) ?? {low: 0, high: 0}
    expect(high).toBe(1)
    expect(low).toBeGreaterThan(0.6)
    expect(measure('demographic_parity_difference', equal).bounds?.(0.05).low).toBe(0)
  })

  it('is the worst limit of all pairs for more groups and rates', () => {
    const three = sized([
      ['a', 200, 60, 40],
      ['b', 200, 50, 30],
      ['c', 200, 40, 20]
    ])
    const one = measure('equalized_odds_difference', three)
    expect(one.method).toBe('Newcombe, each pair of groups')
    expect(one.value).toBeCloseTo(0.2, 12)
    const {low, high} = one.bounds?.(0.05) ?? {low: 0, high: 0}
    expect(low).toBeGreaterThan(0.02)
    expect(low).toBeLessThan(0.2)
    expect(high).toBeCloseTo(newcombe({successes: 60, n: 100}, {successes: 40, n: 100}, 0.05).high, 12)
    expect(measure('equalized_odds_ratio', three).bounds?.(0.05).low).toBeCloseTo(
      scoreRatio({successes: 20, n: 100}, {successes: 40, n: 100}, 0.05).low,
      12
    )
  })

  it('never takes groups without a mistake for proof', () => {
    const [a, b, c] = ['a', 'b', 'c'].map(name => [name, 30, 15, 0] as const)
    const most = newcombe({successes: 15, n: 15}, {successes: 15, n: 15}, 0.05).high
    for (const from of [sized([a, b]), sized([a, b, c])]) {
      for (const name of ['equal_opportunity_difference', 'equalized_odds_difference']) {
        const {value, bounds} = measure(name, from)
        expect(value).toBe(0)
        expect(bounds?.(0.05)).toEqual({low: 0, high: expect.closeTo(most, 12) as number})
      }
      expect(measure('equal_opportunity_ratio', from).bounds?.(0.05).low).toBeLessThan(0.9)
    }
  })

  it('does not call a disparity of small groups significant under the null', () => {
    const five = sized(Array.from({length: 5}, (_, index) => [`g${index}`, 50, 12 + (index % 2) * 3, 12] as const))
    expect(measure('demographic_parity_ratio', five).pNull).toBeGreaterThan(0.3)
  })
})

describe('groups that are too small', () => {
  const some = sized([
    ['a', 100, 30, 20],
    ['b', 100, 20, 10],
    ['tiny', 20, 9, 9]
  ])
  it('are left out of the disparity and listed', () => {
    expect(measure('demographic_parity_difference', some).value).toBeCloseTo(0.2, 12)
    expect(measure('demographic_parity_difference', some, {minimumGroup: 10}).value).toBeCloseTo(0.6, 12)
    expect(smallGroups(some, [], {minimumGroup: 30})).toEqual([{name: 'tiny', reason: '20 rows'}])
  })

  it('leave no verdict when fewer than two are left', () => {
    const one = measure(
      'demographic_parity_difference',
      sized([
        ['a', 100, 30, 20],
        ['tiny', 20, 9, 9]
      ])
    )
    expect(one).toMatchObject({value: null, rows: 120, reason: '1 of 2 groups has at least 30 rows, and a disparity needs two'})
  })

  it('are those without enough positives for a rate of positives', () => {
    const skewed = {names: ['a', 'b'], cells: [Float64Array.of(50, 10, 20, 20), Float64Array.of(60, 10, 2, 3)]}
    expect(measure('equal_opportunity_difference', skewed).reason).toContain('at least 30 rows and 10 positives')
    expect(measure('demographic_parity_difference', skewed).value).not.toBeNull()
    expect(smallGroups(skewed, [RATES.true_positive_rate], {minimumGroup: 30})).toEqual([{name: 'b', reason: '5 positives'}])
  })

  it('have no ratio when nobody is chosen', () => {
    expect(
      measure(
        'demographic_parity_ratio',
        sized([
          ['a', 100, 0, 0],
          ['b', 100, 0, 0]
        ])
      )
    ).toMatchObject({value: null, rows: 200, reason: expect.stringContaining('not defined') as string})
    expect(
      measure(
        'demographic_parity_ratio',
        sized([
          ['a', 100, 20, 10],
          ['b', 100, 0, 0]
        ])
      ).value
    ).toBe(0)
  })
})

describe('against the champion', () => {
  const n = 400
  const truth = Uint8Array.from({length: n}, (_, row) => row % 2)
  const group = groupsOf([coded(Array.from({length: n}, (_, row) => (row < 200 ? 'f' : 'm')))])
  const fair = Uint8Array.from({length: n}, (_, row) => (row % 4 < 2 ? 1 : 0))
  const unfair = Uint8Array.from({length: n}, (_, row) => (row < 200 ? (row % 10 < 2 ? 1 : 0) : row % 4 < 2 ? 1 : 0))
  const cells = (candidate: Uint8Array, champion: Uint8Array) => ({
    names: group.names,
    cells: jointCellsByGroup(group, {labels: truth, predictions: candidate}, {labels: truth, predictions: champion})
  })

  it('is 0 without doubt for the same predictions', () => {
    const {difference, reference} = compareDisparity(DISPARITIES.demographic_parity_ratio, cells(unfair, unfair), 1, options)
    expect(reference).toBeCloseTo(0.4, 12)
    expect([difference.value, difference.bounds?.(0.05)]).toEqual([0, {low: 0, high: 0}])
  })

  it('is the paired difference otherwise', () => {
    const {difference} = compareDisparity(DISPARITIES.demographic_parity_ratio, cells(unfair, fair), 1, options)
    expect(difference.value).toBeCloseTo(-0.6, 12)
    expect(difference.bounds?.(0.05).high).toBeLessThan(-0.25)
  })

  it('judges the same groups throughout, however close one is to the minimum', () => {
    // By label, candidate and champion; the candidate finds 1 of the last group's 11 positives, the champion 10 of them.
    const near = {
      names: ['a', 'b', 'few'],
      cells: [
        Float64Array.of(50, 0, 0, 0, 5, 0, 0, 45),
        Float64Array.of(50, 0, 0, 0, 5, 0, 0, 45),
        Float64Array.of(50, 0, 0, 0, 1, 9, 0, 1)
      ]
    }
    const {difference} = compareDisparity(DISPARITIES.equal_opportunity_difference, near, 1, options)
    expect(difference.value).toBeCloseTo(0.9 - 1 / 11 - (10 / 11 - 0.9), 12)
    expect(difference).toMatchObject({n: 261, rows: 261})
    expect(difference.bounds?.(0.05).low).toBeGreaterThan(0.3)
  })

  it('does not take two models without a mistake for the same', () => {
    const perfect = Float64Array.of(40, 10, 10, 0, 0, 0, 0, 15)
    const both = {names: ['a', 'b', 'c'], cells: [perfect, perfect, perfect]}
    const {difference} = compareDisparity(DISPARITIES.equal_opportunity_difference, both, 1, options)
    expect(difference.value).toBe(0)
    expect(difference.bounds?.(0.05).low).toBeLessThan(-0.1)
    expect(difference.bounds?.(0.05).high).toBeGreaterThan(0.1)
  })
})

/** How often one-sided 95% bounds miss the truth, over seeded draws of so many rows a group. */
describe('one-sided 95% bounds hold the truth', () => {
  const RUNS = 250
  const LIMIT = 0.05 + 3 * Math.sqrt(0.0475 / RUNS)
  const of = (kind: 'difference' | 'ratio', shares: readonly number[]) => {
    const [least, most] = [Math.min(...shares), Math.max(...shares)]
    return kind === 'difference' ? most - least : least / most
  }
  const expectHeld = (truth: number, draw: () => {low: number; high: number}) => {
    const drawn = Array.from({length: RUNS}, draw)
    expect(drawn.filter(({low}) => low > truth + 1e-12).length / RUNS).toBeLessThan(LIMIT)
    expect(drawn.filter(({high}) => high < truth - 1e-12).length / RUNS).toBeLessThan(LIMIT)
  }
  const KINDS = ['difference', 'ratio'] as const

  describe.each(KINDS)('of a %s', kind => {
    test.each([
      [50, [0.5, 0.5, 0.5]],
      [10, [0.95, 0.95, 0.95]],
      [10, [1, 0.75, 1]],
      [50, [0.2, 0.3, 0.5]],
      [40, [0.6, 0.4]]
    ])('%d rows a group, rates %j', (n, shares) => {
      const next = random(11)
      expectHeld(of(kind, shares), () => disparityBounds([shares.map(share => ({successes: binomial(next, n, share), n}))], kind, 0.05))
    })

    test.each([
      [50, [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]],
      [60, [0.7, 0.5], [0.6, 0.6]],
      [60, [0.6, 0.6], [0.7, 0.5]],
      [50, [0.5, 0.5, 0.5, 0.3], [0.5, 0.5, 0.5, 0.5]],
      [60, [0.5, 0.3], [0.3, 0.5]],
      [20, [0.97, 0.9, 0.97], [0.97, 0.97, 0.97]]
    ])('%d rows a group, rates %j against %j', (n, ours, theirs) => {
      const next = random(12)
      expectHeld(of(kind, ours) - of(kind, theirs), () => {
        const groups = ours.map((p, group): PairedCells => {
          const q = theirs[group]
          const together = 0.4 * p * q + 0.6 * Math.min(p, q)
          const [both, first, second, neither] = multinomial(next, n, [together, p - together, q - together, 1 - p - q + together])
          return [both, first, second, neither]
        })
        return comparedBounds([groups], kind, 1, 0.05)
      })
    })
  })
})

describe('the test of "all the same"', () => {
  it('is Fisher for two, chi-square for large, permutation for small expected counts', () => {
    expect(
      homogeneityP([
        {successes: 9, n: 10},
        {successes: 3, n: 10}
      ])
    ).toBeCloseTo(0.0197666111, 8)
    expect(
      homogeneityP([
        {successes: 100, n: 1000},
        {successes: 100, n: 1000},
        {successes: 160, n: 1000}
      ])
    ).toBeLessThan(1e-4)
    const rare = [
      {successes: 4, n: 40},
      {successes: 0, n: 40},
      {successes: 0, n: 40}
    ]
    const p = homogeneityP(rare)
    expect(p).toBeGreaterThan(0.01)
    expect(p).toBeLessThan(0.06)
    expect(homogeneityP(rare)).toBe(p)
    expect(
      homogeneityP([
        {successes: 0, n: 40},
        {successes: 0, n: 50}
      ])
    ).toBe(1)
  })
})

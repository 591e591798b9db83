import {describe, expect, it, test} from 'vitest'
import {decide, missPValue} from '#shared/gates/decision'
import {judgeGates} from '#shared/gates/judge'
import type {Measured, Metric} from '#shared/gates/metric'
import {parseGates} from '#shared/gates/parse'
import type {Estimate} from '#shared/stats/estimate'
import {normalQuantile} from '#shared/stats/special'

const normal = (value: number, se: number, n = 1000, more: Partial<Estimate> = {}): Estimate => ({
  value,
  n,
  method: 'normal',
  bounds: alpha => ({low: value - normalQuantile(1 - alpha) * se, high: value + normalQuantile(1 - alpha) * se}),
  ...more
})

const metric = (estimate: Estimate | ((slice: string) => Estimate), more: Partial<Metric> = {}): Metric => ({
  unit: 'share',
  takes: 'nothing',
  items: [0, 0],
  slices: true,
  references: ['champion', 'overall'],
  measure: ({slice}) => (typeof estimate === 'function' ? estimate(slice.map(({value}) => value).join()) : estimate),
  ...more
})

function measured(metrics: Record<string, Metric>, more: Partial<Measured> = {}): Measured {
  return {
    metrics,
    columns: ['gender', 'age'],
    values: () => [
      {value: 'female', n: 500},
      {value: 'male', n: 500}
    ],
    ...more
  }
}

const judge = (lines: string[], what: Measured, action = 'evaluate') => judgeGates(parseGates(lines.map(text => ({text}))), what, action)

describe('an interval against a bound', () => {
  test.each([
    [0.6, 0.8, '>=', 0.6, 'pass'],
    [0.6, 0.8, '>', 0.6, 'inconclusive'],
    [0.6, 0.8, '>=', 0.7, 'inconclusive'],
    [0.6, 0.8, '>=', 0.8, 'inconclusive'],
    [0.6, 0.8, '>', 0.8, 'fail'],
    [0.6, 0.8, '>=', 0.81, 'fail'],
    [0.6, 0.8, '<=', 0.8, 'pass'],
    [0.6, 0.8, '<=', 0.5, 'fail'],
    [0, 0, '>=', 0, 'pass'],
    [0, 0, '<=', 0, 'pass'],
    [Number.NaN, 0.8, '>=', 0, 'inconclusive'],
    [-Infinity, Infinity, '>=', 0, 'inconclusive'],
    [0.6, 0.8, '>=', Number.NaN, 'inconclusive']
  ] as const)('[%d, %d] %s %d is %s', (low, high, operator, bound, verdict) => expect(decide({low, high}, operator, bound)).toBe(verdict))

  it('gives the p-value at which it begins to miss', () => {
    expect(missPValue(normal(0.5, 0.1), '>=', 0.5 + 0.1 * 1.6448536269514722)).toBeCloseTo(0.05, 6)
    expect(missPValue(normal(0.7, 0.1), '>=', 0.5)).toBe(1)
    expect(missPValue(normal(0.5, 1e-9), '>=', 0.9)).toBeLessThan(1e-11)
  })
})

describe('judging', () => {
  it('passes, fails and withholds by the whole interval, and says what would settle it', async () => {
    const checks = await judge(['roc_auc >= 0.6', 'roc_auc >= 0.75', 'roc_auc >= 0.69'], measured({roc_auc: metric(normal(0.7, 0.02))}))
    expect(checks.map(check => check.verdict)).toEqual(['pass', 'fail', 'inconclusive'])
    expect(checks[1].message).toBe('roc_auc 0.7 is below 0.75 (95% bounds 0.6671 to 0.7329, normal, n 1,000)')
    expect(checks[2]).toMatchObject({estimate: 'meets', measured: 0.7, bound: 0.69, n: 1000})
    expect(checks[2].message).toMatch(/^roc_auc 0\.7 is by estimate at least 0\.69, undecided \(95% bounds /)
    expect(checks[2].message).toMatch(/; 1,000 rows can settle a margin of 0\.05; for 0\.01 about 25,000 are needed$/)
  })

  it('softens fail and inconclusive of a warn gate, never an error', async () => {
    const what = measured({roc_auc: metric(normal(0.7, 0.02)), f1: metric({value: null, n: 0})})
    const checks = await judge(['warn: roc_auc >= 0.9', 'warn: roc_auc >= 0.7', 'warn: f1 >= 0.5'], what)
    expect(checks.map(check => check.verdict)).toEqual(['warn', 'warn', 'error'])
    expect(checks.map(({id}) => id)).toEqual(['roc_auc >= 0.9', 'roc_auc >= 0.7', 'f1 >= 0.5'])
    expect(checks[0].message).toMatch(/^warn: roc_auc 0\.7 is below 0\.9 \(/)
    expect(checks[1].message).toMatch(/^warn: roc_auc 0\.7 is by estimate at least 0\.7, undecided \(/)
    expect(checks[2].message).not.toMatch(/^warn/)
  })

  it('never passes what is not finite, too few or undefined', async () => {
    const what = measured({
      roc_auc: metric(normal(Number.NaN, 0.1)),
      f1: metric({value: null, n: 50, reason: 'no predicted positives'}),
      recall: metric(normal(0.9, 0.001, 12, {reason: '12 rows, fewer than 30'}))
    })
    const checks = await judge(['roc_auc >= 0.01', 'f1 >= 0.01', 'recall >= 0.1'], what)
    expect(checks.map(check => check.verdict)).toEqual(['error', 'inconclusive', 'inconclusive'])
    expect(checks[1].estimate).toBeUndefined()
    expect(checks[2].message).toMatch(/: 12 rows, fewer than 30; undecided$/)
  })

  it('tells no rows at all from a denominator of 0', async () => {
    const what = measured({
      f1: metric({value: null, n: 0, rows: 400, reason: 'no predicted positives'}),
      recall: metric({value: null, n: 0, rows: 0, reason: 'no rows'})
    })
    const checks = await judge(['f1 >= 0.5', 'recall >= 0.5'], what)
    expect(checks.map(check => check.verdict)).toEqual(['inconclusive', 'error'])
  })

  it('takes an exact value at its word', async () => {
    const rows = metric({value: 534, n: 534}, {unit: 'count', references: []})
    const checks = await judge(['row_count >= 534', 'row_count > 534', 'row_count == 534'], measured({row_count: rows}), 'validate-data')
    expect(checks.map(check => check.verdict)).toEqual(['pass', 'fail', 'pass'])
    expect(checks[1].message).toBe('row_count 534 is not above 534')
  })

  it('holds a difference against the margin, and prints the limit with the reference resolved', async () => {
    const what = measured({
      roc_auc: metric(normal(0.741, 0.02), {compare: () => ({reference: 0.762, difference: normal(-0.021, 0.002)})})
    })
    const [check] = await judge(['roc_auc >= champion - 0.01'], what)
    expect(check.verdict).toBe('fail')
    expect(check.message).toContain('roc_auc 0.741 is below champion - 0.01 = 0.752 (difference -0.021, 95% bounds')
    expect(check).toMatchObject({bound: 0.752, reference: {name: 'champion', value: 0.762, difference: -0.021}})
  })

  it('passes a byte-identical model at a margin of 0', async () => {
    const same: Estimate = {value: 0, n: 100, bounds: () => ({low: 0, high: 0}), method: 'DeLong'}
    const what = measured({roc_auc: metric(normal(0.7, 0.02), {compare: () => ({reference: 0.7, difference: same})})})
    const checks = await judge(['roc_auc >= champion', 'roc_auc <= champion'], what)
    expect(checks.map(check => check.verdict)).toEqual(['pass', 'pass'])
  })

  it('refuses a factor of a reference that is not above 0', async () => {
    const what = measured({loss: metric(normal(1, 0.1), {unit: 'number', compare: () => ({reference: 0, difference: normal(1, 0.1)})})})
    const [check] = await judge(['loss <= champion * 1.1'], what)
    expect(check).toMatchObject({verdict: 'error'})
    expect(check.message).toContain('champion is 0, and a change relative to it is undefined')
  })

  describe('without a champion', () => {
    const nothing = (more: object = {}) =>
      measured(
        {roc_auc: metric(normal(0.9, 0.01))},
        {references: {champion: {kind: 'nothing', message: 'first model: compared with nothing'}}, ...more}
      )

    it('warns when an enforced gate has a number', async () => {
      const checks = await judge(['roc_auc >= champion - 0.05', 'roc_auc >= 0.7'], nothing())
      expect(checks.map(check => check.verdict)).toEqual(['warn', 'pass'])
      expect(checks[0].message).toBe('roc_auc >= champion - 0.05: first model: compared with nothing')
    })

    it('is an error when nothing else is enforced', async () => {
      const checks = await judge(['roc_auc >= champion - 0.05', 'warn: roc_auc >= 0.7'], nothing())
      expect(checks[0].verdict).toBe('error')
      expect(checks[0].message).toContain('no enforced gate has a number')
    })
  })

  describe('slices', () => {
    const bySlice = (female: Estimate, male: Estimate) =>
      metric(slice => (slice === 'female' ? female : slice === 'male' ? male : normal(0.8, 0.01)))

    it('checks each value, and fails only what stays significant after Holm', async () => {
      const se = 0.1
      const z = 1.8
      const what = measured({recall: bySlice(normal(0.5 - z * se, se), normal(0.9, se))})
      const checks = await judge(['recall[gender=*] >= 0.5'], what)
      expect(checks.map(check => check.id)).toEqual(['recall[gender=female] >= 0.5', 'recall[gender=male] >= 0.5'])
      expect(checks.map(check => check.verdict)).toEqual(['inconclusive', 'pass'])
      const [alone] = await judge(['recall[gender=female] >= 0.5'], what)
      expect(alone.verdict).toBe('fail')
    })

    it('lists small values, and does not pass when all are small', async () => {
      const small = normal(0.9, 0.1, 8, {reason: '8 rows, fewer than 30'})
      const mixed = await judge(['recall[gender=*] >= 0.5'], measured({recall: bySlice(small, normal(0.9, 0.01))}))
      expect(mixed.map(check => check.verdict)).toEqual(['warn', 'pass'])
      expect(mixed[0].message).toContain('listed, not judged')
      const none = await judge(['recall[gender=*] >= 0.5'], measured({recall: bySlice(small, small)}))
      expect(none.map(check => check.verdict)).toEqual(['inconclusive', 'inconclusive'])
    })

    it('is bounded, and knows the values after != as well', async () => {
      const recall = metric(normal(0.9, 0.01))
      const many = measured({recall}, {values: () => Array.from({length: 1001}, (_, index) => ({value: `u${index}`, n: 1}))})
      await expect(judge(['recall[gender=*] >= 0.5'], many)).rejects.toThrow(
        'gender has 1,001 values, and one gate watches at most 1,000 slices'
      )
      const [unknown] = await judge(['recall[gender!=femle] >= 0.5'], measured({recall}))
      expect(unknown).toMatchObject({verdict: 'error', message: expect.stringContaining('no row has gender femle') as string})
    })

    it('is refused when two lines come to the same check', async () => {
      const recall = metric(normal(0.9, 0.01))
      await expect(judge(['recall[gender=*] >= 0.5', 'recall[gender=male] >= 0.5'], measured({recall}))).rejects.toThrow(
        'gate "recall[gender=male] >= 0.5" is asked for by two lines'
      )
    })

    it('needs a named value to be there, and any value for each', async () => {
      const recall = metric(normal(0.9, 0.01))
      const [missing] = await judge(['recall[gender=other] >= 0.5'], measured({recall}))
      expect(missing).toMatchObject({
        verdict: 'error',
        message: 'recall[gender=other] >= 0.5: no row has gender other; there is: female, male'
      })
      const [empty] = await judge(['recall[gender=*] >= 0.5'], measured({recall}, {values: () => []}))
      expect(empty.verdict).toBe('error')
    })
  })

  describe('a disparity', () => {
    const ratio = (value: number, se: number, p: number) => metric(normal(value, se, 500, {pNull: p}), {references: []})

    it('fails when the estimate misses and it is significant, passes when the whole interval meets, else withholds', async () => {
      const verdicts = async (value: number, se: number, p: number) =>
        (await judge(['demographic_parity_ratio >= 0.8'], measured({demographic_parity_ratio: ratio(value, se, p)}), 'check-fairness'))[0]
          .verdict
      expect(await verdicts(0.6, 0.02, 0.001)).toBe('fail')
      expect(await verdicts(0.6, 0.02, 0.2)).toBe('inconclusive')
      expect(await verdicts(0.95, 0.02, 0.001)).toBe('pass')
      expect(await verdicts(0.85, 0.1, 0.001)).toBe('inconclusive')
    })

    it('is not weakened by a gate that only warns', async () => {
      const what = measured({a_ratio: ratio(0.6, 0.02, 0.03), b_ratio: ratio(0.6, 0.02, 0.03)})
      const checks = await judge(['a_ratio >= 0.8', 'warn: b_ratio >= 0.8'], what, 'check-fairness')
      expect(checks.map(check => check.verdict)).toEqual(['fail', 'warn'])
    })

    it('is adjusted over all disparities gated', async () => {
      const what = measured({a_ratio: ratio(0.6, 0.02, 0.03), b_ratio: ratio(0.6, 0.02, 0.03)})
      const checks = await judge(['a_ratio >= 0.8', 'b_ratio >= 0.8'], what, 'check-fairness')
      expect(checks.map(check => check.verdict)).toEqual(['inconclusive', 'inconclusive'])
      expect(checks[0].message).toContain('Holm p 0.06')
    })
  })
})

describe('a gate that cannot be asked', () => {
  const what = measured({
    accuracy: metric(normal(0.7, 0.02)),
    row_count: metric({value: 1, n: 1}, {unit: 'count', slices: false, references: []}),
    loss: metric(normal(1, 0.1), {unit: 'number'}),
    roc_auc: metric(normal(0.7, 0.02)),
    f1: metric(normal(0.7, 0.02)),
    null_share: metric(normal(0, 0), {takes: 'columns', items: [1, 1]})
  })
  test.each([
    ['accuracy >= 75', '75% or 0.75?'],
    ['acuracy >= 0.5', 'Did you mean accuracy'],
    ['auc >= 0.5', 'Did you mean roc_auc'],
    ['rows >= 5', 'Did you mean row_count'],
    ['selection_rate >= 0.5', 'belongs to check-fairness'],
    ['accuracy >= stable', "can't be held against stable in evaluate"],
    ['accuracy == 0.5', 'goes with counts only'],
    ['loss <= champion - 1%', 'Write champion * 0.99'],
    ['accuracy[sex=f] >= 0.5', 'There is: gender, age'],
    ['null_share(sex) <= 0.5', 'There is: gender, age'],
    ['null_share <= 0.5', 'takes 1 in parentheses, got 0'],
    ['accuracy(gender) >= 0.5', 'takes nothing in parentheses, got 1'],
    ['row_count[gender=f] >= 5', "can't be cut to a slice"],
    ['accuracy >= overall', 'Name a slice'],
    ['accuracy >= champion * 0', 'a factor must be above 0'],
    ['accuracy >= champion - 1', '1% or 0.01?'],
    ['null_share(age) <= 1', 'every share is at most 1, so this could never fail'],
    ['accuracy >= 0', 'every share is at least 0, so this could never fail'],
    ['accuracy >= champion - 5', '5% or 0.05?'],
    ['accuracy >= -0.75', 'a share between 0 and 1, the bound is -0.75']
  ])('%s', async (gate, hint) => {
    const error = await judge([gate], what).catch((caught: Error & {hint?: string}) => caught)
    expect(`${(error as Error).message} ${(error as {hint?: string}).hint}`).toContain(hint)
    expect(error).toMatchObject({kind: 'usage'})
  })

  it('is an error for an empty list', async () => {
    await expect(judge([], what)).rejects.toThrow('the list is empty')
  })
})

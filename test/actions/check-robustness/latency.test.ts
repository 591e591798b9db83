import {describe, expect, test} from 'vitest'
import {measureLatency, quantileBounds, quantileDifference, quantileEstimate} from '../../../actions/check-robustness/src/latency.js'

const upTo = (n: number) => Float64Array.from({length: n}, (_, at) => at + 1)

/** P(Binomial(n, q) < k), summed. */
function below(k: number, n: number, q: number): number {
  let [chance, sum] = [(1 - q) ** n, 0]
  for (let count = 0; count < k; count++) {
    sum += chance
    chance *= ((n - count) / (count + 1)) * (q / (1 - q))
  }
  return sum
}

describe('order statistics', () => {
  test.each([
    [100, 0.5],
    [200, 0.95],
    [300, 0.9],
    [60, 0.5]
  ])('of %i calls the bounds of quantile %f hold at the level, and the next ones inwards do not', (n, q) => {
    const {low, high} = quantileBounds(upTo(n), q, 0.05)
    expect(below(high, n, q)).toBeGreaterThanOrEqual(0.95)
    expect(below(high - 1, n, q)).toBeLessThan(0.95)
    expect(below(low, n, q)).toBeLessThanOrEqual(0.05)
    expect(below(low + 1, n, q)).toBeGreaterThan(0.05)
  })

  test('59 calls are the least that bound a 95th percentile from above', () => {
    expect(quantileBounds(upTo(58), 0.95, 0.05).high).toBe(Number.POSITIVE_INFINITY)
    expect(quantileBounds(upTo(59), 0.95, 0.05).high).toBe(59)
  })

  test('under 30 calls there is no verdict, and without any no value', () => {
    expect(quantileEstimate(upTo(29), 0.5).reason).toBe('29 calls are too few, 30 are needed')
    expect(quantileEstimate(upTo(30), 0.5).reason).toBeUndefined()
    expect(quantileEstimate(upTo(0), 0.5)).toEqual({value: null, n: 0})
  })

  test('a difference to a scaled champion has bounds around it', () => {
    const difference = quantileDifference(upTo(400), upTo(400), 0.5, 1.5)
    expect(difference.value).toBe(-100)
    const {low, high} = difference.bounds?.(0.05) ?? {low: 0, high: 0}
    expect(low).toBeGreaterThan(-140)
    expect(low).toBeLessThan(-110)
    expect(high).toBeGreaterThan(-90)
    expect(high).toBeLessThan(-60)
  })
})

describe('measuring', () => {
  test('candidate and champion take turns after the warm-up', async () => {
    const asked: string[] = []
    const call = (name: string) => async (row: number) => {
      asked.push(`${name}${row}`)
      return asked.length
    }
    const [own, theirs] = await measureLatency([call('a'), call('b')], 7, () => 0, 1000)
    expect(asked.slice(40, 44)).toEqual(['a0', 'b0', 'a1', 'b1'])
    expect([own.length, theirs.length]).toEqual([1000, 1000])
  })

  test('the budget ends it, and only what was measured is counted', async () => {
    let now = 0
    const [times] = await measureLatency(
      [
        async () => {
          now += 100
          return 100
        }
      ],
      3,
      () => now,
      1000
    )
    expect([...times]).toEqual(Array.from({length: 10}, () => 100))
  })
})

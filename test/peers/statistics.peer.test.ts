import {beforeAll, describe, expect, test} from 'vitest'
import {tBounds} from '../../shared/stats/means.js'
import {clopperPearson, fisherExact, wilson} from '../../shared/stats/proportions.js'
import {random} from '../../shared/stats/random.js'
import {betaCdf, betaQuantile, chiSquareSf, normalCdf, normalQuantile, tCdf, tQuantile} from '../../shared/stats/special.js'
import {leftOut, python} from './found.js'
import {ask} from './oracle.js'

type Question = readonly [name: string, ...given: number[]]

const bounds = ({low, high}: {low: number; high: number}) => [low, high]
const OURS: Readonly<Record<string, (...given: number[]) => readonly number[]>> = {
  clopperPearson: (successes, n, alpha) => bounds(clopperPearson({successes, n}, alpha)),
  wilson: (successes, n, alpha) => bounds(wilson({successes, n}, alpha)),
  fisherExact: (a, b, c, d) => [fisherExact({successes: a, n: b}, {successes: c, n: d})],
  chiSquareSf: (x, df) => [chiSquareSf(x, df)],
  betaCdf: (x, a, b) => [betaCdf(x, a, b)],
  betaQuantile: (p, a, b) => [betaQuantile(p, a, b)],
  tCdf: (t, df) => [tCdf(t, df)],
  tQuantile: (p, df) => [tQuantile(p, df)],
  normalCdf: z => [normalCdf(z)],
  normalQuantile: p => [normalQuantile(p)],
  tBounds: (mean, variance, n, alpha) => bounds(tBounds({mean, variance, n}, alpha))
}

const next = random(2026)
const whole = (most: number) => Math.floor(next() * (most + 1))
const drawn: Readonly<Record<string, () => number[]>> = {
  clopperPearson: () => proportion(4000),
  wilson: () => proportion(4000),
  fisherExact: () => [...proportion(300).slice(0, 2), ...proportion(300).slice(0, 2)],
  chiSquareSf: () => [next() * 80, 1 + whole(30)],
  betaCdf: () => [next(), 0.2 + next() * 300, 0.2 + next() * 300],
  betaQuantile: () => [next(), 0.2 + next() * 300, 0.2 + next() * 300],
  tCdf: () => [next() * 12 - 6, 1 + whole(400)],
  tQuantile: () => [next(), 1 + whole(400)],
  normalCdf: () => [next() * 12 - 6],
  normalQuantile: () => [next()],
  tBounds: () => [next() * 10 - 5, next() * 4, 2 + whole(1000), 0.05]
}

function proportion(most: number): number[] {
  const n = 1 + whole(most)
  return [whole(n), n, [0.05, 0.025, 0.005][whole(2)]]
}

const EACH = 200

describe.skipIf(python === undefined)(`scipy${leftOut({python})}`, {timeout: 120_000}, () => {
  const questions: Question[] = Object.entries(drawn).flatMap(([name, draw]) =>
    Array.from({length: EACH}, () => [name, ...draw()] as const)
  )
  let answers: readonly (readonly number[])[] = []
  beforeAll(() => {
    answers = ask('statistics-oracle.py', questions)
  })

  test.each(Object.keys(OURS))(`agrees on ${EACH} draws of %s`, name => {
    const apart = questions.flatMap(([asked, ...given], at) => {
      if (asked !== name) return []
      const ours = OURS[name](...given)
      const far = answers[at].some((value, side) => !(Math.abs(ours[side] - value) <= 1e-9 * Math.max(1e-3, Math.abs(value))))
      return far ? [{given, ours, theirs: answers[at]}] : []
    })
    expect(answers).toHaveLength(questions.length)
    expect(apart).toEqual([])
  })
})

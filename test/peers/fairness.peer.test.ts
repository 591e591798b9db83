import {describe, expect, test} from 'vitest'
import {DISPARITIES, measureDisparity} from '../../shared/metrics/disparities.js'
import {cellsByGroup, groupsOf} from '../../shared/metrics/groups.js'
import {random} from '../../shared/stats/random.js'
import {drawnExam} from '../support/exams.js'
import {leftOut, python} from './found.js'
import {ask} from './oracle.js'

describe.skipIf(python === undefined)(`fairlearn${leftOut({python})}`, {timeout: 120_000}, () => {
  test.each([
    ['two groups', [['f', 'm']]],
    ['five groups', [['a', 'b', 'c', 'd', 'e']]],
    [
      'the groups of two columns',
      [
        ['f', 'm'],
        ['x', 'y', 'z']
      ]
    ]
  ])('agrees on %s', (_, columns) => {
    const {candidate} = drawnExam(4000, columns.length)
    const next = random(7)
    const drawn = columns.map(values => Array.from(candidate.labels, () => values[Math.floor(next() * values.length)]))
    const grouping = groupsOf(
      drawn.map((cells, at) => ({values: columns[at], codes: Int32Array.from(cells, cell => columns[at].indexOf(cell))}))
    )
    const groups = {names: grouping.names, cells: cellsByGroup(grouping, candidate)}
    const ours = Object.fromEntries(
      Object.entries(DISPARITIES).map(([name, one]) => [name, measureDisparity(one, groups, {minimumGroup: 30, seed: 1}).value])
    )
    const theirs = ask<Record<string, number>>('fairness-oracle.py', {
      labels: Array.from(candidate.labels),
      predictions: Array.from(candidate.predictions),
      sensitive: Object.fromEntries(drawn.map((cells, at) => [`column ${at}`, cells]))
    })
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort())
    expect(ours).toEqual(Object.fromEntries(Object.entries(theirs).map(([name, value]) => [name, expect.closeTo(value, 12)])))
  })
})

import {UserError} from '#shared/errors'
import type {Exam} from '#shared/exam/exam'
import {type Gate, gateText} from '#shared/gates/gate'
import type {Measured, Metric, ReferenceState} from '#shared/gates/metric'
import {ALL, FP, TP} from '#shared/metrics/confusion'
import {compareDisparity, DISPARITIES, type Disparity, type DisparityOptions, measureDisparity} from '#shared/metrics/disparities'
import {cellsByGroup, type Grouping, groupsOf, jointCellsByGroup} from '#shared/metrics/groups'
import type {Scored} from '#shared/metrics/scored'
import {compareShare, measureShare, type ShareMetric, shareAgainstOverall} from '#shared/metrics/shares'

export interface Compared {
  readonly exam: Pick<Exam, 'names' | 'values' | 'rows' | 'categorical'>
  readonly candidate: Scored
  readonly champion?: Scored
  readonly championState: ReferenceState
  readonly sensitive: readonly string[]
  readonly options: DisparityOptions
}

const SELECTION: ShareMetric = {successes: [FP, TP], denominator: ALL, rows: 'rows'}

/** What gates of check-fairness can ask for: disparities between the groups of sensitive columns, and the selection rate of slices. */
export function measuredFairness(compared: Compared): Measured {
  const {exam, championState, sensitive} = compared
  const disparities = Object.entries(DISPARITIES).map(([name, disparity]) => [name, disparityMetric(disparity, compared)] as const)
  return {
    metrics: {selection_rate: selectionMetric(compared), ...Object.fromEntries(disparities)},
    references: {
      champion: championState,
      base: {kind: 'inconclusive', message: 'base: comparing with what the merge base published is not in this version'}
    },
    columns: [...new Set([...sensitive, ...exam.names])],
    values: column => exam.values(column)
  }
}

/** The groups of one column, or of the combinations of several. */
export function groupingOf(columns: readonly string[], exam: Pick<Exam, 'categorical'>): Grouping {
  return groupsOf(columns.map(column => exam.categorical(column)))
}

function disparityMetric(disparity: Disparity, {exam, candidate, champion, sensitive, options}: Compared): Metric {
  return {
    unit: 'share',
    takes: sensitive,
    items: [1, sensitive.length],
    slices: false,
    references: ['champion', 'base'],
    measure: ({items}) => {
      const grouping = groupingOf(items, exam)
      return measureDisparity(disparity, {names: grouping.names, cells: cellsByGroup(grouping, candidate)}, options)
    },
    compare: ({items}, _reference, factor) => {
      if (champion === undefined) throw new Error('the champion was not scored')
      const grouping = groupingOf(items, exam)
      return compareDisparity(disparity, {names: grouping.names, cells: jointCellsByGroup(grouping, candidate, champion)}, factor, options)
    }
  }
}

function selectionMetric({exam, candidate, champion}: Compared): Metric {
  return {
    unit: 'share',
    takes: 'nothing',
    items: [0, 0],
    slices: true,
    references: ['champion', 'base', 'overall'],
    measure: ({slice}) => measureShare(SELECTION, {...candidate, rows: exam.rows(slice)}),
    compare: ({slice}, reference, factor) => {
      const own = {...candidate, rows: exam.rows(slice)}
      if (reference === 'overall')
        return {reference: measureShare(SELECTION, candidate).value, difference: shareAgainstOverall(SELECTION, own, candidate, factor)}
      if (champion === undefined) throw new Error('the champion was not scored')
      return {
        reference: measureShare(SELECTION, {...champion, rows: own.rows}).value,
        difference: compareShare(SELECTION, own, champion, factor, {})
      }
    }
  }
}

/** A disparity without parentheses is judged for each sensitive column. Throws UserError for a sensitive column that the exam lacks. */
export function gatesBySensitive(gates: readonly Gate[], sensitive: readonly string[], names: readonly string[]): Gate[] {
  const absent = sensitive.filter(column => !names.includes(column))
  if (absent.length > 0)
    throw new UserError(`sensitive: there is no column ${absent.join(', ')}`, {kind: 'usage', hint: `There is: ${names.join(', ')}.`})
  return gates.flatMap(gate => {
    if (!Object.hasOwn(DISPARITIES, gate.metric) || gate.items.length > 0) return [gate]
    return sensitive.map(column => {
      const items = [column]
      return {...gate, items, id: gateText({...gate, items})}
    })
  })
}

import {UserError} from '#shared/errors'
import type {Exam} from '#shared/exam/exam'
import {type Gate, gateText, type ReferenceName} from '#shared/gates/gate'
import type {Measured, Metric, ReferenceState} from '#shared/gates/metric'
import {ALL, FP, TP} from '#shared/metrics/confusion'
import {compareDisparity, DISPARITIES, type Disparity, type DisparityOptions, measureDisparity} from '#shared/metrics/disparities'
import {cellsByGroup, type Grouping, groupsOf, jointCellsByGroup} from '#shared/metrics/groups'
import type {Scored} from '#shared/metrics/scored'
import {compareShare, measureShare, type ShareMetric, shareAgainstOverall} from '#shared/metrics/shares'

/** Whom a candidate can be held against: how a gate reads, and the answers where there are any. */
export type Rivals = Readonly<Record<'champion' | 'base', {readonly state: ReferenceState; readonly scored?: Scored}>>

export interface Compared {
  readonly exam: Pick<Exam, 'names' | 'values' | 'rows' | 'categorical'>
  readonly candidate: Scored
  readonly rivals: Rivals
  readonly sensitive: readonly string[]
  readonly options: DisparityOptions
}

const SELECTION: ShareMetric = {successes: [FP, TP], denominator: ALL, rows: 'rows'}

/** What gates of check-fairness can ask for: disparities between the groups of sensitive columns, and the selection rate of slices. */
export function measuredFairness(compared: Compared): Measured {
  const {exam, rivals, sensitive} = compared
  const disparities = Object.entries(DISPARITIES).map(([name, disparity]) => [name, disparityMetric(disparity, compared)] as const)
  return {
    metrics: {selection_rate: selectionMetric(compared), ...Object.fromEntries(disparities)},
    references: {champion: rivals.champion.state, base: rivals.base.state},
    columns: [...new Set([...sensitive, ...exam.names])],
    values: column => exam.values(column)
  }
}

/** The groups of one column, or of the combinations of several. */
export function groupingOf(columns: readonly string[], exam: Pick<Exam, 'categorical'>): Grouping {
  return groupsOf(columns.map(column => exam.categorical(column)))
}

function disparityMetric(disparity: Disparity, {exam, candidate, rivals, sensitive, options}: Compared): Metric {
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
    compare: ({items}, reference, factor) => {
      const rival = rivalOf(rivals, reference)
      const grouping = groupingOf(items, exam)
      return compareDisparity(disparity, {names: grouping.names, cells: jointCellsByGroup(grouping, candidate, rival)}, factor, options)
    }
  }
}

function rivalOf(rivals: Rivals, reference: ReferenceName): Scored {
  const rival = reference === 'base' ? rivals.base.scored : rivals.champion.scored
  if (rival === undefined) throw new Error(`${reference} was not scored`)
  return rival
}

function selectionMetric({exam, candidate, rivals}: Compared): Metric {
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
      const rival = rivalOf(rivals, reference)
      return {
        reference: measureShare(SELECTION, {...rival, rows: own.rows}).value,
        difference: compareShare(SELECTION, own, rival, factor, {})
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

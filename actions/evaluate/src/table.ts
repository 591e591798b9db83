import {UserError} from '#shared/errors'
import type {Exam} from '#shared/exam/exam'
import type {Condition} from '#shared/gates/gate'
import type {Measured, Metric, MetricTable, ReferenceState} from '#shared/gates/metric'
import {QUALITY, type QualityName, type Sampling, type Scored} from '#shared/metrics/quality'
import {qualityNames, type Whole} from './whole.js'

/** Whom a candidate can be held against: how a gate reads, and the answers where there are any. */
export type Rivals = Readonly<Record<'champion' | 'base', {readonly state: ReferenceState; readonly scored?: Scored}>>

export interface Judged {
  readonly exam: Pick<Exam, 'names' | 'values' | 'rows'>
  readonly candidate: Scored
  readonly rivals: Rivals
  readonly whole: Whole
  readonly seed: number
  /** metrics from elsewhere, taken as exact, and the file they stand in */
  readonly given?: {readonly file: string; readonly metrics: Readonly<Record<string, number>>}
}

/** What gates of evaluate can ask for: our metrics on the exam and its slices, and those of the metrics file. */
export function measuredQuality({exam, candidate, rivals, given, whole, seed}: Judged): Measured {
  const cut = (scored: Scored, slice: readonly Condition[]): Scored => ({...scored, rows: exam.rows(slice)})
  const ours = Object.fromEntries(
    qualityNames().map(name => [name, qualityMetric(name, {candidate, rivals, whole, cut, sampling: {seed}})])
  )
  return {
    metrics: {...ours, ...givenMetrics(given)},
    references: {champion: rivals.champion.state, base: rivals.base.state},
    columns: exam.names,
    values: column => exam.values(column)
  }
}

interface Sides {
  readonly candidate: Scored
  readonly rivals: Rivals
  readonly whole: Whole
  readonly cut: (scored: Scored, slice: readonly Condition[]) => Scored
  readonly sampling: Sampling
}

function qualityMetric(name: QualityName, {candidate, rivals, whole, cut, sampling}: Sides): Metric {
  const {unit, measure, compare, compareWithOverall} = QUALITY[name]
  const measureOn = (scored: Scored, slice: readonly Condition[]) =>
    slice.length === 0 ? whole(name, scored) : measure(cut(scored, slice), sampling)
  return {
    unit,
    takes: 'nothing',
    items: [0, 0],
    slices: true,
    references: ['champion', 'base', 'overall'],
    measure: ({slice}) => measureOn(candidate, slice),
    compare: ({slice}, reference, factor) => {
      const own = cut(candidate, slice)
      if (reference === 'overall') {
        const difference = compareWithOverall(candidate, own.rows ?? new Uint32Array(), factor, sampling)
        return {reference: whole(name, candidate).value, difference}
      }
      const rival = reference === 'base' ? rivals.base.scored : rivals.champion.scored
      if (rival === undefined) throw new Error(`${reference} was not scored`)
      return {reference: measureOn(rival, slice).value, difference: compare(own, rival, factor, sampling)}
    }
  }
}

/** Metrics of a file as exact ones. Throws UserError when a name is one of ours. */
function givenMetrics(given: Judged['given']): MetricTable {
  if (given === undefined) return {}
  const ours = Object.keys(given.metrics).filter(name => Object.hasOwn(QUALITY, name))
  if (ours.length > 0) {
    throw new UserError(
      `${given.file}: ${ours.join(', ')} ${ours.length === 1 ? 'is a metric' : 'are metrics'} that evaluate measures itself`,
      {kind: 'usage', hint: 'Rename it in the file, or leave it out.'}
    )
  }
  return Object.fromEntries(Object.entries(given.metrics).map(([name, value]) => [name, exact(value, given.file)]))
}

function exact(value: number, file: string): Metric {
  return {
    unit: 'number',
    takes: 'nothing',
    items: [0, 0],
    slices: false,
    references: [],
    remark: `from ${file}, taken as exact`,
    measure: () => ({value, n: 1})
  }
}

import {UserError} from '#shared/errors'
import type {Exam} from '#shared/exam/exam'
import type {Condition} from '#shared/gates/gate'
import type {Measured, Metric, MetricTable, ReferenceState} from '#shared/gates/metric'
import {QUALITY, type QualityMetric} from '#shared/metrics/quality'
import type {Sampling, Scored} from '#shared/metrics/scored'

export interface Judged {
  readonly exam: Pick<Exam, 'names' | 'values' | 'rows'>
  readonly candidate: Scored
  readonly champion?: Scored
  readonly championState: ReferenceState
  readonly seed: number
  /** metrics from elsewhere, taken as exact, and the file they stand in */
  readonly given?: {readonly file: string; readonly metrics: Readonly<Record<string, number>>}
}

/** What gates of evaluate can ask for: our metrics on the exam and its slices, and those of the metrics file. */
export function measuredQuality({exam, candidate, champion, championState, given, seed}: Judged): Measured {
  const cut = (scored: Scored, slice: readonly Condition[]): Scored => ({...scored, rows: exam.rows(slice)})
  const ours = Object.fromEntries(
    Object.entries(QUALITY).map(([name, metric]) => [name, qualityMetric(metric, candidate, champion, cut, {seed})])
  )
  return {
    metrics: {...ours, ...givenMetrics(given)},
    references: {
      champion: championState,
      base: {kind: 'inconclusive', message: 'base: comparing with what the merge base published is not in this version'}
    },
    columns: exam.names,
    values: column => exam.values(column)
  }
}

function qualityMetric(
  {unit, measure, compare, compareWithOverall}: QualityMetric,
  candidate: Scored,
  champion: Scored | undefined,
  cut: (scored: Scored, slice: readonly Condition[]) => Scored,
  sampling: Sampling
): Metric {
  return {
    unit,
    takes: 'nothing',
    items: [0, 0],
    slices: true,
    references: ['champion', 'base', 'overall'],
    measure: ({slice}) => measure(cut(candidate, slice), sampling),
    compare: ({slice}, reference, factor) => {
      const own = cut(candidate, slice)
      if (reference === 'overall') {
        return {
          reference: measure(candidate).value,
          difference: compareWithOverall(candidate, own.rows ?? new Uint32Array(), factor, sampling)
        }
      }
      if (champion === undefined) throw new Error('the champion was not scored')
      return {reference: measure(cut(champion, slice)).value, difference: compare(own, champion, factor, sampling)}
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

import type {Estimate} from '#shared/stats/estimate'
import type {Condition, ReferenceName} from './gate.js'

export type Unit = 'share' | 'count' | 'number' | 'ms' | 'bytes'

/** What a metric is asked about: `recall[gender=female]` has no items and one condition. */
export interface Query {
  readonly items: readonly string[]
  /** no condition with `any`: those are taken apart by the judge */
  readonly slice: readonly Condition[]
}

/** Candidate against reference on the same rows. */
export interface Comparison {
  /** the reference's own value */
  readonly reference: number | null
  /** candidate minus `factor` times reference */
  readonly difference: Estimate
}

/** A metric that gates can name, with the way to measure it. */
export interface Metric {
  readonly unit: Unit
  /** what may stand in parentheses: nothing, columns of the data, a duration, or one of a list of words */
  readonly takes: 'nothing' | 'columns' | 'duration' | readonly string[]
  /** how many items; `[0, 0]` for none */
  readonly items: readonly [least: number, most: number]
  /** whether `[column=value]` may follow */
  readonly slices: boolean
  readonly references: readonly ReferenceName[]
  /** a reference that it can't be measured without, whatever its bound is */
  readonly needs?: ReferenceName
  /** said beside the value of a metric that has no interval because it came from elsewhere */
  readonly remark?: string
  measure(query: Query): Estimate | Promise<Estimate>
  compare?(query: Query, reference: ReferenceName, factor: number): Comparison | Promise<Comparison>
}

export type MetricTable = Readonly<Record<string, Metric>>

/** Whether a reference can be compared with, and if not, how that reads. */
export type ReferenceState =
  | {readonly kind: 'ready'}
  /** nothing to compare with, and rightly so: champion gates are `warn` beside an enforced gate with a number */
  | {readonly kind: 'nothing'; readonly message: string}
  | {readonly kind: 'inconclusive'; readonly message: string}
  | {readonly kind: 'error'; readonly message: string}

/** What a judge knows of the thing that is measured. */
export interface Measured {
  readonly metrics: MetricTable
  readonly references?: Readonly<Partial<Record<ReferenceName, ReferenceState>>>
  /** columns that items and slices may name */
  readonly columns: readonly string[]
  /** the values of a column, as text, with their number of rows; asked only for `[column=...]` */
  values?(
    column: string
  ): readonly {readonly value: string; readonly n: number}[] | Promise<readonly {readonly value: string; readonly n: number}[]>
}

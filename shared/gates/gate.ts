import type {Position} from '#shared/errors'
import type {Operator} from '#shared/evidence/evidence'

export const REFERENCES = ['champion', 'base', 'reference', 'stable', 'overall'] as const
export type ReferenceName = (typeof REFERENCES)[number]

export interface Condition {
  readonly column: string
  readonly operator: '=' | '!=' | '>=' | '<=' | '>' | '<'
  /** as written; `any` stands for `=*`, each value of the column */
  readonly value: string
  readonly any: boolean
}

export interface Bound {
  /** absent: `number` is the bound itself */
  readonly reference?: ReferenceName
  /** what `number` does to the reference; `none` leaves it as it is */
  readonly change: 'none' | 'plus' | 'times'
  /** hundredths already taken, a minus sign applied */
  readonly number: number
  readonly percent: boolean
}

/** One line of the gate language, parsed. */
export interface Gate {
  /** canonical text without `warn:`, comment and spare blanks: the check's id */
  readonly id: string
  readonly warn: boolean
  readonly metric: string
  /** what the metric is about: columns, `*`, a duration such as `250ms` */
  readonly items: readonly string[]
  readonly slice: readonly Condition[]
  readonly operator: Operator
  readonly bound: Bound
  /** the number of the bound as it was written, `75%` */
  readonly boundText: string
  readonly at?: Position
}

/** A gate as it was written, one line. */
export interface GateLine {
  readonly text: string
  readonly at?: Position
}

/** The canonical text of a slice, `[gender=female,age>=30]`, or nothing for all rows. */
export function sliceText(slice: readonly Condition[]): string {
  return slice.length === 0 ? '' : `[${slice.map(conditionText).join(',')}]`
}

export function conditionText({column, operator, value, any}: Condition): string {
  return `${quote(column, true)}${operator}${any ? '*' : quote(value, false)}`
}

/** `name(items)` of a metric, without slice. */
export function metricText(metric: string, items: readonly string[]): string {
  return items.length === 0 ? metric : `${metric}(${items.map(item => quote(item, false)).join(',')})`
}

/** The canonical text of a gate. */
export function gateText(gate: Pick<Gate, 'metric' | 'items' | 'slice' | 'operator' | 'bound' | 'boundText'>): string {
  const {reference, change} = gate.bound
  const bound = reference === undefined ? gate.boundText : change === 'none' ? reference : `${reference} ${gate.boundText}`
  return `${metricText(gate.metric, gate.items)}${sliceText(gate.slice)} ${gate.operator} ${bound}`
}

function quote(text: string, column: boolean): string {
  const plain = column ? /^[^\s,()[\]"#=!<>](?:[^,()[\]"#\n=!<>]*[^\s,()[\]"#=!<>])?$/ : /^[^\s,()[\]"#](?:[^,()[\]"#\n]*[^\s,()[\]"#])?$/
  return plain.test(text) && text !== '*' ? text : text === '*' && !column ? text : `"${text.replaceAll('"', '""')}"`
}

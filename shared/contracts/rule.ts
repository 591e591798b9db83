import type {Position} from '#shared/errors'

/** What a document asks of data, in one shape for every format. */
export interface Contract {
  /** `odcs` */
  readonly format: string
  readonly name: string
  readonly columns: readonly ContractColumn[]
  readonly rules: readonly Rule[]
  /** what the document asks and nobody here understands; each is an `error` check */
  readonly unsupported: readonly Unsupported[]
}

export interface ContractColumn {
  readonly name: string
  readonly type?: CellType
  readonly at: Position
}

export type CellType = 'string' | 'integer' | 'number' | 'boolean' | 'date' | 'timestamp' | 'time'

/** One rule: a count of rows that break it, held against an expectation. */
export interface Rule {
  /** `<column>.<rule>` or the document's own id; unique within the contract */
  readonly id: string
  readonly measure: Measure
  readonly expect: Expectation
  readonly unit: 'rows' | 'percent'
  readonly severity: 'error' | 'warning'
  /** why the rule is there, in the words of who wrote it */
  readonly description?: string
  readonly at: Position
}

export type Measure =
  | {readonly kind: 'present'; readonly column: string}
  | {readonly kind: 'type'; readonly column: string; readonly type: CellType}
  /** cells that are missing, or that hold one of the tokens */
  | {readonly kind: 'missing'; readonly column: string; readonly tokens: readonly string[]}
  /** cells that are there and not as they should be */
  | {readonly kind: 'invalid'; readonly column: string; readonly validity: Validity}
  /** surplus rows: of each group of equal rows all but one. Rows that lack one of the columns are left out. */
  | {readonly kind: 'duplicates'; readonly columns: readonly string[]}
  | {readonly kind: 'rows'}

/** What a cell must be; every given part must hold. Dates are compared as ISO texts. */
export interface Validity {
  readonly type?: CellType
  readonly minimum?: number | string
  readonly exclusiveMinimum?: number | string
  readonly maximum?: number | string
  readonly exclusiveMaximum?: number | string
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  /** searched for, not anchored */
  readonly pattern?: string
  readonly values?: readonly string[]
}

export type Expectation =
  | {readonly operator: '==' | '!=' | '>' | '>=' | '<' | '<='; readonly value: number}
  /** both ends included */
  | {readonly operator: 'between' | 'not between'; readonly low: number; readonly high: number}

export interface Unsupported {
  readonly id: string
  readonly what: string
  readonly at: Position
}

export const NONE: Expectation = {operator: '==', value: 0}

import type {Columns} from '#shared/models/columns'
import type {ReadColumn} from '#shared/models/feeds'

/** Rows of the columns that a model reads. */
export interface Rows {
  readonly n: number
  readonly columns: Columns
  readonly reads: readonly ReadColumn[]
}

/** What a model answers: one score a row, NaN where it has none. */
export interface Answered {
  readonly values: Float64Array
  /** rows, from 0, at which the graph stopped */
  readonly rejected: readonly {readonly row: number; readonly reason: string}[]
  readonly untried: number
}

export type Answer = (columns: Columns, n: number) => Promise<Answered>

export function isValid(score: number): boolean {
  return score >= 0 && score <= 1
}

export type Changes = ReadonlyMap<string, Float64Array | readonly string[]>

/** The same columns, some of them replaced. */
export function overlay(columns: Columns, changes: Changes): Columns {
  return {
    names: columns.names,
    numeric: name => {
      const changed = changes.get(name)
      if (changed === undefined) return columns.numeric(name)
      return changed instanceof Float64Array ? changed : undefined
    },
    text: name => {
      const changed = changes.get(name)
      if (changed === undefined) return columns.text(name)
      return changed instanceof Float64Array ? Array.from(changed, value => (Number.isNaN(value) ? '' : String(value))) : changed
    }
  }
}

/** The rows at `order`, each as often as it stands there. */
export function takeRows({columns, reads}: Pick<Rows, 'columns' | 'reads'>, order: ArrayLike<number>): Rows {
  const changes = new Map<string, Float64Array | readonly string[]>()
  for (const {column} of reads) {
    const numbers = columns.numeric(column)
    const texts = numbers === undefined ? columns.text(column) : []
    changes.set(column, numbers === undefined ? Array.from(order, row => texts[row]) : Float64Array.from(order, row => numbers[row]))
  }
  return {n: order.length, columns: overlay(columns, changes), reads}
}

/** A permutation of 0 to n - 1 (Fisher and Yates), or of its first `count`. */
export function drawRows(n: number, count: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({length: n}, (_, row) => row)
  for (let at = 0; at < Math.min(count, n - 1); at++) {
    const other = at + Math.floor(random() * (n - at))
    ;[order[at], order[other]] = [order[other], order[at]]
  }
  return order.subarray(0, count)
}

/** Columns whose cells are numbers here and real numbers to the model. */
export function realColumns({columns, reads}: Rows): string[] {
  return reads.filter(({column, kind}) => kind === 'real' && columns.numeric(column) !== undefined).map(({column}) => column)
}

export function textColumns({reads}: Rows): string[] {
  return reads.filter(({kind}) => kind === 'text').map(({column}) => column)
}

import {type Changes, overlay, type Rows} from './rows.js'

/** What a contract allows a column to be. */
export interface Range {
  readonly column: string
  readonly minimum?: number
  readonly maximum?: number
  readonly nullable: boolean
}

/** One row at the edge of what can come. */
export interface Edge {
  /** `age = missing`, `every column = minimum` */
  readonly name: string
  readonly cells: ReadonlyMap<string, number | string>
}

export const UNSEEN = 'never seen before'

/**
 * Rows around a usual one (medians, most frequent texts): each column alone, then all of them, at 0, at the minimum and maximum that the
 * contract allows (else those of the data), ten times their distance beyond, missing unless the contract forbids it, unseen and empty texts.
 */
export function edgesOf(rows: Rows, ranges: readonly Range[]): {readonly usual: Edge['cells']; readonly edges: readonly Edge[]} {
  const usual = new Map(
    rows.reads.map(({column, kind}) => [column, kind === 'text' ? frequent(rows.columns.text(column)) : middle(rows, column)])
  )
  const cases = new Map(rows.reads.map(({column, kind}) => [column, kind === 'text' ? TEXTS : numbers(rows, column, kind, ranges)]))
  const edges: Edge[] = []
  for (const [column, values] of cases) {
    for (const [name, value] of Object.entries(values))
      edges.push({name: `${column} = ${name}`, cells: new Map([...usual, [column, value]])})
  }
  for (const name of rows.reads.length > 1 ? new Set([...cases.values()].flatMap(values => Object.keys(values))) : []) {
    const cells = new Map([...usual].map(([column, value]) => [column, cases.get(column)?.[name] ?? value]))
    edges.push({name: `every column = ${name}`, cells})
  }
  return {usual, edges}
}

const TEXTS: Readonly<Record<string, string>> = {unseen: UNSEEN, empty: ''}

function numbers(rows: Rows, column: string, kind: 'real' | 'integer', ranges: readonly Range[]): Readonly<Record<string, number>> {
  const range = ranges.find(one => one.column === column)
  const there = (rows.columns.numeric(column) ?? new Float64Array()).filter(value => Number.isFinite(value))
  const minimum = range?.minimum ?? smallest(there)
  const maximum = range?.maximum ?? -smallest(there.map(value => -value))
  const reach = 10 * (maximum - minimum || Math.max(Math.abs(maximum), 1))
  const whole = (value: number) => (kind === 'integer' ? Math.round(value) : value)
  return {
    '0': 0,
    minimum: whole(minimum),
    maximum: whole(maximum),
    'far below': whole(minimum - reach),
    'far above': whole(maximum + reach),
    ...(kind === 'real' && range?.nullable !== false && {missing: Number.NaN})
  }
}

function smallest(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((least, value) => Math.min(least, value))
}

function middle(rows: Rows, column: string): number {
  const there = (rows.columns.numeric(column) ?? new Float64Array()).filter(value => Number.isFinite(value)).sort()
  return there.length === 0 ? 0 : there[Math.floor((there.length - 1) / 2)]
}

function frequent(cells: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1)
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), ['', 0] as const)[0]
}

/** The edges as rows that a model can read. */
export function edgeRows(rows: Rows, edges: readonly Edge[]): Rows {
  const changes: Changes = new Map(
    rows.reads.map(({column, kind}) => {
      const cells = edges.map(edge => edge.cells.get(column))
      return [column, kind === 'text' ? cells.map(String) : Float64Array.from(cells, Number)] as const
    })
  )
  return {...rows, n: edges.length, columns: overlay(rows.columns, changes)}
}

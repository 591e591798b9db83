/** What a column's cells are, over all rows. CSV has `number` and `text`; the others come from typed formats. */
export type ColumnKind = 'number' | 'text' | 'boolean' | 'date' | 'timestamp' | 'other'

export interface Column {
  readonly name: string
  readonly kind: ColumnKind
  /** DuckDB's type */
  readonly type: string
}

const KINDS: readonly [RegExp, ColumnKind][] = [
  [/^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/, 'number'],
  [/^(VARCHAR|UUID|ENUM\(.*\)|JSON)$/s, 'text'],
  [/^BOOLEAN$/, 'boolean'],
  [/^DATE$/, 'date'],
  [/^TIMESTAMP/, 'timestamp']
]

export function kindOf(type: string): ColumnKind {
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? 'other'
}

import {UserError} from '#shared/errors'

export type Format = 'csv' | 'parquet' | 'jsonl'

const SUFFIXES: readonly [RegExp, Format][] = [
  [/\.(csv|tsv)$/i, 'csv'],
  [/\.(parquet|pq)$/i, 'parquet'],
  [/\.(jsonl|ndjson)$/i, 'jsonl']
]

/** The format that a file's name tells. Throws UserError when it tells none. */
export function requireFormat(name: string): Format {
  const format = SUFFIXES.find(([suffix]) => suffix.test(name))?.[1]
  if (format) return format
  throw new UserError(`${name}: not a format that can be read`, {
    hint: 'Known suffixes: .csv .tsv .parquet .jsonl .ndjson',
    kind: 'usage'
  })
}

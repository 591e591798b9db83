import {Refusal} from './answers.js'
import type {Row} from './scorer.js'

/** The rows of `{"rows": [{column: value}]}`; throws Refusal 400 that names the row and the column. */
export function parseRows(body: unknown): readonly Row[] {
  const rows = isRecord(body) ? body.rows : undefined
  if (!Array.isArray(rows)) throw new Refusal(400, 'rows: expected {"rows": [{column: value}]}')
  if (rows.length === 0) throw new Refusal(400, 'rows: expected at least one row, got none')
  return rows.map(parseRow)
}

function parseRow(row: unknown, index: number): Row {
  if (!isRecord(row)) throw new Refusal(400, `rows[${index}]: expected an object of values by column`)
  for (const column in row) {
    const value = row[column]
    if (typeof value === 'object' && value !== null)
      throw new Refusal(400, `rows[${index}].${column}: expected text, a number, true, false or null`)
  }
  return row as Row
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

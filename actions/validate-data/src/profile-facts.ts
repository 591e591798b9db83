import type {Fact, Figure} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import type {ColumnProfile, Profile} from './profile.js'

const MOST_FACTS = 40

/** A line a column, for the report's table. */
export function profileFacts({rows, columns}: Profile, files: number): readonly Fact[] {
  const lines = columns.slice(0, MOST_FACTS).map(column => ({name: column.name, value: columnLine(column, rows)}))
  return [
    {name: 'rows', value: rows, unit: 'count'},
    {name: 'columns', value: columns.length, unit: 'count'},
    {name: 'files', value: files, unit: 'count'},
    ...lines
  ]
}

function columnLine({kind, missing, distinct, min, max, mean, values}: ColumnProfile, rows: number): string {
  const parts: string[] = [kind]
  if (kind === 'number' && typeof min === 'number' && typeof max === 'number') parts.push(`${formatNumber(min)} to ${formatNumber(max)}`)
  if (kind === 'number' && typeof mean === 'number') parts.push(`mean ${formatNumber(mean)}`)
  if (distinct !== undefined)
    parts.push(
      `${formatNumber(distinct)} distinct${values && values.length > 0 && values.length <= 3 ? ` (${values.map(one => one.value).join(', ')})` : ''}`
    )
  parts.push(missing === 0 ? 'none missing' : missing === rows ? 'all missing' : `${formatNumber(missing)} missing`)
  return parts.join(', ')
}

/** Share of missing cells, of the columns that have any. */
export function missingFigure({rows, columns}: Profile): readonly Figure[] {
  const lacking = columns.filter(({missing}) => missing > 0).sort((a, b) => b.missing - a.missing)
  if (lacking.length === 0 || rows === 0) return []
  const shown = lacking.slice(0, 30)
  const series = {name: 'missing', x: shown.map(({name}) => name), y: shown.map(({missing}) => missing / rows), n: shown.map(() => rows)}
  return [{kind: 'bars', id: 'missing', title: 'Missing cells by column', xLabel: 'column', yLabel: 'share missing', series: [series]}]
}

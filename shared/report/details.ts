import type {Evidence, Figure, Material} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {code, htmlInMarkdown, prose} from './inert.js'
import {folded, table} from './markdown.js'
import {BOUNDS, range} from './numbers.js'
import {checkTable, factTable} from './rows.js'
import {bySeverity, SIGNS, tally} from './verdicts.js'

/** Everything of one action, folded: checks, facts, what bars show, and what it depended on. */
export function details(evidence: Evidence, {checks: most, points}: {checks: number; points: number}): string {
  const {action, verdict, checks, facts, figures, materials, run} = evidence
  const parts = [
    checks.length === 0 ? 'No checks.' : checkTable(bySeverity(checks), most),
    ...figures.filter(({kind}) => kind === 'bars').map(figure => barTable(figure, points)),
    facts.length === 0 ? '' : factTable(facts, most),
    materials.length === 0 ? '' : `Depends on ${materials.slice(0, 20).map(materialText).join(', ')}.`
  ]
  const title = `${SIGNS[verdict].emoji} <b>${htmlInMarkdown(action.name, 60)}</b> in ${htmlInMarkdown(run.job, 60)}: ${tally(checks)}`
  return folded(title, parts.filter(part => part !== '').join('\n\n'))
}

function materialText({kind, name, digest}: Material): string {
  return `${kind} ${code(name, 80)} ${code(digest.sha256.slice(0, 12))}`
}

function barTable({title, yLabel, series}: Figure, most: number): string {
  const rows = series.flatMap(({name, x, y, low, high, n}) =>
    x.map((group, index) => [
      ...(series.length > 1 ? [prose(name, 60)] : []),
      prose(String(group), 80),
      y[index] === null || y[index] === undefined ? 'too few' : formatNumber(y[index]),
      low === undefined && high === undefined ? '' : range({low: low?.[index] ?? null, high: high?.[index] ?? null}),
      n === undefined ? '' : formatNumber(n[index])
    ])
  )
  if (most === 0 || rows.length === 0) return ''
  const head = [
    ...(series.length > 1 ? [{name: 'Series'}] : []),
    {name: 'Group'},
    {name: prose(yLabel, 60), right: true},
    {name: BOUNDS},
    {name: 'n', right: true}
  ]
  return `${prose(title, 120)}\n\n${table(head, rows.slice(0, most))}${rows.length > most ? `\n\n${formatNumber(rows.length - most)} more in the evidence.` : ''}`
}

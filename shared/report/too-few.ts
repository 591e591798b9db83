import type {Evidence} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'

/** Groups that were too small for a verdict: `race hispanic: 12 rows`. From facts named `too few …`, and from bars without a value. */
export function tooFew({facts, figures}: Pick<Evidence, 'facts' | 'figures'>): readonly string[] {
  const said = facts
    .filter(({name, value}) => /^too few\b/i.test(name) && value !== null && value !== '')
    .map(({name, value}) => `${name.replace(/^too few\W*/i, '').replace(/\)$/, '')} ${String(value)}`.trim())
  if (said.length > 0) return said
  const drawn = figures
    .filter(({kind, id}) => kind === 'bars' && id.startsWith('selection_rate('))
    .flatMap(({id, series}) =>
      series.flatMap(({x, y, n}) =>
        x.flatMap((group, index) =>
          y[index] === null ? [`${columnOf(id)} ${group}${n === undefined ? '' : `: ${formatNumber(n[index])} rows`}`] : []
        )
      )
    )
  return [...new Set(drawn)]
}

function columnOf(id: string): string {
  return id.slice(id.indexOf('(') + 1, -1)
}

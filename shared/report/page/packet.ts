import type {Evidence} from '#shared/evidence/evidence'
import {html} from '../inert.js'
import {BOUNDS, ONE_SIDED, range} from '../numbers.js'
import {commentAsked, comparisons, type Packet, planLines} from '../packet.js'
import {badge} from './icons.js'
import {codeOf, tableOf} from './tables.js'

const MOST = 200

/** What is approved, name and value a pair; values are HTML. */
export function approvedKeys(packet: Packet): readonly (readonly [string, string])[] {
  const {name, version, digest, url, champion} = packet
  const comment = commentAsked(packet)
  return [
    ['Published', `${codeOf(version, 60)} of ${codeOf(name, 120)}`],
    ['SHA-256', codeOf(digest)],
    ...(champion === undefined ? [] : [['Champion now', codeOf(champion, 100)] as const]),
    ...(comment === undefined ? [] : [['To approve', `${html(comment)} ${codeOf(version, 60)}`] as const]),
    ...(url === '' ? [] : [['Registry', codeOf(url, 300)] as const])
  ]
}

/** Candidate against champion, a row a check; empty without one. */
export function championTable(evidence: readonly Evidence[]): string {
  const rows = comparisons(evidence).map(({check, candidate, champion, difference, interval}) => [
    codeOf(check.id, 200),
    badge(check.verdict),
    html(candidate),
    html(champion),
    html(difference),
    interval === undefined ? '' : html(range(interval))
  ])
  if (rows.length === 0) return ''
  const numbers = ['Candidate', 'Champion', 'Difference'].map(name => ({name, kind: 'number' as const}))
  const columns = [{name: 'Check'}, {name: 'Verdict'}, ...numbers, {name: BOUNDS, kind: 'interval' as const}]
  return `${tableOf('Candidate against champion', columns, rows.slice(0, MOST), 'stack')}<p class="muted">${ONE_SIDED}</p>`
}

/** What the rollout will do. */
export function planList({plan}: Packet): string {
  if (plan === undefined) return ''
  const gates = plan.gates.map(({id, warn}) => `${warn ? 'warn: ' : ''}${codeOf(id, 200)}`).join('<br>')
  const pairs = [['Held to', gates], ...planLines(plan).map(([name, text]) => [html(name), html(text, 300)])]
  const list = pairs.map(([name, text]) => `<div><dt>${name}</dt><dd>${text}</dd></div>`).join('')
  return `<dl class="keys">${list}</dl><p class="muted">From trainyard.yml; what the deploy job gives in <code>with:</code> comes first.</p>`
}

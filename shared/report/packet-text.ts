import type {Evidence} from '#shared/evidence/evidence'
import {code, prose} from './inert.js'
import {table} from './markdown.js'
import {BOUNDS, range} from './numbers.js'
import {commentAsked, comparisons, type Packet, planLines} from './packet.js'
import {sign} from './verdicts.js'

/** What is approved: version and whole digest. */
export function approvedTable(packet: Packet): string {
  const {name, version, digest, url, champion} = packet
  const comment = commentAsked(packet)
  const rows = [
    ['Version', `${code(version, 60)} of ${code(name, 100)}`],
    ['SHA-256', code(digest)],
    ...(champion === undefined ? [] : [['Champion now', code(champion, 100)]]),
    ...(comment === undefined ? [] : [['To approve', `${prose(comment)} ${code(version, 60)}`]]),
    ...(url === '' ? [] : [['Registry', code(url, 300)]])
  ]
  return table([{name: 'Published'}, {name: ''}], rows)
}

/** Candidate against champion, a row a check; empty without one. */
export function championTable(evidence: readonly Evidence[], most: number): string {
  const rows = comparisons(evidence).map(({check, candidate, champion, difference, interval}) => [
    code(check.id, 200),
    sign(check.verdict),
    prose(candidate),
    prose(champion),
    prose(difference),
    interval === undefined ? '' : prose(range(interval))
  ])
  if (rows.length === 0) return ''
  const numbers = ['Candidate', 'Champion', 'Difference'].map(name => ({name, right: true}))
  return table([{name: 'Against the champion'}, {name: 'Verdict'}, ...numbers, {name: BOUNDS}], rows.slice(0, most))
}

/** What the rollout will do. */
export function planTable({plan}: Packet): string {
  if (plan === undefined) return ''
  const gates = plan.gates.map(({id, warn}) => `${warn ? 'warn: ' : ''}${code(id, 200)}`)
  const rows = planLines(plan).map(([name, text]) => [prose(name), prose(text, 300)])
  return table(
    [{name: 'Canary plan'}, {name: 'from trainyard.yml; what the deploy job gives in with: comes first'}],
    [['Held to', gates.join(', ')], ...rows]
  )
}

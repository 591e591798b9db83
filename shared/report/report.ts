import type {Check, Evidence} from '#shared/evidence/evidence'
import {actionTable} from './action-table.js'
import {fitTo, type Section} from './budget.js'
import {details} from './details.js'
import {code, prose} from './inert.js'
import {runLink} from './links.js'
import {list} from './markdown.js'
import {count, ONE_SIDED} from './numbers.js'
import {type Overview, overview, type ReportSource} from './overview.js'
import type {Packet} from './packet.js'
import {approvedTable, championTable, planTable} from './packet-text.js'
import {tooFew} from './too-few.js'
import {bySeverity, phrases, reasonOf, SIGNS, shownId, sign} from './verdicts.js'

const COMMENT_CHARACTERS = 64_000
const SUMMARY_BYTES = 1_000_000

/** The whole report as Markdown for the job's summary: below 1 MiB, the least important sections shortened first. */
export function renderReport(source: ReportSource): string {
  return fitted(source, SUMMARY_BYTES, text => Buffer.byteLength(text))
}

/** The report as a comment: below GitHub's 65,536 characters. `marker` is its first line, by which the next run finds it. */
export function renderComment(source: ReportSource, marker: string): string {
  return `${marker}\n${fitted(source, COMMENT_CHARACTERS - marker.length, text => text.length)}`
}

function fitted(source: ReportSource, budget: number, measure: (text: string) => number): string {
  const view = overview(source)
  const {text, shortened} = fitTo(sections(view, source), budget - 1000, measure)
  const bounded = source.evidence.some(({checks}) => checks.some(({interval}) => interval !== undefined))
  const names = [...new Set(shortened)].slice(0, 8)
  const left = shortened.length === 0 ? '' : `Shortened for length: ${names.join(', ')}. `
  return `${text}\n\n<sub>${bounded ? `${ONE_SIDED} ` : ''}${left}${provenance(source)}</sub>\n`
}

function sections(view: Overview, source: ReportSource): readonly Section[] {
  const evidence = view.rows.flatMap(row => row.evidence ?? [])
  const shorter = (most: readonly number[], render: (most: number) => string) => most.map(n => () => render(n))
  const nothing = () => ''
  const {packet} = view
  return [
    {name: 'decision', importance: 9, versions: [() => head(view)]},
    ...(packet === undefined ? [] : packetSections(packet, evidence)),
    {name: 'findings', importance: 8, versions: shorter([50, 25, 10, 3], most => findings(evidence, most))},
    {name: 'groups with too few rows', importance: 6, versions: [() => tooFewList(evidence), nothing]},
    {name: 'canary plan', importance: 7.5, versions: [() => (packet === undefined ? '' : planTable(packet)), nothing]},
    {name: 'actions', importance: 7, versions: shorter([1000, 100, 30], most => actionTable(view.rows, source.run, most))},
    ...evidence.map((one, index) => ({
      name: `details of ${prose(one.action.name, 60)}`,
      importance: 5 - index / evidence.length,
      versions: [...DETAILS.map(most => () => details(one, most)), nothing]
    }))
  ]
}

function packetSections(packet: Packet, evidence: readonly Evidence[]): readonly Section[] {
  const against = (most: number) => () => championTable(evidence, most)
  return [
    {name: 'what is approved', importance: 8.5, versions: [() => approvedTable(packet)]},
    {name: 'candidate against champion', importance: 6.5, versions: [against(100), against(10), () => '']}
  ]
}

const DETAILS = [
  {checks: 1000, points: 200},
  {checks: 100, points: 20},
  {checks: 20, points: 0}
]

function head(view: Overview): string {
  const named = view.packet === undefined
  const models = view.models.slice(0, 3).map(({name, digest}) => `${code(name, 100)} ${code(digest.sha256.slice(0, 12))}`)
  const more = view.models.length > 3 ? ` and ${count(view.models.length - 3, 'more', 'more')}` : ''
  const facts = [
    models.length === 0 || !named ? '' : `${models.length === 1 ? 'model' : 'models'} ${models.join(', ')}${more}`,
    ...(named ? view.champion : []).map(phrase => prose(phrase, 200)),
    view.rollout === undefined ? '' : `rollout: ${prose(view.rollout, 100)}`,
    view.tally
  ].filter(fact => fact !== '')
  const looser = view.looser.length === 0 ? '' : `⚠️ **Looser than the base:** ${prose(phrases(view.looser), 1000)}\n\n`
  return `## ${SIGNS[view.mark].emoji} ${prose(view.title, 120)}: ${prose(view.decision, 500)}\n\n${looser}${facts.join(' · ')}`
}

function findings(evidence: readonly Evidence[], most: number): string {
  const bad = evidence.flatMap(one => one.checks.filter(({verdict}) => verdict !== 'pass').map(check => ({check, action: one.action.name})))
  const order = bySeverity(bad.map(({check}) => check))
  const actionOf = new Map(bad.map(({check, action}) => [check, action]))
  const shown = order.slice(0, most).map(check => finding(check, actionOf.get(check) ?? ''))
  return list(order.length > most ? [...shown, `and ${count(order.length - most, 'more', 'more')} that did not pass`] : shown)
}

function finding(check: Check, action: string): string {
  return `${sign(check.verdict)} **${prose(action, 60)}** ${code(shownId(check), 200)}: ${prose(reasonOf(check), 600)}`
}

function tooFewList(evidence: readonly Evidence[]): string {
  const groups = evidence.flatMap(tooFew)
  return groups.length === 0 ? '' : `**Too few to judge:** ${groups.map(group => prose(group, 160)).join('; ')}.`
}

function provenance({run}: ReportSource): string {
  const link = runLink(run, run)
  const when = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(run.finishedAt) ? `, ${run.finishedAt.slice(0, 16).replace('T', ' ')} UTC` : ''
  const commit = /^[0-9a-f]{7,64}$/.test(run.sha) ? `commit ${run.sha.slice(0, 12)}` : 'commit unknown'
  const where = link === undefined ? `run ${prose(run.runId, 40)}` : `[run ${prose(run.runId, 40)}, attempt ${run.attempt}](${link})`
  return `The full report is in the summary and the artifacts of ${where}: ${commit}${when}.`
}

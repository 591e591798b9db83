import {formatNumber} from '#shared/evidence/number'
import {code, prose} from './inert.js'
import {runLink} from './links.js'
import {table} from './markdown.js'
import {count} from './numbers.js'
import type {ActionRow, ReportSource} from './overview.js'
import {type policyNote, sign} from './verdicts.js'

const HEAD = [{name: 'Action'}, {name: 'Verdict'}, {name: 'Outcome'}, {name: 'Checks', right: true}, {name: 'About'}, {name: 'Run'}]

/** A row an action: verdict, outcome, what it is about, where it ran. What is required and missing is a row too. */
export function actionTable(rows: readonly ActionRow[], reporting: ReportSource['run'], most: number): string {
  const missing = rows.filter(({evidence}) => evidence === undefined)
  const present = rows.filter(({evidence}) => evidence !== undefined).slice(0, most)
  const shown = rows.filter(row => present.includes(row) || missing.includes(row))
  const text = table(
    HEAD,
    shown.map(row => cells(row, reporting))
  )
  return shown.length === rows.length
    ? text
    : `${text}\n\n${count(rows.length - shown.length, 'more action', 'more actions')} in the evidence.`
}

function cells({action, evidence, required}: ActionRow, reporting: ReportSource['run']): readonly string[] {
  const name = `${prose(action, 60)}${required ? ' (required)' : ''}`
  if (evidence === undefined) return [name, '⛔ missing', '**red**', '', '', '']
  const {verdict, outcome, checks, subjects, run} = evidence
  const about = subjects.slice(0, 2).map(({name, digest}) => `${code(name, 60)} ${code(digest.sha256.slice(0, 12))}`)
  const link = runLink(run, reporting)
  const place = `${prose(run.job, 60)}${run.attempt > 1 ? `, attempt ${run.attempt}` : ''}`
  return [
    name,
    sign(verdict),
    `${outcome === 'red' ? '**red**' : 'green'}${policyWord(evidence)}`,
    formatNumber(checks.length),
    subjects.length > 2 ? `${about.join(', ')}, ${count(subjects.length - 2, 'more', 'more')}` : about.join(', '),
    link === undefined ? place : `[${place}](${link})`
  ]
}

function policyWord(evidence: Parameters<typeof policyNote>[0]): string {
  if (evidence.policy.mode === 'observe') return ', observed'
  return evidence.verdict === 'inconclusive' ? `, by \`on-inconclusive: ${evidence.policy.onInconclusive}\`` : ''
}

import type {Check, Evidence, Fact, Material} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {html} from '../inert.js'
import {runLink} from '../links.js'
import {BOUNDS, boundOf, count, intervalOf, quantity} from '../numbers.js'
import type {ActionRow, ReportSource} from '../overview.js'
import {factValue} from '../rows.js'
import {bySeverity, policyNote, shownId, tally} from '../verdicts.js'
import {badge} from './icons.js'
import {strip} from './strip.js'
import {type Column, codeOf, tableOf} from './tables.js'

const MOST = 2000
const ACTIONS: readonly Column[] = [
  {name: 'Action'},
  {name: 'Verdict'},
  {name: 'Outcome'},
  {name: 'Checks', kind: 'number'},
  {name: 'About'},
  {name: 'Run'}
]
const CHECKS: readonly Column[] = [
  {name: 'Check'},
  {name: 'Verdict'},
  {name: 'Measured', kind: 'number'},
  {name: 'Bound', kind: 'number'},
  {name: BOUNDS, kind: 'interval'},
  {name: 'n', kind: 'number'}
]

/** A row an action; what is required and missing is a row too. */
export function actionsTable(rows: readonly ActionRow[], reporting: ReportSource['run']): string {
  return tableOf(
    'Actions',
    ACTIONS,
    rows.map(row => actionCells(row, reporting)),
    'stack'
  )
}

function actionCells({action, evidence, required}: ActionRow, reporting: ReportSource['run']): readonly string[] {
  const name = `${html(action, 80)}${required ? ' <span class="muted">required</span>' : ''}`
  if (evidence === undefined) return [name, badge('error', 'missing'), outcomeWord('red'), '', '', '']
  const {verdict, outcome, checks, subjects, run} = evidence
  const link = runLink(run, reporting)
  const place = `${html(run.job, 80)}${run.attempt > 1 ? `, attempt ${Number(run.attempt)}` : ''}`
  return [
    name,
    badge(verdict),
    `${outcomeWord(outcome)}${note(evidence)}`,
    formatNumber(checks.length),
    subjects
      .slice(0, 4)
      .map(({name, digest}) => `${codeOf(name, 80)} <span class="muted">${codeOf(digest.sha256.slice(0, 12))}</span>`)
      .join('<br>'),
    link === undefined ? place : `<a href="${html(link)}">${place}</a>`
  ]
}

function outcomeWord(outcome: Evidence['outcome']): string {
  return outcome === 'red' ? '<strong class="fail">red</strong>' : 'green'
}

function note(evidence: Evidence): string {
  const text = policyNote(evidence)
  return text === '' ? '' : `<br><small class="muted">${html(text)}</small>`
}

/** All that one action found, folded: its checks, facts and what it depended on. */
export function actionDetails(evidence: Evidence): string {
  const {action, verdict, checks, facts, materials, run} = evidence
  const name = html(action.name, 80)
  return `<details><summary><h3>${name}</h3>${badge(verdict)}<span class="muted">${html(tally(checks))} in ${html(run.job, 80)}</span></summary>
${checks.length === 0 ? '<p>No checks.</p>' : tableOf(`Checks of ${action.name}`, CHECKS, bySeverity(checks).slice(0, MOST).map(checkCells), 'checks stack')}
${rest(checks.length, 'check')}${facts.length === 0 ? '' : factsTable(action.name, facts)}${dependsOn(materials)}</details>`
}

function rest(n: number, one: string): string {
  return n > MOST ? `<p class="muted">${count(n - MOST, one)} more in the evidence.</p>` : ''
}

function checkCells(check: Check): readonly string[] {
  const method = check.interval === undefined ? '' : ` <small>${html(check.interval.method, 60)}</small>`
  return [
    codeOf(shownId(check)),
    badge(check.verdict),
    check.measured === undefined ? '' : html(quantity(check.measured, check.unit)),
    html(boundOf(check)),
    `${strip(check)}${html(intervalOf(check))}${method}`,
    check.n === undefined ? '' : formatNumber(check.n)
  ]
}

function factsTable(action: string, facts: readonly Fact[]): string {
  const cells = (fact: Fact) => [html(fact.name), typeof fact.value === 'string' ? codeOf(fact.value) : html(factValue(fact))]
  return tableOf(`Facts of ${action}`, [{name: 'Fact'}, {name: 'Value'}], facts.slice(0, MOST).map(cells))
}

function dependsOn(materials: readonly Material[]): string {
  const text = materials.slice(0, 50).map(({kind, name, digest}) => `${kind} ${codeOf(name, 120)} ${codeOf(digest.sha256.slice(0, 12))}`)
  return text.length === 0 ? '' : `<p class="depends">Depends on ${text.join(', ')}.</p>`
}

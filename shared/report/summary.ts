import type {Check, Evidence} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {code, prose, visible} from './inert.js'
import {folded, list} from './markdown.js'
import {count, ONE_SIDED} from './numbers.js'
import {checkTable, factTable, identity} from './rows.js'
import {bySeverity, policyNote, reasonOf, redChecks, SIGNS, shownId, sign, tally} from './verdicts.js'

const MOST_MESSAGES = 50
const MOST_ROWS = 500

/**
 * One action's step summary in Markdown: verdict, what it is about, what did not pass and why, every check, facts.
 * Text from data is inert in it; far below GitHub's 1 MiB whatever the evidence holds.
 */
export function renderSummary(evidence: Evidence): string {
  const {action, verdict, outcome, checks, facts} = evidence
  const note = policyNote(evidence)
  return [
    `### ${sign(verdict)} · ${prose(action.name)}`,
    `${tally(checks)}. Outcome **${outcome}**${note === '' ? '' : ` (${note})`}.${identity(evidence)}`,
    messages(checks),
    checks.length === 0 ? '' : checkTable(bySeverity(checks), MOST_ROWS),
    checks.some(({interval}) => interval !== undefined) ? `<sub>${ONE_SIDED}</sub>` : '',
    facts.length === 0 ? '' : folded(count(facts.length, 'fact'), factTable(facts, MOST_ROWS))
  ]
    .filter(part => part !== '')
    .join('\n\n')
    .concat('\n')
}

function messages(checks: readonly Check[]): string {
  const bad = bySeverity(checks.filter(check => check.verdict !== 'pass'))
  const shown = bad.slice(0, MOST_MESSAGES).map(check => `${sign(check.verdict)} ${code(shownId(check))}: ${prose(reasonOf(check), 1000)}`)
  return list(bad.length > MOST_MESSAGES ? [...shown, `and ${count(bad.length - MOST_MESSAGES, 'more')} in the table`] : shown)
}

/** One action in one line for a log; who decides over others says what: `! report: not ready: evaluate is red`. Else `✗ evaluate: 2 of 14 checks failed: roc_auc >= 0.7, recall[region=EU] >= 0.6`. */
export function renderLine(evidence: Evidence): string {
  const {action, verdict, outcome, checks, facts} = evidence
  const red = redChecks(evidence)
  const start = `${SIGNS[verdict].mark} ${visible(action.name)}: `
  const decision = facts.find(({name}) => name === 'decision')?.value
  if (typeof decision === 'string') return `${start}${visible(decision)}`
  if (outcome === 'green') return `${start}${tally(checks)}${verdict === 'pass' ? '' : '; green'}`
  if (checks.length === 0) return `${start}nothing was checked`
  const names = red
    .slice(0, 5)
    .map(check => visible(check.id, 120))
    .join(', ')
  return `${start}${formatNumber(red.length)} of ${count(checks.length, 'check')} ${endingOf(red)}: ${names}${red.length > 5 ? ', …' : ''}`
}

/** `failed` only where all of them did; an inconclusive check is red, and did not fail. */
function endingOf(red: readonly Check[]): string {
  if (red.every(({verdict}) => verdict === 'fail')) return 'failed'
  if (red.every(({verdict}) => verdict === 'error')) return 'could not be measured'
  return `${red.length === 1 ? 'is' : 'are'} red (${tally(red)})`
}

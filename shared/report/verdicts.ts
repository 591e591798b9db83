import {type Check, type Evidence, outcomeOf, type Policy, VERDICTS, type Verdict} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'

/** One sign a verdict, told apart by shape alone, and always beside its word. `mark` is for terminals. */
export const SIGNS: Readonly<Record<Verdict, {readonly mark: string; readonly emoji: string; readonly counted: string}>> = {
  pass: {mark: '✓', emoji: '✅', counted: 'passed'},
  warn: {mark: '!', emoji: '⚠️', counted: 'warned'},
  inconclusive: {mark: '?', emoji: '❔', counted: 'inconclusive'},
  fail: {mark: '✗', emoji: '❌', counted: 'failed'},
  error: {mark: '⊘', emoji: '⛔', counted: 'not measured'}
}

/** `❌ fail` */
export function sign(verdict: Verdict): string {
  return `${SIGNS[verdict].emoji} ${verdict}`
}

/** `2 failed, 1 inconclusive, 11 passed`, the worst first. */
export function tally(checks: readonly Pick<Check, 'verdict'>[]): string {
  const parts = VERDICTS.toReversed().flatMap(verdict => {
    const n = checks.filter(check => check.verdict === verdict).length
    return n === 0 ? [] : [`${formatNumber(n)} ${SIGNS[verdict].counted}`]
  })
  return parts.length === 0 ? 'no checks' : parts.join(', ')
}

/** The worst first, otherwise in the order in which they were judged. */
export function bySeverity(checks: readonly Check[]): readonly Check[] {
  return checks.toSorted((a, b) => VERDICTS.indexOf(b.verdict) - VERDICTS.indexOf(a.verdict))
}

/** Checks that make the step red under its policy. */
export function redChecks(evidence: Pick<Evidence, 'checks' | 'policy'>): readonly Check[] {
  return evidence.checks.filter(check => outcomeOf(check, evidence.policy) === 'red')
}

/** Why the outcome is not what the verdict alone says; empty when it is. */
export function policyNote({verdict, outcome, policy}: {verdict: Verdict; outcome: Evidence['outcome']; policy: Policy}): string {
  if (policy.mode === 'observe') return 'observed only: a verdict does not stop the step'
  if (verdict !== 'inconclusive') return ''
  if (policy.onInconclusive === 'warn') return 'inconclusive checks only warn here'
  if (policy.onInconclusive === 'fail') return 'inconclusive checks stop the step here'
  return outcome === 'green'
    ? 'every inconclusive estimate lies on the good side'
    : 'an inconclusive check without an estimate on the good side stops the step'
}

/** A check's id as its line was written: that of a gate that only warns keeps its `warn: `, which the message has in front. */
export function shownId({id, verdict, message}: Pick<Check, 'id' | 'verdict' | 'message'>): string {
  return verdict === 'warn' && message.startsWith(WARN) ? `${WARN}${id}` : id
}

/** A check's message without what `shownId` says beside it. */
export function reasonOf({id, verdict, message}: Pick<Check, 'id' | 'verdict' | 'message'>): string {
  const text = verdict === 'warn' && message.startsWith(WARN) ? message.slice(WARN.length) : message
  return text.startsWith(`${id}: `) ? text.slice(id.length + 2) : text
}

const WARN = 'warn: '

/** A few phrases in one line, and how many more there are. */
export function phrases(all: readonly string[], most = 5): string {
  return [...all.slice(0, most), ...(all.length > most ? [`${all.length - most} more below`] : [])].join('; ')
}

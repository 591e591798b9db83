import type {Check, Evidence} from '#shared/evidence/evidence'
import {renderLine} from '#shared/report/summary'
import {bySeverity, redChecks, SIGNS} from '#shared/report/verdicts'
import type {JobResult, StepResult} from '../run/progress.js'

/** A step that ended, and the evidence that it left, if it is one of ours. */
export interface Told {
  readonly job: string
  readonly step: StepResult
  readonly evidence?: Evidence
}

const MOST_CHECKS = 4

/**
 * What a step decided, for a terminal: one line with its verdict and its time, and below it what did not pass.
 * Steps that only move files are told when they fail.
 */
export function renderStep({step, evidence}: Told): readonly string[] {
  if (step.outcome === 'skipped') return []
  if (evidence !== undefined) return [`${renderLine(evidence)}  (${seconds(step.durationMs)})`, ...notPassed(evidence)]
  if (step.outcome === 'success') return []
  return [`✗ ${shortName(step)}: ${step.outcome}`, ...errorsOf(step).map(message => `    ${message}`)]
}

/** A line of the rollout's log, which tells how long it has run: `11.6 s  step  25% to v2` is `· 25% to v2`. Other lines are not told. */
export function renderRollout(line: string): readonly string[] {
  const [, phase, what] = /^ +[\d.]+ s {2}(\S+) +(.+)$/.exec(line) ?? []
  if (phase === undefined) return []
  return [phase === 'step' ? `· ${what}` : `· ${phase}: ${what}`]
}

/** Markdown of the comment as a reviewer first sees it: what is folded shows its title alone. */
export function renderComment(markdown: string): readonly string[] {
  const folded = markdown.replace(/<details>\s*<summary>(.*?)<\/summary>.*?<\/details>/gs, (_, title: string) => `▸ ${title}`)
  const plain = folded.replace(/<!--.*?-->/gs, '').replace(/<\/?(?:b|sub)>/g, '')
  return plain
    .trim()
    .replace(/\n{2,}(?=▸)/g, '\n')
    .split('\n')
}

function notPassed({checks}: Evidence): string[] {
  const shown = bySeverity(checks.filter(check => check.verdict !== 'pass'))
  const lines = shown.slice(0, MOST_CHECKS).map(check => `    ${SIGNS[check.verdict].mark} ${sentence(check)}`)
  return shown.length > MOST_CHECKS ? [...lines, `    and ${shown.length - MOST_CHECKS} more, in the report`] : lines
}

/** The failing steps and why, the last thing that a red start says. */
export function renderFailures(told: readonly Told[], jobs: readonly JobResult[]): readonly string[] {
  const all = told.filter(({step}) => step.outcome === 'failure' || step.outcome === 'cancelled')
  // A report is red because of what is missing, which is what these others did not hand on.
  const others = all.filter(({step}) => shortName(step) !== 'report')
  const failed = others.length > 0 ? others : all
  if (failed.length > 0)
    return failed.flatMap(one => [`✗ ${one.job}: ${shortName(one.step)}`, ...reasonsOf(one).map(reason => `    ${reason}`)])
  return jobs.filter(job => job.result === 'failure' || job.result === 'cancelled').map(job => `✗ ${job.id}: ${job.result}`)
}

/** Where to look on when the model failed before its callers; nothing when the deployment did not. */
export function renderServerLog(told: readonly Told[], log: string): readonly string[] {
  const failed = told.some(({step}) => step.outcome === 'failure' && shortName(step) === 'deploy-canary')
  return failed ? [`The model server's log says what failed: ${log}`] : []
}

function reasonsOf({step, evidence}: Told): readonly string[] {
  const red = evidence === undefined ? [] : redChecks(evidence)
  if (red.length === 0) return errorsOf(step)
  const reasons = bySeverity(red).slice(0, MOST_CHECKS).map(sentence)
  return red.length > MOST_CHECKS ? [...reasons, `and ${red.length - MOST_CHECKS} more`] : reasons
}

/** `OWNER/trainyard/actions/evaluate@v1` is `evaluate`. */
function shortName({uses, name}: StepResult): string {
  return /\/([^/@]+)@[^@]*$/.exec(uses ?? '')?.[1] ?? name
}

function sentence({id, message}: Check): string {
  return message.includes(id) ? message : `${id}: ${message}`
}

function errorsOf(step: StepResult): string[] {
  return step.annotations.filter(({level}) => level === 'error').map(({message}) => message.split('\n')[0])
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

import {styleText} from 'node:util'
import type {Annotation} from './log-commands.js'
import type {JobOutcome, JobResult, Progress, StepOutcome} from './progress.js'
import type {RunResult} from './run.js'

const SIGNS: Readonly<Record<StepOutcome, string>> = {success: '✓', failure: '✗', cancelled: '■', skipped: '–'}
const COLOURS = {success: 'green', failure: 'red', cancelled: 'yellow', skipped: 'gray'} as const
const SUMMARY_LINES = 8

/** Text for a terminal, a piece of progress at a time; `colour` adds escapes. */
export function renderProgress(progress: Progress, colour: boolean): string {
  switch (progress.kind) {
    case 'said':
      return `${tint('gray', `  ${progress.text}`, colour)}\n`
    case 'job-start':
      return `\n${tint('bold', progress.name, colour)}${progress.name === progress.job ? '' : ` (${progress.job})`}\n`
    case 'step-start':
      return `  ▸ ${progress.name}\n`
    case 'line':
      return `      ${progress.text}\n`
    case 'group':
      return `      ▾ ${progress.text}\n`
    case 'annotation':
      return `    ${renderAnnotation(progress.annotation, colour)}\n`
    case 'step-end': {
      const {step} = progress
      if (step.outcome === 'skipped') return tint('gray', `  – ${step.name}: skipped\n`, colour)
      const tolerated = step.outcome !== step.conclusion ? ' (goes on: continue-on-error)' : ''
      return `${renderSummary(step.summary)}  ${sign(step.outcome, colour)} ${step.name}  ${seconds(step.durationMs)}${tolerated}\n`
    }
    case 'job-end':
      return progress.job.result === 'skipped' ? tint('gray', `\n${progress.job.name}: skipped\n`, colour) : ''
  }
}

/** The last lines of a run: a table of its jobs with the first reason of each that is red, and the verdict. */
export function renderResult(run: RunResult, colour: boolean): string {
  const width = Math.max(3, ...run.jobs.map(job => job.name.length))
  const rows = run.jobs.map(job => {
    const reason = job.result === 'failure' || job.result === 'cancelled' ? reasonOf(job) : ''
    const time = job.result === 'skipped' ? '' : seconds(job.durationMs)
    return `${sign(job.result, colour)} ${job.name.padEnd(width)}  ${job.result.padEnd(9)} ${time.padStart(8)}${reason && `  ${reason}`}`.trimEnd()
  })
  const verdict = {
    green: tint('green', 'green', colour),
    red: tint('red', 'red', colour),
    'nothing-ran': tint('red', 'no job ran: every one was skipped', colour)
  }[run.result]
  const ending = [
    `${run.workflow} (${run.event}): ${verdict}`,
    ...(run.result === 'green' ? [] : run.hints),
    ...(run.page === undefined ? [] : [`report: ${run.page}`]),
    ...(run.workDir === undefined ? [] : [`files of the run: ${run.workDir}`])
  ]
  return `\n${rows.join('\n')}\n\n${ending.join('\n')}\n`
}

function reasonOf(job: JobResult): string {
  const step = job.steps.find(one => one.conclusion === 'failure' || one.conclusion === 'cancelled')
  const error = step?.annotations.find(one => one.level === 'error')
  return [step?.name, error?.message.split('\n')[0].slice(0, 200)].filter(Boolean).join(': ')
}

function renderAnnotation({level, file, line, title, message}: Annotation, colour: boolean): string {
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `
  const label = tint(({error: 'red', warning: 'yellow', notice: 'cyan'} as const)[level], level, colour)
  // Many a message begins with its own title.
  const heading = title && !message.startsWith(`${title}: `) ? `${title}: ` : ''
  return `${label} ${heading}${place}${message.replaceAll('\n', '\n      ')}`
}

function renderSummary(summary: string): string {
  const lines = summary.split('\n').filter(line => line.trim() !== '')
  const table = lines.findIndex(line => /^\s*(?:\||<details>)/.test(line))
  const short = lines.slice(0, Math.min(table < 0 ? SUMMARY_LINES : table, SUMMARY_LINES))
  const more = lines.length - short.length
  const shown = more > 1 ? [...short, `… ${more} more lines in the summary`] : lines
  return shown.map(line => `    │ ${line}\n`).join('')
}

function sign(outcome: JobOutcome, colour: boolean): string {
  return tint(COLOURS[outcome], SIGNS[outcome], colour)
}

function seconds(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

function tint(style: 'green' | 'red' | 'yellow' | 'gray' | 'cyan' | 'bold', text: string, colour: boolean): string {
  return colour ? styleText(style, text) : text
}

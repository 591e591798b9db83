import {writeFile} from 'node:fs/promises'
import {delimiter, join, resolve} from 'node:path'
import {type CommandEnd, describeEnd, runCommand} from '#shared/process'
import {bundleInputs, inputVariables, readBundle} from './bundle.js'
import {machineVariables, runnerVariables} from './environment.js'
import {evaluateText, minutesOf, type Scope, textOf} from './expression.js'
import type {JobState} from './job-state.js'
import {type Annotation, logReader} from './log-commands.js'
import type {StepOutcome} from './progress.js'
import type {StepFiles} from './step-files.js'
import type {Step} from './workflow.js'

/** what `always()` steps get once the job's own time is over */
const AFTER_DEADLINE_MS = 5 * 60_000
const LIMITS = {lineBytes: 1 << 20, totalBytes: 256 << 20}

/** A step at work. */
export interface Doing {
  readonly job: JobState
  readonly step: Step
  readonly scope: Scope
  readonly env: Readonly<Record<string, string>>
  readonly files: StepFiles
  readonly annotations: Annotation[]
  readonly say: (line: string) => void
  readonly annotate: (annotation: Annotation) => void
}

/** Runs the script of a `run:` step. */
export async function runScript(
  doing: Doing,
  {script, strict, workingDirectory}: Extract<Step['work'], {kind: 'run'}>
): Promise<StepOutcome> {
  const {job, scope} = doing
  const file = join(job.places.files, 'script.sh')
  await writeFile(file, `${textOf(script, scope)}\n`)
  const cwd = resolve(job.places.workspace, textOf(workingDirectory, scope))
  return execute(doing, strict ? ['bash', '--noprofile', '--norc', '-eo', 'pipefail', file] : ['bash', '-e', file], cwd, {})
}

/** Runs an action of this checkout. */
export async function runBundle(doing: Doing, name: string, given: Readonly<Record<string, string>>): Promise<StepOutcome> {
  const {job, scope} = doing
  const bundle = await readBundle(job.run.packageRoot, name)
  const {values, unexpected} = bundleInputs(bundle, given, text => evaluateText(text, scope))
  if (unexpected.length > 0) {
    const valid = Object.keys(bundle.inputs)
      .map(one => `'${one}'`)
      .join(', ')
    doing.annotate({
      level: 'warning',
      message: `Unexpected input(s) ${unexpected.map(one => `'${one}'`).join(', ')}, valid inputs are [${valid}]`
    })
  }
  return execute(doing, [process.execPath, bundle.main], job.places.workspace, inputVariables(values))
}

async function execute(doing: Doing, argv: readonly string[], cwd: string, extra: Readonly<Record<string, string>>): Promise<StepOutcome> {
  const {job, step, scope, say, annotate} = doing
  const read = logReader()
  const ownMs = minutesOf(step.timeoutMinutes, scope) ?? Infinity
  const leftMs = job.deadline - performance.now()
  const timeoutMs = Math.max(1, Math.min(ownMs, leftMs, 2 ** 31 - 1))
  const end = await runCommand({
    argv,
    cwd,
    env: stepVariables(doing, extra),
    output: 'raw',
    limits: LIMITS,
    leftovers: 'leave',
    signals: job.run.signals,
    graceMs: job.run.graceMs,
    ...(timeoutMs < 2 ** 31 - 1 && {timeoutMs}),
    onLine: line => {
      const entry = read(line)
      if (entry.kind === 'mask') job.run.masks.add(entry.secret)
      else if (entry.kind === 'annotation') annotate(entry.annotation)
      else if (entry.kind === 'group') job.run.emit({kind: 'group', job: job.id, text: job.run.masks.hide(entry.text)})
      else if (entry.kind === 'text') say(entry.text)
    }
  })
  return outcomeOf(doing, end, ownMs <= leftMs ? ownMs : undefined)
}

function outcomeOf({job, annotate, annotations}: Doing, end: CommandEnd, ownLimitMs: number | undefined): StepOutcome {
  if (end.interruptedBy) {
    annotate({level: 'error', message: 'The operation was canceled.'})
    return 'cancelled'
  }
  if (end.timedOut && ownLimitMs === undefined) {
    job.status = 'cancelled'
    job.deadline = performance.now() + AFTER_DEADLINE_MS
    annotate({level: 'error', message: 'The job has exceeded its maximum execution time (timeout-minutes).'})
    return 'cancelled'
  }
  if (end.exitCode === 0 && !end.timedOut) return 'success'
  if (end.timedOut || !annotations.some(one => one.level === 'error'))
    annotate({level: 'error', message: `The step ${describeEnd(end, ownLimitMs)}.`})
  return 'failure'
}

function stepVariables({job, env, files}: Doing, extra: Readonly<Record<string, string>>): Record<string, string> {
  const variables = {...machineVariables(job.run.env, job.places), ...env}
  return {
    ...variables,
    PATH: [...job.path, variables.PATH].join(delimiter),
    ...runnerVariables(job.github, job.runner),
    RUNNER_TRACKING_ID: job.mark,
    ...files,
    ...extra
  }
}

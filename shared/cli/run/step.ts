import {mkdir, writeFile} from 'node:fs/promises'
import {delimiter, join, resolve} from 'node:path'
import {messageOf, UserError} from '#shared/errors'
import {type CommandEnd, describeEnd, runCommand} from '#shared/process'
import {bundleInputs, inputVariables, readBundle} from './bundle.js'
import {machineVariables, runnerVariables} from './environment.js'
import {EQUIVALENTS} from './equivalents.js'
import {conditionHolds, evaluateText, flagOf, mapOf, minutesOf, type Scope, textOf} from './expression.js'
import {parseFileCommands, readStepFile} from './file-commands.js'
import {type JobState, jobScope} from './job-state.js'
import {type Annotation, logReader} from './log-commands.js'
import type {StepOutcome, StepResult} from './progress.js'
import type {Step} from './workflow.js'

const FILES = {
  GITHUB_OUTPUT: 'output',
  GITHUB_ENV: 'env',
  GITHUB_PATH: 'path',
  GITHUB_STATE: 'state',
  GITHUB_STEP_SUMMARY: 'summary'
} as const
/** what `always()` steps get once the job's own time is over */
const AFTER_DEADLINE_MS = 5 * 60_000
const SUMMARY_BYTES = 1024 * 1024

interface Doing {
  readonly job: JobState
  readonly step: Step
  readonly scope: Scope
  readonly env: Readonly<Record<string, string>>
  readonly files: Readonly<Record<keyof typeof FILES, string>>
  readonly annotations: Annotation[]
  readonly say: (line: string) => void
  readonly annotate: (annotation: Annotation) => void
}

/** Runs one step, or skips it by its `if:`, and changes the job's status, environment and path as the runner would. */
export async function runStep(job: JobState, step: Step, index: number): Promise<StepResult> {
  const started = performance.now()
  const annotations: Annotation[] = []
  const annotate = (annotation: Annotation): void => {
    const masked = {...annotation, message: job.run.masks.hide(annotation.message)}
    annotations.push(masked)
    job.run.emit({kind: 'annotation', job: job.id, annotation: masked})
  }
  let name = defaultName(step)
  let outcome: StepOutcome = 'failure'
  let outputs: Record<string, string> = {}
  let summary = ''
  let tolerated = false
  let shown = false
  const start = (): void => {
    if (!shown) job.run.emit({kind: 'step-start', job: job.id, name})
    shown = true
  }
  try {
    const env = {...job.env, ...mapOf(step.env, jobScope(job))}
    const scope = jobScope(job, env)
    name = job.run.masks.hide(textOf(step.name, scope) || name)
    if (step.work.kind === 'skip' || !conditionHolds(step.condition, scope)) return skipped(step, name)
    start()
    tolerated = flagOf(step.continueOnError, scope)
    const files = await makeFiles(job, index)
    const say = (line: string) => job.run.emit({kind: 'line', job: job.id, text: job.run.masks.hide(line)})
    const done = await work({job, step, scope, env, files, annotations, say, annotate})
    outcome = done.outcome
    outputs = {...done.outputs, ...Object.fromEntries(await takeFiles(job, files))}
    summary = await readSummary(job, files.GITHUB_STEP_SUMMARY, annotate)
  } catch (error) {
    start()
    annotate({level: 'error', message: describe(error)})
    if (outcome === 'success') outcome = 'failure'
  }
  const conclusion = outcome === 'failure' && tolerated ? 'success' : outcome
  if (conclusion === 'failure' && job.status === 'success') job.status = 'failure'
  return {
    id: step.id,
    name,
    uses: usesOf(step),
    outcome,
    conclusion,
    outputs,
    summary,
    annotations,
    durationMs: performance.now() - started
  }
}

async function work(doing: Doing): Promise<{outcome: StepOutcome; outputs?: Record<string, string>}> {
  const {job, step, scope} = doing
  if (step.work.kind === 'run') return {outcome: await runScript(doing, step.work)}
  if (step.work.kind === 'skip') return {outcome: 'skipped'}
  const inputs = mapOf(step.work.with, scope)
  const {action} = step.work
  if (action.kind === 'bundle') return {outcome: await runBundle(doing, action.name, inputs)}
  const {places, run} = job
  const call = {inputs, places, repository: run.facts.repository, artifacts: run.artifacts, log: doing.say, annotate: doing.annotate}
  return {outcome: 'success', outputs: await EQUIVALENTS[action.kind](call)}
}

async function runScript(doing: Doing, {script, strict, workingDirectory}: Extract<Step['work'], {kind: 'run'}>): Promise<StepOutcome> {
  const {job, scope} = doing
  const file = join(job.places.files, 'script.sh')
  await writeFile(file, `${textOf(script, scope)}\n`)
  const cwd = resolve(job.places.workspace, textOf(workingDirectory, scope))
  return execute(doing, strict ? ['bash', '--noprofile', '--norc', '-eo', 'pipefail', file] : ['bash', '-e', file], cwd, {})
}

async function runBundle(doing: Doing, name: string, given: Readonly<Record<string, string>>): Promise<StepOutcome> {
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

async function makeFiles(job: JobState, index: number): Promise<Doing['files']> {
  const folder = join(job.places.files, `step-${index + 1}`)
  await mkdir(folder, {recursive: true})
  const paths = Object.entries(FILES).map(([variable, name]) => [variable, join(folder, name)] as const)
  for (const [, path] of paths) await writeFile(path, '')
  return Object.fromEntries(paths) as Doing['files']
}

async function takeFiles(job: JobState, files: Doing['files']): Promise<Map<string, string>> {
  for (const [name, value] of parseFileCommands(await readStepFile(files.GITHUB_ENV), 'GITHUB_ENV')) {
    if (name.toUpperCase() === 'NODE_OPTIONS')
      throw new UserError('GITHUB_ENV: NODE_OPTIONS may not be set', {hint: 'set it in env: of the step'})
    job.env[name] = value
  }
  const added = (await readStepFile(files.GITHUB_PATH)).split(/\r?\n/).filter(line => line !== '')
  job.path = [...added.reverse(), ...job.path]
  return parseFileCommands(await readStepFile(files.GITHUB_OUTPUT), 'GITHUB_OUTPUT')
}

async function readSummary(job: JobState, path: string, annotate: Doing['annotate']): Promise<string> {
  const summary = await readStepFile(path)
  if (Buffer.byteLength(summary) <= SUMMARY_BYTES) return job.run.masks.hide(summary)
  annotate({
    level: 'error',
    message: `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.ceil(Buffer.byteLength(summary) / 1024)}k.`
  })
  return ''
}

function skipped(step: Step, name: string): StepResult {
  return {
    id: step.id,
    name,
    uses: usesOf(step),
    outcome: 'skipped',
    conclusion: 'skipped',
    outputs: {},
    summary: '',
    annotations: [],
    durationMs: 0
  }
}

function defaultName({work: doing}: Step): string {
  return doing.kind === 'run' ? doing.script.toString().trim().split('\n')[0].slice(0, 80) : doing.uses
}

function usesOf({work: doing}: Step): string | undefined {
  return doing.kind === 'run' ? undefined : doing.uses
}

function describe(error: unknown): string {
  if (error instanceof UserError) return error.hint ? `${error.message} (${error.hint})` : error.message
  return error instanceof Error && error.stack ? error.stack : messageOf(error)
}

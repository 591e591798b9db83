import {messageOf, UserError} from '#shared/errors'
import {EQUIVALENTS} from './equivalents.js'
import {conditionHolds, flagOf, mapOf, textOf} from './expression.js'
import {type JobState, jobScope} from './job-state.js'
import type {Annotation} from './log-commands.js'
import type {StepOutcome, StepResult} from './progress.js'
import {makeStepFiles, readSummary, takeStepFiles} from './step-files.js'
import {type Doing, runBundle, runScript} from './step-process.js'
import type {Step} from './workflow.js'

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
    const files = await makeStepFiles(job, index)
    const say = (line: string) => job.run.emit({kind: 'line', job: job.id, text: job.run.masks.hide(line)})
    const done = await work({job, step, scope, env, files, annotations, say, annotate})
    outcome = done.outcome
    outputs = {...done.outputs, ...Object.fromEntries(await takeStepFiles(job, files))}
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
  const call = {
    inputs,
    places,
    repository: run.facts.repository,
    runRoot: run.root,
    artifacts: run.artifacts,
    log: doing.say,
    annotate: doing.annotate
  }
  return {outcome: 'success', outputs: await EQUIVALENTS[action.kind](call)}
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
  return doing.kind === 'run'
    ? doing.script.toString().trim().split('\n')[0].slice(0, 80)
    : doing.uses.replace(/@([0-9a-f]{7})[0-9a-f]{33}$/, '@$1')
}

function usesOf({work: doing}: Step): string | undefined {
  return doing.kind === 'run' ? undefined : doing.uses
}

function describe(error: unknown): string {
  if (error instanceof UserError) return error.hint ? `${error.message} (${error.hint})` : error.message
  return error instanceof Error && error.stack ? error.stack : messageOf(error)
}

import {messageOf, UserError} from '#shared/errors'
import {EQUIVALENTS} from './equivalents.js'
import {conditionHolds, flagOf, mapOf, textOf} from './expression.js'
import {type JobState, jobScope} from './job-state.js'
import type {Annotation} from './log-commands.js'
import type {StepOutcome, StepResult} from './progress.js'
import {makeStepFiles, readSummary, takeStepFiles} from './step-files.js'
import {type Doing, runBundle, runScript} from './step-process.js'
import type {Step} from './workflow.js'

interface Done {
  readonly outcome: StepOutcome
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
}

/** Runs one step, or skips it by its `if:`, and changes the job's status, environment and path as the runner would. */
export async function runStep(job: JobState, step: Step, index: number): Promise<StepResult> {
  const started = performance.now()
  const voice = voiceOf(job)
  let name = defaultName(step)
  let done: Done = {outcome: 'failure', outputs: {}, summary: ''}
  let tolerated = false
  try {
    const env = {...job.env, ...mapOf(step.env, jobScope(job))}
    const scope = jobScope(job, env)
    name = job.run.masks.hide(textOf(step.name, scope) || name)
    if (step.work.kind === 'skip' || !conditionHolds(step.condition, scope)) return skipped(step, name)
    voice.begin(name)
    tolerated = flagOf(step.continueOnError, scope)
    done = await perform({job, step, scope, env, files: await makeStepFiles(job, index), ...voice})
  } catch (error) {
    voice.begin(name)
    voice.annotate({level: 'error', message: describe(error)})
  }
  const conclusion = done.outcome === 'failure' && tolerated ? 'success' : done.outcome
  if (conclusion === 'failure' && job.status === 'success') job.status = 'failure'
  const {annotations} = voice
  return {id: step.id, name, uses: usesOf(step), ...done, conclusion, annotations, durationMs: performance.now() - started}
}

/** What is said of one step: once that it begins, then its lines and annotations, all masked. */
function voiceOf({run, id}: JobState) {
  const annotations: Annotation[] = []
  let begun = false
  return {
    annotations,
    begin: (name: string): void => {
      if (!begun) run.emit({kind: 'step-start', job: id, name})
      begun = true
    },
    say: (line: string): void => run.emit({kind: 'line', job: id, text: run.masks.hide(line)}),
    annotate: (annotation: Annotation): void => {
      const masked = {...annotation, message: run.masks.hide(annotation.message)}
      annotations.push(masked)
      run.emit({kind: 'annotation', job: id, annotation: masked})
    }
  }
}

async function perform(doing: Doing): Promise<Done> {
  const {outcome, outputs = {}} = await work(doing)
  const written = await takeStepFiles(doing.job, doing.files)
  const summary = await readSummary(doing.job, doing.files.GITHUB_STEP_SUMMARY, doing.annotate)
  return {outcome, outputs: {...outputs, ...Object.fromEntries(written)}, summary}
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
    finished: run.finished,
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

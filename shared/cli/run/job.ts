import {randomUUID} from 'node:crypto'
import {mkdir, writeFile} from 'node:fs/promises'
import {messageOf} from '#shared/errors'
import {killLeftovers} from '#shared/process'
import {githubContext, jobPlaces, runnerContext} from './environment.js'
import {conditionHolds, flagOf, mapOf, minutesOf, type Scope, textOf} from './expression.js'
import {type JobState, jobScope, type RunState, runContexts} from './job-state.js'
import type {JobOutcome, JobResult, StepResult} from './progress.js'
import {runStep} from './step.js'
import type {Job, Workflow} from './workflow.js'

const DEFAULT_MINUTES_MS = 360 * 60_000

/** Runs one job after its needs, or skips it by its `if:`; the result also says whether `continue-on-error` keeps a failure from counting. */
export async function runJob(run: RunState, workflow: Workflow, job: Job): Promise<JobResult & {tolerated: boolean}> {
  const started = performance.now()
  const scope = beforeScope(run, workflow, job)
  const name = safely(() => textOf(job.name, scope)) || job.id
  const finish = (result: JobOutcome, steps: readonly StepResult[] = [], outputs: Record<string, string> = {}, tolerated = false) => {
    const done = {id: job.id, name, result, outputs, steps, durationMs: performance.now() - started, tolerated}
    run.emit({kind: 'job-end', job: done})
    return done
  }
  try {
    if (!conditionHolds(job.condition, scope)) return finish('skipped')
    run.emit({kind: 'job-start', job: job.id, name})
    const state = await openJob(run, workflow, job, scope)
    await runSteps(state, job)
    const outputs = withoutSecrets(mapOf(job.outputs, jobScope(state)), state)
    return finish(state.status, state.steps, outputs, flagOf(job.continueOnError, scope))
  } catch (error) {
    run.emit({kind: 'annotation', job: job.id, annotation: {level: 'error', message: run.masks.hide(messageOf(error))}})
    return finish('failure')
  }
}

/** As on GitHub: an output that holds a secret does not leave its job. */
function withoutSecrets(outputs: Readonly<Record<string, string>>, {run, id}: JobState): Record<string, string> {
  const kept = Object.entries(outputs).filter(([name, value]) => {
    const clean = run.masks.hide(value) === value
    if (!clean)
      run.emit({kind: 'annotation', job: id, annotation: {level: 'warning', message: `Skip output '${name}' since it may contain secret.`}})
    return clean
  })
  return Object.fromEntries(kept)
}

async function runSteps(state: JobState, job: Job): Promise<void> {
  for (const [index, step] of job.steps.entries()) {
    if (state.run.cancelled) state.status = 'cancelled'
    const result = await runStep(state, step, index)
    if (state.run.cancelled) state.status = 'cancelled'
    state.steps.push(result)
    state.run.emit({kind: 'step-end', job: job.id, step: result})
  }
  for (const {pid, command} of killLeftovers(state.mark)) {
    state.run.emit({kind: 'line', job: job.id, text: `Terminate orphan process: pid (${pid}) (${state.run.masks.hide(command)})`})
  }
}

async function openJob(run: RunState, workflow: Workflow, job: Job, scope: Scope): Promise<JobState> {
  const places = jobPlaces(run.root, job.id)
  for (const folder of Object.values(places)) await mkdir(folder, {recursive: true})
  const github = githubContext(run.facts, job.id, places)
  await writeFile(String(github.event_path), JSON.stringify(run.facts.event.payload, null, 2))
  const state: JobState = {
    run,
    id: job.id,
    places,
    github,
    runner: runnerContext(places),
    needs: needsOf(run, job),
    deadline: performance.now() + (minutesOf(job.timeoutMinutes, scope) ?? DEFAULT_MINUTES_MS),
    mark: `trainyard_${randomUUID()}`,
    steps: [],
    env: {},
    path: [],
    status: 'success'
  }
  state.env = mapOf(workflow.env, jobScope(state))
  state.env = {...state.env, ...mapOf(job.env, jobScope(state))}
  return state
}

/** What a job's own `if:`, `name` and limits see: nothing of the machine yet. */
function beforeScope(run: RunState, workflow: Workflow, job: Job): Scope {
  const ancestors = ancestorsOf(job, workflow).map(id => run.results.get(id))
  const good = ancestors.every(one => one !== undefined && (one.result === 'success' || (one.result === 'failure' && one.tolerated)))
  return {
    contexts: {...runContexts(run), github: githubContext(run.facts, job.id, jobPlaces(run.root, job.id)), needs: needsOf(run, job)},
    status: {
      success: good && !run.cancelled,
      failure: ancestors.some(one => one?.result === 'failure' && !one.tolerated),
      cancelled: run.cancelled || ancestors.some(one => one?.result === 'cancelled')
    }
  }
}

function needsOf(run: RunState, job: Job): Record<string, unknown> {
  return Object.fromEntries(
    job.needs.map(id => {
      const needed = run.results.get(id)
      const result = needed?.result === 'failure' && needed.tolerated ? 'success' : needed?.result
      return [id, {result: result ?? 'skipped', outputs: needed?.outputs ?? {}}]
    })
  )
}

function ancestorsOf(job: Job, workflow: Workflow): string[] {
  const found = new Set<string>()
  const add = (id: string): void => {
    if (found.has(id)) return
    found.add(id)
    for (const need of workflow.jobs.find(one => one.id === id)?.needs ?? []) add(need)
  }
  for (const need of job.needs) add(need)
  return [...found]
}

function safely(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

import type {EventEmitter} from 'node:events'
import type {ArtifactStore} from './artifacts.js'
import type {JobPlaces, RunFacts} from './environment.js'
import type {Scope} from './expression.js'
import type {Masks} from './masks.js'
import type {JobResult, Progress, StepResult} from './progress.js'

/** What one run holds while its jobs go by; `cancelled` and `results` change. */
export interface RunState {
  readonly facts: RunFacts
  readonly root: string
  readonly packageRoot: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly vars: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly artifacts: ArtifactStore
  /** the run before this one, under `workflow_run` */
  readonly finished?: {readonly runId: string; readonly artifacts: ArtifactStore}
  readonly masks: Masks
  readonly signals: Pick<EventEmitter, 'on' | 'off'>
  readonly graceMs: {readonly terminate: number; readonly kill: number}
  readonly emit: (progress: Progress) => void
  readonly results: Map<string, JobResult & {readonly tolerated: boolean}>
  cancelled: boolean
}

/** What one job holds while its steps go by. */
export interface JobState {
  readonly run: RunState
  readonly id: string
  readonly places: JobPlaces
  readonly github: Readonly<Record<string, unknown>>
  readonly runner: Readonly<Record<string, unknown>>
  readonly needs: Readonly<Record<string, unknown>>
  readonly mark: string
  readonly steps: StepResult[]
  /** `env:` of the workflow and the job, then what steps wrote to GITHUB_ENV */
  env: Record<string, string>
  path: string[]
  status: 'success' | 'failure' | 'cancelled'
  /** when the job's own time is over, by performance.now() */
  deadline: number
}

/** What expressions see in a step, or at the end of a job. */
export function jobScope(job: JobState, env: Readonly<Record<string, string>> = job.env): Scope {
  const named = job.steps.filter(step => step.id !== undefined)
  return {
    contexts: {
      ...runContexts(job.run),
      github: job.github,
      runner: job.runner,
      needs: job.needs,
      env,
      job: {status: job.status},
      steps: Object.fromEntries(named.map(({id, outputs, outcome, conclusion}) => [id, {outputs, outcome, conclusion}])),
      strategy: {'fail-fast': true, 'job-index': 0, 'job-total': 1, 'max-parallel': 1}
    },
    status: {success: job.status === 'success', failure: job.status === 'failure', cancelled: job.status === 'cancelled'}
  }
}

/** Contexts that are the same for all jobs. */
export function runContexts({facts, vars, secrets}: RunState): Record<string, unknown> {
  return {vars, secrets: {...secrets, GITHUB_TOKEN: facts.token}, inputs: facts.event.inputs}
}

import {randomUUID} from 'node:crypto'
import {join} from 'node:path'
import type {RunEvent} from '#shared/event'
import type {Check, Run} from '#shared/evidence/evidence'
import {type Origin, originOf} from '#shared/evidence/files'
import type {InputSpec, InputsOf} from '#shared/inputs/reader'

/** Everything that an action may touch; the only place where environment, time and chance come from. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** the folder of `trainyard.yml`, or the working directory without one */
  readonly configFolder: string
  /** text and path of `trainyard.yml`, when there is one */
  readonly configFile?: string
  readonly onRunner: boolean
  now(): Date
  /** seed of every random number; written into the evidence by who draws */
  readonly seed: number
  readonly fetch: typeof fetch
  readonly tempDir: string
  /** this job's folder for evidence and the files beside it */
  readonly outDir: string
  /** lists what the actions of this job wrote there; only on a runner */
  readonly listFile: string
  /** the folder that readers of evidence search */
  readonly evidenceRoot: string
  /** whose evidence counts */
  readonly origin: Origin
  readonly run: Omit<Run, 'seed' | 'finishedAt'>
  readonly event: RunEvent
  /** the input `github-token`, for actions that have it */
  readonly githubToken?: string
  /** what the inputs of this run let through that those of its base did not, a warning each; they are added to the findings */
  loosened(): Promise<readonly Check[]>
  /** what `trainyard.yml` alone gives another action; throws UserError where it does not fit */
  configured<const S extends InputSpec>(action: string, inputs: S): InputsOf<S>
  log(line: string): void
  /** shown on the run's page; never changes the outcome */
  warning(message: string, at?: {file: string; line?: number}): void
  /** appended to the step's summary */
  summary(markdown: string): void
  /** aborts on the first SIGINT or SIGTERM; from the first call on the action ends by itself on these signals */
  interruption(): AbortSignal
}

/** What a registry needs of the world. */
export function registryWorldOf({env, cwd, now, run, tempDir, fetch, log, githubToken}: World) {
  return {env, cwd, now, tempDir, fetch, log, githubToken, random: Math.random, by: run.actor, runUrl: run.url}
}

/** Places and run of an environment: a runner's where `GITHUB_ACTIONS` is `true`, else a terminal's. */
export function placesOf(env: World['env'], cwd: string, now: Date) {
  const onRunner = env.GITHUB_ACTIONS === 'true'
  const tempDir = env.RUNNER_TEMP || join(cwd, 'trainyard-out', 'tmp')
  const job = env.GITHUB_JOB || 'local'
  const evidenceRoot = onRunner ? join(tempDir, 'trainyard') : join(cwd, 'trainyard-out')
  const outDir = onRunner ? join(evidenceRoot, job) : evidenceRoot
  const run = runOf(env, job, now)
  return {onRunner, tempDir, run, evidenceRoot, outDir, listFile: join(tempDir, 'trainyard-evidence.txt'), origin: originOf(run, onRunner)}
}

function runOf(env: World['env'], job: string, now: Date): World['run'] {
  const server = env.GITHUB_SERVER_URL || 'https://github.com'
  const repository = env.GITHUB_REPOSITORY || 'local/local'
  const runId = env.GITHUB_RUN_ID || `local-${randomUUID()}`
  return {
    repository,
    sha: env.GITHUB_SHA || '0'.repeat(40),
    ref: env.GITHUB_REF || '',
    event: env.GITHUB_EVENT_NAME || 'local',
    workflow: env.GITHUB_WORKFLOW || '',
    job,
    runId,
    attempt: Math.max(1, Number.parseInt(env.GITHUB_RUN_ATTEMPT || '1', 10) || 1),
    url: env.GITHUB_RUN_ID ? pageOf(server, repository, runId) : '',
    actor: env.GITHUB_ACTOR || env.USER || '',
    startedAt: now.toISOString()
  }
}

/** Where a run can be looked at; one on a person's own machine has no page, and its text only tells it from others. */
function pageOf(server: string, repository: string, runId: string): string {
  return repository.startsWith('local/') ? `local run ${runId}` : `${server}/${repository}/actions/runs/${runId}`
}

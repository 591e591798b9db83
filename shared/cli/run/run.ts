import {randomUUID} from 'node:crypto'
import type {EventEmitter} from 'node:events'
import {existsSync} from 'node:fs'
import {mkdir, mkdtemp, readdir, readFile, realpath, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, relative, resolve} from 'node:path'
import {codeOf, messageOf, UserError} from '#shared/errors'
import {emptyVariables} from './empty-variables.js'
import {chooseEvent} from './event.js'
import {type FinishedRun, keepFinished, readFinished} from './finished.js'
import {runJob} from './job.js'
import type {RunState} from './job-state.js'
import {masks} from './masks.js'
import {copyPage, newestPage} from './page.js'
import type {JobResult, Progress} from './progress.js'
import {readRepository} from './repository.js'
import {type Job, parseWorkflowFile, type Workflow} from './workflow.js'

export interface RunOptions {
  readonly file: string
  readonly cwd: string
  /** the folder of this package: actions/ and dist/ lie in it */
  readonly packageRoot: string
  /** one of EVENTS; default: the first that the workflow has, push before all */
  readonly event?: string
  /** payload of the event; default: a minimal one */
  readonly payload?: unknown
  /** folder of the run that has ended, for `workflow_run` */
  readonly finished?: string
  readonly vars?: Readonly<Record<string, string>>
  /** masked wherever they would be shown; GITHUB_TOKEN is also `github.token` */
  readonly secrets?: Readonly<Record<string, string>>
  /** what of it a job takes over: see machineVariables */
  readonly env: Readonly<Record<string, string | undefined>>
  /** kept for inspection; must be empty or absent. Default: a temporary folder, removed when all is green */
  readonly workDir?: string
  /** where the newest report page is copied to, whatever the run came to; default: nowhere */
  readonly pageFile?: string
  readonly skipUnknown?: boolean
  readonly onProgress?: (progress: Progress) => void
  /** emits SIGINT and SIGTERM; default: this process */
  readonly signals?: Pick<EventEmitter, 'on' | 'off'>
  readonly graceMs?: {readonly terminate: number; readonly kill: number}
  readonly runId?: string
}

export interface RunResult {
  /** `nothing-ran`: every job was skipped, so that nothing was tried and nothing is green */
  readonly result: 'green' | 'red' | 'nothing-ran'
  readonly workflow: string
  readonly event: string
  readonly jobs: readonly JobResult[]
  /** undefined when the folder is gone: a run without `workDir` that is not red */
  readonly workDir?: string
  readonly artifactsDir?: string
  /** what `report` wrote last, where it lies now */
  readonly page?: string
  /** what may have been forgotten on the command line, a line each */
  readonly hints: readonly string[]
}

/** How the runner itself ends a cancelled step. */
const GRACE_MS = {terminate: 7500, kill: 10_000}

/** Runs a workflow file on this machine, its jobs one after the other. Throws UserError (kind usage) when the file or the wish cannot be obeyed; a red job is a result. */
export async function runWorkflow(options: RunOptions): Promise<RunResult> {
  const emit = options.onProgress ?? (() => undefined)
  const {workflow, facts, hints, finished} = await prepare(options)
  for (const text of [...workflow.said, ...facts.event.said, ...hints]) emit({kind: 'said', text})
  const root = await openWorkDir(options.workDir)
  const secrets = options.secrets ?? {}
  const run: RunState = {
    facts,
    root,
    packageRoot: options.packageRoot,
    env: options.env,
    vars: options.vars ?? {},
    secrets,
    artifacts: {folder: join(root, 'artifacts')},
    ...(finished && {finished: {runId: String(finished.run.id), artifacts: {folder: finished.artifacts}}}),
    masks: masks(Object.values(secrets)),
    signals: options.signals ?? process,
    graceMs: options.graceMs ?? GRACE_MS,
    emit,
    results: new Map(),
    cancelled: false
  }
  await runJobs(run, workflow)
  const jobs = [...run.results.values()]
  const result = resultOf(run.cancelled, jobs)
  const kept = result === 'red' || options.workDir !== undefined
  const conclusion = run.cancelled ? 'cancelled' : result === 'red' ? 'failure' : 'success'
  if (kept) await keepFinished(root, {...facts, conclusion})
  const page = await keepPage(newestPage(jobs), kept, options.pageFile, emit)
  const older = page === undefined && result === 'red' && options.pageFile !== undefined && existsSync(options.pageFile)
  if (!kept) await rm(root, {recursive: true, force: true})
  return {
    result,
    workflow: workflow.name,
    event: facts.event.name,
    jobs,
    hints: older ? [...hints, `report: none of this run; ${options.pageFile} is of an earlier one`] : hints,
    ...(page !== undefined && {page}),
    ...(kept && {workDir: root, artifactsDir: run.artifacts.folder})
  }
}

async function keepPage(
  page: string | undefined,
  kept: boolean,
  target: string | undefined,
  emit: (progress: Progress) => void
): Promise<string | undefined> {
  if (page === undefined || target === undefined) return kept ? page : undefined
  return (await copyPage(page, target, text => emit({kind: 'said', text}))) ?? (kept ? page : undefined)
}

function resultOf(cancelled: boolean, jobs: readonly (JobResult & {readonly tolerated: boolean})[]): RunResult['result'] {
  if (cancelled || jobs.some(job => job.result === 'cancelled' || (job.result === 'failure' && !job.tolerated))) return 'red'
  return jobs.every(job => job.result === 'skipped') ? 'nothing-ran' : 'green'
}

interface Prepared {
  readonly workflow: Workflow
  readonly facts: RunState['facts']
  readonly hints: readonly string[]
  readonly finished?: FinishedRun
}

async function prepare(options: RunOptions): Promise<Prepared> {
  const path = resolve(options.cwd, options.file)
  const text = await readFile(path, 'utf8').catch(error => {
    throw new UserError(`${options.file}: ${codeOf(error) === 'ENOENT' ? 'no such file' : messageOf(error)}`, {kind: 'usage', cause: error})
  })
  const actions = await listActions(options.packageRoot)
  const workflow = await parseWorkflowFile(text, options.file, {actions, skipUnknown: options.skipUnknown})
  const repository = await readRepository(path)
  const finished = options.finished === undefined ? undefined : await readFinished(resolve(options.cwd, options.finished))
  const event = chooseEvent(workflow.events, {name: options.event, payload: options.payload, finished}, repository, options.file)
  const runId = options.runId ?? String(Date.now())
  return {
    workflow,
    finished,
    hints: emptyVariables(text, options.vars ?? {}, options.env),
    facts: {
      workflow: workflow.name,
      file: relative(repository.root, await realpath(path)),
      event,
      repository,
      runId,
      token: options.secrets?.GITHUB_TOKEN ?? ''
    }
  }
}

async function listActions(packageRoot: string): Promise<string[]> {
  const entries = await readdir(join(packageRoot, 'actions'), {withFileTypes: true}).catch(() => [])
  return entries.flatMap(entry => (entry.isDirectory() ? [entry.name] : [])).sort()
}

async function openWorkDir(wished: string | undefined): Promise<string> {
  if (wished === undefined) return mkdtemp(join(tmpdir(), `trainyard-run-${randomUUID().slice(0, 8)}-`))
  await mkdir(wished, {recursive: true})
  if ((await readdir(wished)).length > 0)
    throw new UserError(`--work-dir ${wished}: is not empty`, {
      kind: 'usage',
      hint: 'name a new folder: what an earlier run left would be taken for this one'
    })
  return resolve(wished)
}

async function runJobs(run: RunState, workflow: Workflow): Promise<void> {
  const cancel = (): void => {
    run.cancelled = true
  }
  const heard = ['SIGINT', 'SIGTERM'] as const
  for (const signal of heard) run.signals.on(signal, cancel)
  try {
    for (const job of inOrder(workflow.jobs)) run.results.set(job.id, await runJob(run, workflow, job))
  } finally {
    for (const signal of heard) run.signals.off(signal, cancel)
  }
}

/** Jobs after all that they need, else as written; the parser has refused circles. */
function inOrder(jobs: readonly Job[]): Job[] {
  const ordered: Job[] = []
  const add = (job: Job): void => {
    if (ordered.includes(job)) return
    for (const need of job.needs) for (const other of jobs) if (other.id === need) add(other)
    ordered.push(job)
  }
  for (const job of jobs) add(job)
  return ordered
}

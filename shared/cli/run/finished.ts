import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {codeOf, messageOf, UserError} from '#shared/errors'
import type {RunEvent} from './event.js'

/** A run that has ended and whose folder was kept: what `workflow_run` tells of it, and where its artifacts lie. */
export interface FinishedRun {
  readonly run: Readonly<Record<string, unknown>>
  readonly workflow: string
  readonly artifacts: string
}

const FILE = 'run.json'

interface Ended {
  readonly runId: string
  readonly workflow: string
  readonly event: RunEvent
  readonly repository: {readonly name: string; readonly branch: string; readonly sha: string; readonly actor: string}
  readonly conclusion: 'success' | 'failure' | 'cancelled'
}

/** Keeps beside the jobs of a run what a later one needs to know of it. */
export async function keepFinished(root: string, {runId, workflow, event, repository, conclusion}: Ended): Promise<void> {
  const pull = fieldsOf(event.payload.pull_request)
  const head = fieldsOf(pull.head)
  const home = {full_name: repository.name}
  const document = {
    workflow,
    run: {
      id: Number(runId),
      name: workflow,
      run_attempt: 1,
      event: event.name,
      status: 'completed',
      conclusion,
      head_sha: event.sha,
      head_branch: typeof head.ref === 'string' ? head.ref : repository.branch,
      head_repository: event.name === 'pull_request' ? (head.repo ?? null) : home,
      repository: home,
      actor: {login: fieldsOf(pull.user).login ?? repository.actor},
      pull_requests: []
    }
  }
  await writeFile(join(root, FILE), `${JSON.stringify(document, undefined, 1)}\n`)
}

/** The run whose folder this is. Throws UserError (kind usage) when it is none. */
export async function readFinished(folder: string): Promise<FinishedRun> {
  try {
    const document = fieldsOf(JSON.parse(await readFile(join(folder, FILE), 'utf8')))
    if (typeof document.workflow === 'string')
      return {workflow: document.workflow, run: fieldsOf(document.run), artifacts: join(folder, 'artifacts')}
    throw new Error('it names no workflow')
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'no run has ended there' : messageOf(error)
    throw new UserError(`--finished ${folder}: ${why}`, {kind: 'usage', hint: 'name the --work-dir of the run before', cause: error})
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? {...value} : {}
}

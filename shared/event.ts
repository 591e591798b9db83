import {UserError} from '#shared/errors'

/** The event that started a run, as far as it is looked at; everything in it comes from outside. */
export interface RunEvent {
  readonly name: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** The event of a payload file. Throws UserError when it is no JSON. */
export function parseEvent(name: string, text: string, file: string): RunEvent {
  try {
    const payload: unknown = JSON.parse(text)
    return {name, payload: typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>) : {}}
  } catch (cause) {
    throw new UserError(`${file}: the event (GITHUB_EVENT_PATH) is not JSON`, {hint: 'Hand on the file as the runner wrote it.', cause})
  }
}

/** The run whose evidence this one is about: under `workflow_run` the one that has ended, in the attempt that has; else none. */
export function finishedRun({name, payload}: RunEvent): {readonly runId: string; readonly attempt: number} | undefined {
  const run = name === 'workflow_run' ? at(payload, 'workflow_run') : undefined
  const id = positive(at(run, 'id'))
  return id === undefined ? undefined : {runId: String(id), attempt: positive(at(run, 'run_attempt')) ?? 1}
}

/** What a run that has ended was of. */
export interface FinishedHead {
  readonly sha: string
  /** undefined: the fork is gone */
  readonly repository?: string
  readonly branch?: string
}

/** The head of the pull request whose run has ended; undefined where this is no such event, or the run was of none. */
export function finishedHead({name, payload}: RunEvent): FinishedHead | undefined {
  const run = name === 'workflow_run' ? at(payload, 'workflow_run') : undefined
  const sha = commit(at(run, 'head_sha'))
  if (sha === undefined || !text(run, 'event')?.startsWith('pull_request')) return undefined
  return {sha, repository: text(at(run, 'head_repository'), 'full_name'), branch: text(run, 'head_branch')}
}

/** Why code of this event must not be trusted with credentials or machines; undefined when it may be. */
export function untrusted({name, payload}: RunEvent): string | undefined {
  if (name === 'workflow_run') return untrustedRun(payload)
  if (at(at(payload, 'issue'), 'pull_request') !== undefined)
    return 'a comment on a pull request started this run, so whose code it is can not be told'
  const pull = at(payload, 'pull_request')
  if (pull === undefined && !name.startsWith('pull_request')) return undefined
  if (text(at(pull, 'user'), 'login') === 'dependabot[bot]') return 'this pull request is from Dependabot'
  const from = text(at(at(pull, 'head'), 'repo'), 'full_name')
  const to = text(at(payload, 'repository'), 'full_name') ?? text(at(at(pull, 'base'), 'repo'), 'full_name')
  if (from === undefined) return 'this pull request is from a deleted fork'
  return from === to ? undefined : 'this pull request is from a fork'
}

/** Events of a run whose head repository is that of the code it ran. */
const TELLING = ['push', 'schedule', 'workflow_dispatch', 'merge_group', 'pull_request']

// The run that has ended was someone else's code when it ran for a pull request of a fork.
function untrustedRun(payload: RunEvent['payload']): string | undefined {
  const run = at(payload, 'workflow_run')
  const from = text(at(run, 'head_repository'), 'full_name')
  const to = text(at(payload, 'repository'), 'full_name') ?? text(at(run, 'repository'), 'full_name')
  if (text(at(run, 'actor'), 'login') === 'dependabot[bot]') return 'the run that has ended is from Dependabot'
  const event = text(run, 'event')
  if (event !== undefined && !TELLING.includes(event))
    return `the run that has ended was started by ${event}, so whose code it ran can not be told`
  if (from === undefined) return 'the run that has ended is from a deleted fork'
  return from === to ? undefined : 'the run that has ended is from a fork'
}

/** The pull request that a run is about, or undefined. */
export function pullRequestNumber({payload}: RunEvent): number | undefined {
  return positive(at(at(payload, 'pull_request'), 'number'))
}

/** What a run is compared with: the base of its pull request, or the commit before its push. Undefined where there is nothing. */
export type Base =
  | {readonly kind: 'pull request'; readonly base: string; readonly head: string; readonly branch: string}
  | {readonly kind: 'push'; readonly before: string; readonly branch: string}

export function baseOf({name, payload}: RunEvent): Base | undefined {
  if (name === 'push') {
    const before = commit(at(payload, 'before'))
    const branch = text(payload, 'ref')?.replace(/^refs\/heads\//, '') ?? 'this branch'
    return before === undefined ? undefined : {kind: 'push', before, branch}
  }
  const pull = name.startsWith('pull_request') ? at(payload, 'pull_request') : undefined
  const [base, head] = [commit(at(at(pull, 'base'), 'sha')), commit(at(at(pull, 'head'), 'sha'))]
  if (base === undefined || head === undefined) return undefined
  return {kind: 'pull request', base, head, branch: text(at(pull, 'base'), 'ref') ?? 'its base'}
}

// Forty zeros stand for no commit.
function commit(value: unknown): string | undefined {
  return typeof value === 'string' && /^(?!0+$)[0-9a-f]{40,64}$/.test(value) ? value : undefined
}

/** The first number of refs like `refs/pull/7/merge`. */
export function pullNamed(refs: readonly string[]): number | undefined {
  const [first] = refs.flatMap(ref => /^refs\/pull\/(\d{1,9})\//.exec(ref)?.[1] ?? [])
  return first === undefined ? undefined : Number(first)
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

function text(value: unknown, key: string): string | undefined {
  const found = at(value, key)
  return typeof found === 'string' ? found : undefined
}

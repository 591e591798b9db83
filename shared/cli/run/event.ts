import type {EventsConfig} from '@actions/workflow-parser/model/workflow-template'
import {UserError} from '#shared/errors'
import type {FinishedRun} from './finished.js'
import {globExpression} from './glob.js'
import {NO_SHA, type Repository} from './repository.js'

export const EVENTS = ['push', 'pull_request', 'schedule', 'workflow_dispatch', 'workflow_run'] as const
export type EventName = (typeof EVENTS)[number]

/** The event of a run: its payload, and what the `github` context takes from it. */
export interface RunEvent {
  readonly name: EventName
  readonly payload: Readonly<Record<string, unknown>>
  readonly ref: string
  readonly sha: string
  readonly headRef: string
  readonly baseRef: string
  readonly inputs: Readonly<Record<string, unknown>>
  /** what GitHub would have made of the filters, a line each */
  readonly said: readonly string[]
}

export interface EventWish {
  readonly name?: string
  /** a whole payload; else a minimal one is made */
  readonly payload?: unknown
  readonly cron?: string
  /** what `workflow_run` is about, where no payload is given */
  readonly finished?: FinishedRun
}

/** Chooses among the workflow's events (the wished one, else the first it has, push before all) and makes its payload. Throws UserError when the workflow has no such event. */
export function chooseEvent(events: EventsConfig, wish: EventWish, repository: Repository, file: string): RunEvent {
  const has = EVENTS.filter(name => Object.hasOwn(events, name))
  const name = wish.name === undefined ? has[0] : has.find(one => one === wish.name)
  if (name === undefined) {
    throw new UserError(
      `${file}: ${wish.name === undefined ? `none of its events (${Object.keys(events).join(', ')}) runs on this machine` : `is not started by ${wish.name}`}`,
      {
        kind: 'usage',
        hint: has.length > 0 ? `--event ${has.join(' or --event ')}` : `events that run here: ${EVENTS.join(', ')}`
      }
    )
  }
  const payload = wish.payload === undefined ? minimalPayload(name, repository, wish.finished) : recordOf(wish.payload)
  return {
    name,
    payload,
    ...placeOf(name, payload, repository),
    inputs: inputsOf(name, events, payload),
    said: [...filtersSaid(name, events, payload, repository), ...workflowsSaid(events, wish.finished)]
  }
}

function minimalPayload(
  name: EventName,
  {name: fullName, branch, sha, actor}: Repository,
  finished: FinishedRun | undefined
): Record<string, unknown> {
  const [owner, short] = fullName.split('/')
  const repository = {full_name: fullName, name: short, owner: {login: owner}, default_branch: 'main', fork: false, private: true}
  const sender = {login: actor}
  if (name === 'push') return {ref: `refs/heads/${branch}`, before: NO_SHA, after: sha, repository, sender, commits: []}
  if (name === 'schedule') return {schedule: '0 0 * * *', repository}
  if (name === 'workflow_dispatch') return {ref: `refs/heads/${branch}`, inputs: {}, repository, sender}
  if (name === 'workflow_run') {
    if (finished !== undefined)
      return {action: 'completed', workflow_run: finished.run, workflow: {name: finished.workflow}, repository, sender}
    throw new UserError('workflow_run: no run that has ended is given', {
      kind: 'usage',
      hint: '--finished <the --work-dir of the run before>'
    })
  }
  const head = {ref: branch === 'main' ? 'local-change' : branch, sha, repo: repository}
  return {
    action: 'opened',
    number: 1,
    pull_request: {number: 1, title: 'Local change', draft: false, user: sender, head, base: {ref: 'main', sha: NO_SHA, repo: repository}},
    repository,
    sender
  }
}

function placeOf(
  name: EventName,
  payload: Readonly<Record<string, unknown>>,
  repository: Repository
): Pick<RunEvent, 'ref' | 'sha' | 'headRef' | 'baseRef'> {
  if (name === 'pull_request') {
    const pull = recordOf(payload.pull_request)
    const head = recordOf(pull.head)
    return {
      ref: `refs/pull/${pull.number ?? payload.number ?? 1}/merge`,
      sha: textOr(head.sha, repository.sha),
      headRef: textOr(head.ref, repository.branch),
      baseRef: textOr(recordOf(pull.base).ref, 'main')
    }
  }
  if (name === 'workflow_run') return {ref: 'refs/heads/main', sha: repository.sha, headRef: '', baseRef: ''}
  const ref = textOr(payload.ref, `refs/heads/${repository.branch}`)
  return {ref, sha: textOr(payload.after, repository.sha), headRef: '', baseRef: ''}
}

function inputsOf(name: EventName, events: EventsConfig, payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (name !== 'workflow_dispatch') return {}
  const given = recordOf(payload.inputs)
  const declared = Object.entries(events.workflow_dispatch?.inputs ?? {})
  const missing = declared.filter(([key, input]) => input.required && input.default === undefined && given[key] === undefined)
  if (missing.length > 0) {
    throw new UserError(`workflow_dispatch: the input ${missing[0][0]} is required`, {
      kind: 'usage',
      hint: 'give it in --event-file: {"inputs": {"name": "value"}}'
    })
  }
  return Object.fromEntries(declared.map(([key, input]) => [key, given[key] ?? input.default ?? (input.type === 'boolean' ? false : '')]))
}

function filtersSaid(name: EventName, events: EventsConfig, payload: Readonly<Record<string, unknown>>, repository: Repository): string[] {
  if (name !== 'push' && name !== 'pull_request') return []
  const filters = events[name] ?? {}
  const {ref, baseRef} = placeOf(name, payload, repository)
  const branch = name === 'push' ? ref.replace(/^refs\/heads\//, '') : baseRef
  const wanted = filters.branches && !matchesBranch(filters.branches, branch)
  const unwanted = filters['branches-ignore'] && matchesBranch(filters['branches-ignore'], branch)
  const said = wanted || unwanted ? [`on.${name}: its filter of branches leaves out ${branch}: GitHub would not start this run`] : []
  return filters.paths || filters['paths-ignore'] ? [...said, `on.${name}: its filter of paths is not looked at here`] : said
}

function workflowsSaid(events: EventsConfig, finished: FinishedRun | undefined): string[] {
  const wanted: unknown = events.workflow_run?.workflows
  if (finished === undefined || !Array.isArray(wanted) || wanted.includes(finished.workflow)) return []
  return [`on.workflow_run: it waits for ${wanted.join(', ')}, not for ${finished.workflow}: GitHub would not start this run`]
}

function matchesBranch(patterns: readonly string[], branch: string): boolean {
  return patterns.reduce((matched, pattern) => {
    if (pattern.startsWith('!')) return matched && !globExpression(pattern.slice(1)).test(branch)
    return matched || globExpression(pattern).test(branch)
  }, false)
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? {...value} : {}
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise
}

import {delimiter, dirname, join} from 'node:path'
import type {RunEvent} from './event.js'
import type {Repository} from './repository.js'

/** What all jobs of one run share. */
export interface RunFacts {
  readonly workflow: string
  /** path of the workflow file in the repository */
  readonly file: string
  readonly event: RunEvent
  readonly repository: Repository
  readonly runId: string
  readonly token: string
}

/** Folders of one job; none is shared with another but the tools. */
export interface JobPlaces {
  readonly workspace: string
  readonly temp: string
  readonly home: string
  /** files that steps write to: outputs, environment, summary, the event */
  readonly files: string
  readonly tools: string
}

/** Folders of a job below the run's own. */
export function jobPlaces(root: string, job: string): JobPlaces {
  const own = join(root, 'jobs', job)
  return {
    workspace: join(own, 'workspace'),
    temp: join(own, 'temp'),
    home: join(own, 'home'),
    files: join(own, 'files'),
    tools: join(root, 'tools')
  }
}

/** The `github` context of a job. */
export function githubContext(
  {workflow, file, event, repository, runId, token}: RunFacts,
  job: string,
  places: JobPlaces
): Record<string, unknown> {
  return {
    token,
    job,
    ref: event.ref,
    ref_name: event.ref.replace(/^refs\/(?:heads|tags|pull)\//, ''),
    ref_type: event.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    ref_protected: false,
    sha: event.sha,
    repository: repository.name,
    repository_owner: repository.name.split('/')[0],
    run_id: runId,
    run_number: '1',
    run_attempt: '1',
    retention_days: '1',
    actor: repository.actor,
    triggering_actor: repository.actor,
    workflow,
    workflow_ref: `${repository.name}/${file}@${event.ref}`,
    workflow_sha: event.sha,
    head_ref: event.headRef,
    base_ref: event.baseRef,
    event_name: event.name,
    event: event.payload,
    server_url: 'https://github.com',
    api_url: 'https://api.github.com',
    graphql_url: 'https://api.github.com/graphql',
    workspace: places.workspace,
    event_path: join(places.files, 'event.json')
  }
}

/** The `runner` context. */
export function runnerContext(places: JobPlaces): Record<string, unknown> {
  const os: Readonly<Record<string, string>> = {linux: 'Linux', darwin: 'macOS', win32: 'Windows'}
  const arch: Readonly<Record<string, string>> = {x64: 'X64', arm64: 'ARM64', ia32: 'X86', arm: 'ARM'}
  return {
    name: 'trainyard',
    os: os[process.platform] ?? process.platform,
    arch: arch[process.arch] ?? process.arch,
    temp: places.temp,
    tool_cache: places.tools,
    workspace: dirname(places.workspace),
    environment: 'self-hosted'
  }
}

const NOT_VARIABLES = ['token', 'event']

/** `GITHUB_*` and `RUNNER_*` as the runner sets them; a token is no variable. */
export function runnerVariables(
  github: Readonly<Record<string, unknown>>,
  runner: Readonly<Record<string, unknown>>
): Record<string, string> {
  const named = (prefix: string, context: Readonly<Record<string, unknown>>): [string, string][] =>
    Object.entries(context)
      .filter(([name]) => !NOT_VARIABLES.includes(name))
      .map(([name, value]) => [`${prefix}_${name.toUpperCase()}`, String(value)])
  return {CI: 'true', GITHUB_ACTIONS: 'true', ...Object.fromEntries([...named('GITHUB', github), ...named('RUNNER', runner)])}
}

const PASSED_ON =
  /^(?:PATH|LANG|LANGUAGE|LC_\w+|TZ|USER|LOGNAME|SHELL|TERM|COLORTERM|HTTPS?_PROXY|NO_PROXY|ALL_PROXY|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CUDA_\w+|NVIDIA_\w+|LD_LIBRARY_PATH|SystemRoot|ComSpec|PATHEXT)$/i

/** What a job takes over from the terminal: the way to programs, proxies and GPUs, never settings or secrets; its home is its own. */
export function machineVariables(env: Readonly<Record<string, string | undefined>>, places: JobPlaces): Record<string, string> {
  const passed = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && PASSED_ON.test(name) ? [[name, value] as const] : []
  )
  const path = [dirname(process.execPath), env.PATH].filter(Boolean).join(delimiter)
  return {...Object.fromEntries(passed), PATH: path, HOME: places.home, TMPDIR: places.temp}
}

import {spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, resolve} from 'node:path'
import {onTestFinished} from 'vitest'
import {parse} from 'yaml'
import type {Evidence} from '#shared/evidence/evidence'
import {parseEvidence} from '#shared/evidence/schema'

/** Node that runs the bundles: the one of GitHub's runner where a full test run has it. */
export const NODE = process.env.TRAINYARD_NODE || process.execPath

/** A workspace with a runner's folders around it. */
export interface Job {
  readonly root: string
  readonly workspace: string
  readonly temp: string
}

/** A command that the runner obeys. */
export interface Command {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly text: string
}

export interface Step {
  readonly code: number | null
  readonly log: string
  readonly commands: readonly Command[]
  /** texts of `::error` */
  readonly errors: readonly string[]
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly evidence?: Evidence
}

export interface Wish {
  readonly job?: string
  /** over a runner's variables; undefined takes one away */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Makes a workspace of these files; it is gone after the test. */
export function openJob(files: Readonly<Record<string, string | Uint8Array>> = {}): Job {
  const root = mkdtempSync(join(tmpdir(), 'scenario-'))
  onTestFinished(() => rmSync(root, {recursive: true, force: true}))
  const job = {root, workspace: join(root, 'workspace'), temp: join(root, 'temp')}
  for (const folder of [job.workspace, job.temp, join(root, 'home')]) mkdirSync(folder)
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(job.workspace, path)), {recursive: true})
    writeFileSync(join(job.workspace, path), bytes)
  }
  return job
}

/** Runs the bundle of an action in a process of its own, as a runner runs a step. */
export function runStep(
  action: string,
  {root, workspace, temp}: Job,
  inputs: Readonly<Record<string, string>> = {},
  wish: Wish = {}
): Step {
  const files = mkdtempSync(join(root, 'step-'))
  const written = (name: string) => join(files, name)
  for (const name of ['output', 'summary', 'env', 'path', 'state']) writeFileSync(written(name), '')
  writeFileSync(written('event.json'), '{}')
  const env = {
    PATH: process.env.PATH,
    HOME: join(root, 'home'),
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: workspace,
    GITHUB_OUTPUT: written('output'),
    GITHUB_STEP_SUMMARY: written('summary'),
    GITHUB_ENV: written('env'),
    GITHUB_PATH: written('path'),
    GITHUB_STATE: written('state'),
    GITHUB_EVENT_NAME: 'push',
    GITHUB_EVENT_PATH: written('event.json'),
    GITHUB_REPOSITORY: 'octo/wages',
    GITHUB_REPOSITORY_OWNER: 'octo',
    GITHUB_SHA: '1'.repeat(40),
    GITHUB_REF: 'refs/heads/main',
    GITHUB_RUN_ID: '7',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_WORKFLOW: 'continuous training',
    GITHUB_ACTOR: 'ada',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_JOB: wish.job ?? 'judge',
    RUNNER_TEMP: temp,
    RUNNER_ENVIRONMENT: 'self-hosted',
    RUNNER_OS: 'Linux',
    ...variablesOf(action, inputs),
    ...wish.env
  }
  const {status, stdout, stderr} = spawnSync(NODE, [resolve('dist', `${action}.js`)], {
    cwd: workspace,
    env,
    encoding: 'utf8',
    timeout: 60_000
  })
  const log = stdout + stderr
  const commands = commandsIn(log)
  const outputs = outputsIn(readFileSync(written('output'), 'utf8'))
  return {
    code: status,
    log,
    commands,
    errors: commands.filter(({name}) => name === 'error').map(({text}) => text),
    outputs,
    summary: readFileSync(written('summary'), 'utf8'),
    evidence: evidenceAt(outputs.evidence)
  }
}

/** Every evidence of an action below a job's folder for it. */
export function evidenceOf(action: string, {temp}: Job, job = 'judge'): readonly Evidence[] {
  const folder = join(temp, 'trainyard', job)
  const names = readdirSync(folder).filter(name => new RegExp(`^${action}-[0-9a-f]{12}\\.json$`).test(name))
  return names.map(name => parseEvidence(JSON.parse(readFileSync(join(folder, name), 'utf8')), name))
}

function evidenceAt(path: string | undefined): Evidence | undefined {
  return path === undefined ? undefined : parseEvidence(JSON.parse(readFileSync(path, 'utf8')), path)
}

/** Every declared input, empty unless given, as the runner sends them. */
function variablesOf(action: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const {inputs}: {inputs: Record<string, unknown>} = parse(readFileSync(join('actions', action, 'action.yml'), 'utf8'))
  const values = {...Object.fromEntries(Object.keys(inputs).map(name => [name, ''])), ...given}
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]))
}

const NAMES =
  'error|warning|notice|debug|group|endgroup|add-mask|add-matcher|remove-matcher|set-env|set-output|save-state|add-path|echo|stop-commands'
const COMMAND = new RegExp(`^\\s*::(${NAMES})(?: ([^:]*))?::(.*)$`, 'i')
// The older form counts anywhere in a line.
const OLDER = new RegExp(`##\\[(${NAMES})(?: ([^\\]]*))?\\](.*)$`, 'i')

/** What the runner would obey in a log, in both of its forms. */
export function commandsIn(log: string): readonly Command[] {
  return log.split(/\r\n|\r|\n/).flatMap(line => {
    const [, name, properties, text] = COMMAND.exec(line) ?? OLDER.exec(line) ?? []
    if (name === undefined) return []
    const pairs = (properties ?? '').split(',').filter(pair => pair.includes('='))
    return [{name: name.toLowerCase(), properties: Object.fromEntries(pairs.map(pairOf)), text: unescaped(text)}]
  })
}

function pairOf(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), unescaped(pair.slice(at + 1))]
}

const ESCAPES: Readonly<Record<string, string>> = {'%0D': '\r', '%0A': '\n', '%3A': ':', '%2C': ',', '%25': '%'}

function unescaped(text: string): string {
  return text.replace(/%(?:0D|0A|3A|2C|25)/g, code => ESCAPES[code])
}

/** `name=value` and `name<<EOF` entries of a runner's file. */
function outputsIn(text: string): Record<string, string> {
  const entries = [...text.matchAll(/^([^=<\n]+)<<(\S+)\n([\s\S]*?)\n\2$|^([^=<\n]+)=(.*)$/gm)]
  return Object.fromEntries(entries.map(([, name, , value, plain, text]) => (name === undefined ? [plain, text] : [name, value])))
}

import {convertWorkflowTemplate, isMapping, isSequence, NoOperationTraceWriter, parseWorkflow} from '@actions/workflow-parser'
import {convertToIfCondition} from '@actions/workflow-parser/model/converter/if-condition'
import type {EventsConfig} from '@actions/workflow-parser/model/workflow-template'
import type {TemplateContext} from '@actions/workflow-parser/templates/template-context'
import type {MappingToken} from '@actions/workflow-parser/templates/tokens/mapping-token'
import type {TemplateToken} from '@actions/workflow-parser/templates/tokens/template-token'
import {throwAll, UserError} from '#shared/errors'
import {findAction, type LocalAction} from './action-source.js'
import {firstSlip} from './yaml-slip.js'

/** A workflow file as far as it is obeyed here. Tokens still hold their expressions; `said` is what is left out, a line each. */
export interface Workflow {
  readonly name: string
  readonly file: string
  readonly events: EventsConfig
  readonly env?: TemplateToken
  readonly jobs: readonly Job[]
  readonly said: readonly string[]
}

export interface Job {
  readonly id: string
  readonly line: number
  readonly name?: TemplateToken
  readonly needs: readonly string[]
  readonly condition?: TemplateToken
  readonly env?: TemplateToken
  readonly outputs?: TemplateToken
  readonly timeoutMinutes?: TemplateToken
  readonly continueOnError?: TemplateToken
  readonly steps: readonly Step[]
}

export interface Step {
  readonly id?: string
  readonly line: number
  readonly name?: TemplateToken
  readonly condition?: TemplateToken
  readonly env?: TemplateToken
  readonly timeoutMinutes?: TemplateToken
  readonly continueOnError?: TemplateToken
  readonly work:
    | {readonly kind: 'run'; readonly script: TemplateToken; readonly strict: boolean; readonly workingDirectory?: TemplateToken}
    | {readonly kind: 'uses'; readonly uses: string; readonly action: LocalAction; readonly with?: TemplateToken}
    | {readonly kind: 'skip'; readonly uses: string}
}

export interface ReadOptions {
  /** names of the actions in this checkout */
  readonly actions: readonly string[]
  readonly skipUnknown?: boolean
}

interface Reading extends ReadOptions {
  readonly file: string
  readonly context: TemplateContext
  readonly errors: UserError[]
  readonly said: {readonly line: number; readonly text: string}[]
}

interface Defaults {
  readonly shell?: TemplateToken
  readonly workingDirectory?: TemplateToken
}

/** Reads a workflow with GitHub's own parser. All mistakes, and all that cannot be done on one machine, come as one UserError with lines; of slips in the YAML only the first. */
export async function parseWorkflowFile(text: string, file: string, options: ReadOptions): Promise<Workflow> {
  const slip = firstSlip(text, file)
  if (slip !== undefined) throw slip
  const {context, value} = parseWorkflow({name: file, content: text}, new NoOperationTraceWriter())
  const template = value && (await convertWorkflowTemplate(context, value))
  throwAll(
    context.errors.getErrors().map(error => {
      const line = error.range?.start.line
      const place = line === undefined ? file : `${file} line ${line}`
      return new UserError(`${place}: ${error.rawMessage}`, {kind: 'usage', at: {file, line, column: error.range?.start.column}})
    })
  )
  if (value === undefined || !isMapping(value) || template === undefined)
    throw new UserError(`${file}: holds no workflow`, {kind: 'usage', at: {file}})
  const reading: Reading = {...options, file, context, errors: [], said: []}
  sayTopLevel(reading, value)
  const defaults = readDefaults(value.find('defaults'), {})
  const jobs = entries(value.find('jobs')).map(([id, token]) => readJob(reading, id, token, defaults))
  throwAll(reading.errors)
  const said = reading.said.sort((a, b) => a.line - b.line).map(({text}) => text)
  return {name: plain(value.find('name')) ?? file, file, events: template.events, env: value.find('env'), jobs, said}
}

function sayTopLevel(reading: Reading, root: MappingToken): void {
  for (const key of ['permissions', 'concurrency'] as const)
    if (root.find(key)) say(reading, root.find(key), `${key}: not obeyed on this machine`)
  if (root.find('run-name')) say(reading, root.find('run-name'), 'run-name: not shown on this machine')
}

function readJob(reading: Reading, id: string, token: TemplateToken, outer: Defaults): Job {
  const job = token.assertMapping('job')
  const find = (key: string) => job.find(key)
  for (const key of ['container', 'services', 'strategy', 'snapshot'])
    if (find(key))
      refuse(reading, find(key), `job ${id}: ${key} is not done on this machine`, 'leave it out, or run the workflow on GitHub')
  if (find('uses'))
    refuse(reading, find('uses'), `job ${id}: reusable workflows are not run on this machine`, 'name the called workflow file instead')
  sayJob(reading, id, job)
  const defaults = readDefaults(find('defaults'), outer)
  const steps = find('steps')
  return {
    id,
    line: token.line ?? 0,
    name: find('name'),
    needs: listOf(find('needs')),
    condition: readCondition(reading, find('if')),
    env: find('env'),
    outputs: find('outputs'),
    timeoutMinutes: find('timeout-minutes'),
    continueOnError: find('continue-on-error'),
    steps: steps && isSequence(steps) ? [...steps].map(step => readStep(reading, id, step.assertMapping('step'), defaults)) : []
  }
}

function sayJob(reading: Reading, id: string, job: MappingToken): void {
  const runsOn = job.find('runs-on')
  if (runsOn) say(reading, runsOn, `job ${id}: runs-on ${written(runsOn)}: runs here`)
  const environment = job.find('environment')
  if (environment) {
    const name = isMapping(environment) ? environment.find('name') : environment
    say(reading, environment, `job ${id}: environment ${name ? written(name) : ''}: no approval is asked here`)
  }
  for (const key of ['permissions', 'concurrency'] as const)
    if (job.find(key)) say(reading, job.find(key), `job ${id}: ${key}: not obeyed on this machine`)
}

function readStep(reading: Reading, job: string, step: MappingToken, defaults: Defaults): Step {
  const find = (key: string) => step.find(key)
  for (const key of ['background', 'wait', 'wait-all', 'cancel', 'parallel'])
    if (find(key)) refuse(reading, find(key), `job ${job}: ${key} steps are not run on this machine`, 'write the steps one after the other')
  return {
    id: plain(find('id')),
    line: step.line ?? 0,
    name: find('name'),
    condition: readCondition(reading, find('if')),
    env: find('env'),
    timeoutMinutes: find('timeout-minutes'),
    continueOnError: find('continue-on-error'),
    work: find('uses') ? readUses(reading, job, step) : readRun(reading, job, step, defaults)
  }
}

function readRun(reading: Reading, job: string, step: MappingToken, defaults: Defaults): Step['work'] {
  const shell = step.find('shell') ?? defaults.shell
  if (shell && plain(shell) !== 'bash')
    refuse(reading, shell, `job ${job}: shell ${written(shell)} is not run on this machine`, 'write shell: bash')
  const script = step.find('run') ?? step
  return {kind: 'run', script, strict: shell !== undefined, workingDirectory: step.find('working-directory') ?? defaults.workingDirectory}
}

function readUses(reading: Reading, job: string, step: MappingToken): Step['work'] {
  const token = step.find('uses')
  const uses = plain(token) ?? ''
  const action = findAction(uses, reading.actions)
  if (typeof action !== 'string') return {kind: 'uses', uses, action, with: step.find('with')}
  if (reading.skipUnknown) {
    say(reading, token, `job ${job}: ${uses}: left out (--skip-unknown)`)
  } else refuse(reading, token, `job ${job}: ${uses}: ${action}`, 'replace it by run:, or leave such steps out with --skip-unknown')
  return {kind: 'skip', uses}
}

function readDefaults(token: TemplateToken | undefined, outer: Defaults): Defaults {
  const run = token && isMapping(token) ? token.find('run') : undefined
  if (!run || !isMapping(run)) return outer
  return {shell: run.find('shell') ?? outer.shell, workingDirectory: run.find('working-directory') ?? outer.workingDirectory}
}

function readCondition(reading: Reading, token: TemplateToken | undefined): TemplateToken | undefined {
  return token && convertToIfCondition(reading.context, token)
}

function entries(token: TemplateToken | undefined): [string, TemplateToken][] {
  return token && isMapping(token) ? [...token].map(({key, value}) => [key.toString(), value]) : []
}

function listOf(token: TemplateToken | undefined): string[] {
  if (!token) return []
  return isSequence(token) ? [...token].map(String) : [token.toString()]
}

function plain(token: TemplateToken | undefined): string | undefined {
  return token?.isLiteral ? token.toString() : undefined
}

/** What stands in the file, for people: an expression as it was written. */
function written(token: TemplateToken): string {
  if (isSequence(token)) return [...token].map(written).join(', ')
  if (isMapping(token)) return [...token].map(({key, value}) => `${key.toString()}: ${written(value)}`).join(', ')
  return token.toString()
}

function say(reading: Reading, token: TemplateToken | undefined, text: string): void {
  reading.said.push({line: token?.line ?? 0, text: `line ${token?.line}: ${text}`})
}

function refuse(reading: Reading, token: TemplateToken | undefined, text: string, hint: string): void {
  const line = token?.line
  reading.errors.push(new UserError(`${reading.file} line ${line}: ${text}`, {hint, kind: 'usage', at: {file: reading.file, line}}))
}

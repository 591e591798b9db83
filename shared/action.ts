import {appendFile, mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import * as core from '@actions/core'
import {messageOf, UserError} from '#shared/errors'
import {finishedRun, parseEvent, type RunEvent} from '#shared/event'
import {type Check, type Evidence, type Findings, type Material, outcomeOf, toEvidence} from '#shared/evidence/evidence'
import {originOf, writeEvidence} from '#shared/evidence/files'
import {noteEvidence, removeForeign} from '#shared/evidence/own'
import {createOnly, readText} from '#shared/files'
import {shownPath} from '#shared/inputs'
import {type Config, readConfig, type Vocabulary} from '#shared/inputs/config'
import type {InputSpec, InputsOf} from '#shared/inputs/reader'
import {find, fromRunner, readInputs, refuseUnknownInputs, type Sources} from '#shared/inputs/resolve'
import {loosening} from '#shared/loosening'
import {inert} from '#shared/process/inert'
import {renderLine, renderSummary} from '#shared/report/summary'
import {VERSION} from '#shared/version'
import {placesOf, type World} from '#shared/world'

export type {World} from '#shared/world'

/** An action: a function from inputs to findings. */
export interface Action<S extends InputSpec = InputSpec> {
  readonly name: string
  readonly inputs: S
  readonly measure: (given: InputsOf<S>, world: World) => Promise<Findings>
}

/** Declares an action. */
export function action<const S extends InputSpec>(name: string, inputs: S, measure: Action<S>['measure']): Action<S> {
  return {name, inputs, measure}
}

/** Where an action runs: a runner's step, or a command line with flags. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** absent: inputs come from the runner's `INPUT_*` variables */
  readonly flags?: Readonly<Record<string, readonly string[]>>
  now(): Date
  /** one line for the person who watches */
  print(line: string): void
}

/** 0 green, 1 red, 2 usage, 3 could not measure; a runner's step has only 0 and 1. */
export type ExitCode = 0 | 1 | 2 | 3

/** Runs an action: inputs in, evidence out. The only place that fails the step. Never throws. */
export async function runAction<S extends InputSpec>(one: Action<S>, vocabulary: Vocabulary, outside: Host): Promise<ExitCode> {
  const host = onRunner(outside) ? {...outside, print: (line: string) => outside.print(inert(line))} : outside
  let world: World | undefined
  try {
    world = await openWorld(host)
    if (world.onRunner) await removeForeign(world)
    if (host.flags === undefined) refuseUnknownInputs(one.inputs, host.env)
    const config = await readConfigOf(one, vocabulary, host)
    const given = readInputs(one.inputs, sourcesOf(one, host, config))
    world = placed(world, given, config)
    maskSecrets(one, host)
    world = comparing(world, one, sourcesOf(one, host, config), vocabulary)
    const findings = await measured(one, given, world, host, config)
    const run = {...world.run, finishedAt: host.now().toISOString()}
    return await hand(toEvidence({name: one.name, version: VERSION}, findings, run), findings.outputs ?? {}, world, host)
  } catch (error) {
    return await handError(one.name, error, world, host)
  }
}

/** The world with what the inputs say of it: the folder of `trainyard.yml`, where evidence is read, and with which token GitHub is asked. */
function placed(world: World, given: object, config: Config | undefined): World {
  const evidence = 'evidence' in given && typeof given.evidence === 'string' ? {evidenceRoot: given.evidence} : {}
  const token = 'githubToken' in given && typeof given.githubToken === 'string' ? {githubToken: given.githubToken} : {}
  const file = config && {configFolder: config.folder, configFile: config.file, configured: configuredBy(world.cwd, config)}
  return {...world, ...evidence, ...token, ...file}
}

function configuredBy(cwd: string, config?: Config): World['configured'] {
  return (action, inputs) => readInputs(inputs, {action, direct: {}, flags: false, env: {}, cwd, config})
}

/** What is looser than on the base is looked up once, whoever asks first. */
function comparing(world: World, {inputs: spec}: Declared, sources: Sources, vocabulary: Vocabulary): World {
  const {githubToken: token} = world
  let found: Promise<readonly Check[]> | undefined
  const loosened = () => {
    found ??= loosening({spec, vocabulary, sources, world, token})
    return found
  }
  return {...world, loosened}
}

async function measured<S extends InputSpec>(
  one: Action<S>,
  given: InputsOf<S>,
  world: World,
  host: Host,
  config?: Config
): Promise<Findings> {
  // Before the measuring, which may keep the time limits of a call from being kept.
  const loosened = await world.loosened()
  const found = await one.measure(given, world)
  // Where nothing was measured a warning must not stand in for it.
  const checks = found.checks.length === 0 ? [] : [...found.checks, ...loosened]
  return {...found, checks, materials: [...(found.materials ?? []), ...configMaterial(one, config, host)]}
}

/** Who judges names the file that its gates may have come from, so that publish sees a change. */
function configMaterial(one: Declared, config: Config | undefined, {cwd}: Host): Material[] {
  if (config === undefined || one.inputs.gates === undefined) return []
  return [{kind: 'gates', name: shownPath(config.file, cwd), digest: {sha256: config.sha256}}]
}

type Declared = Pick<Action, 'name' | 'inputs'>

function sourcesOf(one: Declared, host: Host, config?: Config) {
  const direct = host.flags ?? fromRunner(one.inputs, host.env)
  return {action: one.name, direct, flags: host.flags !== undefined, env: host.env, cwd: host.cwd, config}
}

async function readConfigOf(one: Declared, vocabulary: Vocabulary, host: Host): Promise<Config | undefined> {
  const reader = one.inputs.config
  if (reader === undefined) return undefined
  const given = find('config', reader, sourcesOf(one, host))
  const file = given === undefined ? join(host.cwd, 'trainyard.yml') : String(reader.parse(given))
  return await readConfig(file, vocabulary, {optional: given === undefined, shown: shownPath(file, host.cwd)})
}

function maskSecrets(one: Declared, host: Host): void {
  for (const [name, reader] of Object.entries(one.inputs)) {
    const given = reader.secret ? find(name, reader, sourcesOf(one, host)) : undefined
    if (given !== undefined && onRunner(host)) core.setSecret(given.texts[0].text)
  }
}

async function openWorld(host: Host): Promise<World> {
  const places = placesOf(host.env, host.cwd, host.now())
  await mkdir(places.outDir, {recursive: true}).catch(error => {
    throw new UserError(`${places.outDir}: can't be made (${messageOf(error)})`, {
      hint: 'The folder for evidence must be writable (RUNNER_TEMP on a runner).',
      cause: error
    })
  })
  if (!places.onRunner) await createOnly(join(places.outDir, '.gitignore'), '*\n')
  let interruption: AbortSignal | undefined
  const event = await readEvent(host.env)
  return {
    ...places,
    origin: originOf({...places.run, ...finishedRun(event)}, places.onRunner),
    env: host.env,
    cwd: host.cwd,
    configFolder: host.cwd,
    now: host.now,
    seed: 1,
    loosened: async () => [],
    configured: configuredBy(host.cwd),
    fetch: globalThis.fetch,
    event,
    log: line => host.print(line),
    warning: (message, at) =>
      places.onRunner ? core.warning(message, {file: at?.file, startLine: at?.line}) : host.print(`warning: ${message}`),
    summary: markdown => {
      pendingSummary.push(markdown)
    },
    interruption: () => {
      interruption ??= listenForSignals()
      return interruption
    }
  }
}

const pendingSummary: string[] = []

function listenForSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort(signal))
  return controller.signal
}

async function readEvent(env: World['env']): Promise<RunEvent> {
  const name = env.GITHUB_EVENT_NAME || 'local'
  if (!env.GITHUB_EVENT_PATH) return {name, payload: {}}
  return parseEvent(name, await readText(env.GITHUB_EVENT_PATH, 32 << 20), env.GITHUB_EVENT_PATH)
}

const onRunner = (host: Host) => host.env.GITHUB_ACTIONS === 'true'

function output(name: string, value: string, host: Host): void {
  if (onRunner(host) && host.env.GITHUB_OUTPUT) core.setOutput(name, value)
  else if (!onRunner(host)) host.print(`${name}: ${value}`)
}

/** Evidence first, then outputs, annotations, summary, and the outcome last. */
async function hand(evidence: Evidence, outputs: Readonly<Record<string, string>>, world: World, host: Host): Promise<ExitCode> {
  const path = await keep(evidence, world)
  for (const [name, value] of Object.entries(outputs)) output(name, value, host)
  output('verdict', evidence.verdict, host)
  output('outcome', evidence.outcome, host)
  output('evidence', path, host)
  sayAll(evidence, host)
  await appendSummary([...pendingSummary.splice(0), renderSummary(evidence)].join('\n\n'), world)
  const line = renderLine(evidence)
  if (evidence.outcome === 'green') {
    host.print(line)
    return 0
  }
  if (onRunner(host)) core.setFailed(line)
  else host.print(line)
  return evidence.verdict === 'error' && !onRunner(host) ? 3 : 1
}

const MOST_PASSES = 20

/** What passed first, in short where it is much, so that the last lines are those to act on. */
function sayAll(evidence: Evidence, host: Host): void {
  const passed = evidence.checks.filter(({verdict}) => verdict === 'pass')
  if (passed.length > MOST_PASSES) host.print(`${'pass'.padEnd(12)} ${passed.length} checks; the summary and the evidence list them`)
  else for (const check of passed) say(check, evidence, host)
  for (const check of evidence.checks.filter(({verdict}) => verdict !== 'pass')) say(check, evidence, host)
}

function say(check: Check, {policy}: Evidence, host: Host): void {
  const red = outcomeOf(check, policy) === 'red'
  const quiet = check.verdict === 'pass' || (!red && policy.mode === 'observe')
  const where = {title: check.id, ...(check.at && {file: check.at.file, startLine: check.at.line})}
  if (quiet || !onRunner(host)) host.print(`${check.verdict.padEnd(12)} ${oneLine(check.message.replace(/^warn: /, ''))}`)
  else if (red) core.error(check.message, where)
  else core.warning(check.message, where)
}

// Text from data must not start a line of the log: the runner reads commands there.
function oneLine(text: string): string {
  return text.replace(/[\r\n\u2028\u2029]+/g, ' ')
}

const SUMMARY_BYTES = 1024 * 1024

async function appendSummary(markdown: string, {env, warning}: World): Promise<void> {
  if (!env.GITHUB_STEP_SUMMARY) return
  if (Buffer.byteLength(markdown) > SUMMARY_BYTES)
    return warning('The step summary is larger than 1 MiB and was left out; the report has it all.')
  await appendFile(env.GITHUB_STEP_SUMMARY, `${markdown}\n`).catch(error =>
    warning(`The step summary could not be written (${messageOf(error)}).`)
  )
}

async function keep(evidence: Evidence, world: World): Promise<string> {
  const path = await writeEvidence(world.outDir, evidence)
  if (world.onRunner) await noteEvidence(world, path)
  return path
}

/** A hole in the evidence that says why, so that a report never shows a blank; then the error itself. */
async function handError(name: string, error: unknown, world: World | undefined, host: Host): Promise<ExitCode> {
  const mendable = error instanceof UserError
  const message = mendable && error.hint ? `${error.message}\n${error.hint}` : messageOf(error)
  if (world !== undefined) {
    const check: Check = {id: name, verdict: 'error', message: message.replaceAll('\n', '; ')}
    const run = {...world.run, finishedAt: host.now().toISOString()}
    const evidence = toEvidence({name, version: VERSION}, {subjects: [], checks: [check]}, run)
    await keep(evidence, world)
      .then(async path => {
        for (const [key, value] of Object.entries({verdict: 'error', outcome: 'red', evidence: path})) output(key, value, host)
        await appendSummary(renderSummary(evidence), world as World)
      })
      .catch(cause => host.print(`The evidence could not be written either: ${messageOf(cause)}`))
  }
  if (!mendable) host.print(ourFault(name, error))
  const at = mendable ? error.at : undefined
  if (onRunner(host)) {
    if (at?.file === undefined) core.setFailed(`${name}: ${message}`)
    else {
      core.error(message, {file: at.file, startLine: at.line, startColumn: at.column})
      process.exitCode = 1
    }
    return 1
  }
  host.print(`${name}: ${message}`)
  return mendable && error.kind === 'usage' ? 2 : 3
}

function ourFault(name: string, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const cause = error instanceof Error && error.cause !== undefined ? `\ncaused by: ${messageOf(error.cause)}` : ''
  return `${name} ${VERSION}: this is a fault of Trainyard, not of your workflow.\n${stack}${cause}\nPlease report it with the lines above.`
}

import {isAbsolute, join} from 'node:path'
import {action, type World} from '#shared/action'
import {actionsCache} from '#shared/cache'
import {messageOf, UserError} from '#shared/errors'
import {untrusted} from '#shared/event'
import type {Material} from '#shared/evidence/evidence'
import {textMaterial} from '#shared/evidence/material'
import {readText, treeDigest} from '#shared/files'
import {type InputsOf, shownPath} from '#shared/inputs'
import {parseMetrics} from '#shared/metrics/metrics-file'
import {parseParameters} from '#shared/metrics/parameters-file'
import {type CommandEnd, describeEnd, runCommand, splitCommand} from '#shared/process'
import {openRegistry} from '#shared/registry/address'
import {expandPaths} from '#shared/tables/paths'
import {codeDigest} from '#shared/training/code'
import {fingerprintOf} from '#shared/training/fingerprint'
import {type GpuUse, watchGpus} from '#shared/training/gpu-use'
import {readInterpreters} from '#shared/training/interpreters'
import {type KeptModel, keepModel} from '#shared/training/kept-model'
import {describeMachine, type Machine, machineText, readMachine} from '#shared/training/machine'
import {type TrainingRecord, writeRecord} from '#shared/training/record'
import {findKnown, type Known, placeKnown, type Sources, saveKnown} from '#shared/training/reuse'
import {differing, readStamp, type Stamp, unwritten} from '#shared/training/stamp'
import {registryWorldOf} from '#shared/world'
import {type Made, renderTail, trainFindings} from './findings.js'
import {parseHistory} from './history.js'
import {inputs} from './inputs.js'

type Given = InputsOf<typeof inputs>

const TEXT_BYTES = 64 << 20

export default action('train', inputs, async (given, world) => {
  refuseStrangers(world)
  const argv = splitCommand(given.command)
  const sources = reuseOf(given, world)
  world.interruption()
  const machine = await readMachine(world.env, world.configFolder)
  for (const line of describeMachine(machine)) world.log(line)
  const data = given.data === undefined ? undefined : await readData(given.data, world)
  const environment = environmentOf(given, machine, await readInterpreters(world.env, world.configFolder))
  const materials = [...(data ?? []), await readCode(given, world), ...(await readParameters(given, world)), environment]
  const parameters = given.parameters === undefined ? [] : await readParameterFacts(given.parameters, world)
  if (data === undefined) world.log('data: none declared, so nothing ties data to this model and publish cannot require validate-data')
  const names = shownNames(given, world)
  const fingerprint = data && fingerprintOf(materials, names)
  const fresh = await freshness([given.model, given.metrics, given.history])
  if (world.interruption().aborted) throw new UserError('train: interrupted before the command began', {hint: 'Run the job again.'})
  const evidence = world.onRunner ? await readStamp(world.evidenceRoot) : undefined
  const known = sources && (await readKnown(fingerprint, sources, world))
  const {end, gpuUse} = known ? {end: await restore(known, given, world)} : await watched(machine, world, () => train(argv, given, world))
  await sources?.cache?.clear()
  const ended = end.exitCode === 0 && !end.timedOut
  const planted = world.onRunner ? differing(evidence, await readStamp(world.evidenceRoot)) : undefined
  if (!ended) world.summary(renderTail(end.output.tail))
  const model = ended ? await fresh(given.model, world, path => keepModel(path, world.outDir)) : {error: 'the command failed'}
  const trained = trainFindings({
    command: given.command,
    end,
    ending: describeEnd(end, given.timeout),
    machine: {...machine, text: machineText(machine)},
    gpuUse,
    materials,
    parameters,
    names,
    planted,
    fingerprint,
    restored: known && {source: known.source, from: known.from, at: known.record.at, runUrl: known.record.runUrl},
    changed: data && (ended ? await changedData(given.data ?? [], data, world) : []),
    model,
    metrics: given.metrics === undefined ? undefined : await fresh(given.metrics, world, readWith(parseMetrics, world)),
    history: given.history === undefined ? undefined : await fresh(given.history, world, readWith(parseHistory, world))
  })
  const whole = 'value' in model && trained.checks.every(({verdict}) => verdict === 'pass') ? model.value : undefined
  const training =
    fingerprint && whole && (await keepRecord(known?.record ?? (await recordOf(fingerprint, whole, end, given, world)), world))
  if (training && whole && !known && sources?.cache)
    await saveKnown(sources.cache, training.record, {model: given.model, record: join(world.outDir, training.name)}, world.log)
  return {
    ...trained,
    ...(training && {files: {...trained.files, training: training.name}}),
    outputs: {...trained.outputs, ...(given.metrics !== undefined && ended && {metrics: given.metrics})}
  }
})

const REUSABLE = ['registry', 'cache'] as const

/** Where a result that is known may come from; undefined: from nowhere. Throws UserError of kind usage. */
function reuseOf({reuse, registry, name}: Given, world: World): Sources | undefined {
  if (reuse === undefined) return undefined
  const unknown = reuse.find(word => !REUSABLE.some(one => one === word))
  if (unknown !== undefined)
    throw new UserError(`reuse: expected registry or cache, got "${unknown}"`, {kind: 'usage', hint: 'Leave it out to train each time.'})
  if (reuse.includes('registry') && (registry === undefined || name === undefined))
    throw new UserError(`reuse: registry needs the input ${registry === undefined ? 'registry' : 'name'}`, {
      kind: 'usage',
      hint: 'Give it at the top level of trainyard.yml, or as TRAINYARD_REGISTRY.'
    })
  const cache = reuse.includes('cache') ? actionsCache(world) : undefined
  if (reuse.includes('cache') && !cache) world.log('reuse: there is no cache of GitHub Actions here')
  const open = () => openRegistry(registry ?? '', registryWorldOf(world))
  const published = reuse.includes('registry') && name !== undefined ? {open, name} : undefined
  return {registry: published, cache, tempDir: world.tempDir, log: world.log}
}

/** The result of a training of this fingerprint, when it is known and can be read as this one's would be. */
async function readKnown(fingerprint: string | undefined, sources: Sources, {log}: World): Promise<Known | undefined> {
  if (fingerprint === undefined) {
    log('reuse: nothing is reused, for no data are declared: what the command reads is not known')
    return undefined
  }
  const known = await findKnown(fingerprint, sources)
  if (!known) {
    log(`reuse: no training of the fingerprint ${fingerprint.slice(0, 12)} is known`)
    return undefined
  }
  try {
    if (known.record.metrics !== undefined) parseMetrics(known.record.metrics, 'metrics')
    if (known.record.history !== undefined) parseHistory(known.record.history, 'history')
    return known
  } catch (error) {
    log(`reuse: the result from the ${known.from} is not taken: ${messageOf(error)}`)
    return undefined
  }
}

/** Puts a known result where the command would have written it; the end of the run that made it. */
async function restore(known: Known, given: Given, {log}: World): Promise<CommandEnd> {
  const {record, from} = known
  await placeKnown(known, given)
  log(
    `reuse: nothing that the training declares has changed since ${record.at}; its result is restored from the ${from}, the command is not run`
  )
  if (record.tail.length > 0) log('reuse: the last lines of its output were')
  for (const line of record.tail) log(`  ${line}`)
  const output = {bytes: 0, tail: record.tail}
  return {exitCode: 0, signal: null, timedOut: false, durationMs: record.durationMs, leftovers: [], output}
}

async function recordOf(
  fingerprint: string,
  {sha256, size}: KeptModel,
  {output, durationMs}: CommandEnd,
  {metrics, history}: Given,
  {now, run}: World
): Promise<TrainingRecord> {
  return {
    fingerprint,
    model: {sha256, size},
    ...(metrics !== undefined && {metrics: await readText(metrics, TEXT_BYTES)}),
    ...(history !== undefined && {history: await readText(history, TEXT_BYTES)}),
    tail: output.tail,
    durationMs,
    at: now().toISOString(),
    runUrl: run.url
  }
}

/** Hands the record on beside the evidence, so that publish keeps it with the version. */
async function keepRecord(record: TrainingRecord, {outDir, log}: World): Promise<{record: TrainingRecord; name: string} | undefined> {
  const name = await writeRecord(record, outDir)
  if (name === undefined) log('reuse: metrics and history are too large to be kept, so this training can never be reused')
  return name === undefined ? undefined : {record, name}
}

function shownNames({model, metrics, history}: Given, {configFolder}: World) {
  const shown = (path: string | undefined) => path && shownPath(path, configFolder)
  return {model: shownPath(model, configFolder), metrics: shown(metrics), history: shown(history)}
}

function refuseStrangers({event}: World): void {
  const why = untrusted(event)
  if (why === undefined) return
  throw new UserError(`train: ${why}, whose code must not run on this machine`, {
    hint: "Skip the job: `if: ${{ !github.event.pull_request || github.event.pull_request.head.repo.full_name == github.repository && github.event.pull_request.user.login != 'dependabot[bot]' }}`."
  })
}

async function train(argv: readonly string[], {timeout}: Given, world: World): Promise<CommandEnd> {
  return runCommand({argv, cwd: world.configFolder, env: commandVariables(world.env), onLine: line => world.log(line), timeoutMs: timeout})
}

/** Watches the GPUs, where there are any, as long as the work takes. */
async function watched(machine: Machine, {env}: World, work: () => Promise<CommandEnd>): Promise<{end: CommandEnd; gpuUse?: GpuUse}> {
  if (machine.gpus.length === 0) return {end: await work()}
  const watch = watchGpus(env, () => performance.now())
  try {
    const end = await work()
    return {end, gpuUse: watch.stop()}
  } catch (error) {
    watch.stop()
    throw error
  }
}

/** What the command must not have: the files through which a step changes later steps, the inputs of this one, the runner's own token. */
function commandVariables(env: World['env']): World['env'] {
  const kept = /^(?:INPUT_.*|GITHUB_(?:OUTPUT|ENV|PATH|STATE|STEP_SUMMARY)|ACTIONS_RUNTIME_.*)$/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !kept.test(name)))
}

async function readData(patterns: readonly string[], world: World): Promise<Material[]> {
  const remote = patterns.find(one => /^[a-z][a-z0-9+.-]*:\/\//i.test(one))
  if (remote !== undefined)
    throw new UserError(`data: ${remote} is an address, which cannot be hashed yet`, {
      kind: 'usage',
      hint: 'Name the files on this machine.'
    })
  const paths = await expandPaths(patterns, world.configFolder)
  const digests: Material[] = []
  for (const path of paths) {
    const {files, sha256} = await treeDigest(path)
    const shown = shownPath(path, world.cwd)
    const single = files.length === 1 && files[0].sha256 === sha256
    for (const file of files) {
      digests.push({kind: 'data', name: single ? shown : `${shown}/${file.path}`, digest: {sha256: file.sha256}, size: file.size})
    }
  }
  return digests
}

async function changedData(patterns: readonly string[], before: readonly Material[], world: World): Promise<readonly string[]> {
  const after = await readData(patterns, world).catch(error => {
    if (error instanceof UserError) return undefined
    throw error
  })
  if (after === undefined) return ['the declared data']
  const was = new Map(before.map(({name, digest}) => [name, digest.sha256]))
  const is = new Map(after.map(({name, digest}) => [name, digest.sha256]))
  return [...new Set([...was.keys(), ...is.keys()])].filter(name => was.get(name) !== is.get(name))
}

async function readCode({data, model, metrics, history, registry}: Given, {configFolder}: World): Promise<Material> {
  const named = [model, metrics, history, registry].flatMap(path => (path !== undefined && isAbsolute(path) ? [path] : []))
  const paths = data === undefined ? [] : (await expandPaths(data, configFolder)).filter(isAbsolute)
  const {sha256, files} = await codeDigest(configFolder, [...named, ...paths])
  return {kind: 'code', name: `${files} files`, digest: {sha256}}
}

async function readParameters({parameters}: Given, {cwd}: World): Promise<Material[]> {
  if (parameters === undefined) return []
  const {sha256, size} = await treeDigest(parameters)
  return [{kind: 'parameters', name: shownPath(parameters, cwd), digest: {sha256}, size}]
}

async function readParameterFacts(path: string, {cwd}: World) {
  const file = shownPath(path, cwd)
  return parseParameters(await readText(path, 1 << 20), file)
}

function environmentOf({command}: Given, {platform, node, gpus}: Machine, interpreters: Readonly<Record<string, string>>): Material {
  return textMaterial('environment', `${platform}, node ${node}`, JSON.stringify({command, platform, node, gpus, interpreters}))
}

/** Remembers how the files are now; what it returns reads one of them only when somebody has written it since. */
async function freshness(paths: readonly (string | undefined)[]) {
  const before = new Map<string, Stamp | undefined>()
  for (const path of paths) if (path !== undefined) before.set(path, await readStamp(path))
  return async <T>(path: string, {configFolder}: World, read: (path: string) => Promise<T>): Promise<Made<T>> => {
    const shown = shownPath(path, configFolder)
    const after = await readStamp(path)
    if (after === undefined) return {error: `${shown}: no such file or folder after the command; it must write it`}
    const [stale, ...more] = unwritten(before.get(path), after)
    if (stale !== undefined) {
      const where = stale === '.' ? '' : `: ${stale}${more.length > 0 ? ` and ${more.length} more` : ''}`
      return {
        error: `${shown}: not written by this run${where}; it lay there before and is unchanged: remove it, or let the command write it`
      }
    }
    try {
      return {value: await read(path)}
    } catch (error) {
      if (error instanceof UserError) return {error: error.hint ? `${error.message}; ${error.hint}` : messageOf(error)}
      throw error
    }
  }
}

function readWith<T>(parse: (text: string, file: string) => T, {cwd}: World): (path: string) => Promise<T> {
  return async path => parse(await readText(path, TEXT_BYTES), shownPath(path, cwd))
}

import {isAbsolute} from 'node:path'
import {action, type World} from '#shared/action'
import {messageOf, UserError} from '#shared/errors'
import {untrusted} from '#shared/event'
import type {Material} from '#shared/evidence/evidence'
import {textMaterial} from '#shared/evidence/material'
import {readText, treeDigest} from '#shared/files'
import {type InputsOf, shownPath} from '#shared/inputs'
import {parseMetrics} from '#shared/metrics/metrics-file'
import {parseParameters} from '#shared/metrics/parameters-file'
import {type CommandEnd, describeEnd, runCommand, splitCommand} from '#shared/process'
import {expandPaths} from '#shared/tables/paths'
import {codeDigest} from '#shared/training/code'
import {keepModel} from '#shared/training/kept-model'
import {type Machine, readMachine} from '#shared/training/machine'
import {differing, readStamp, type Stamp, unwritten} from '#shared/training/stamp'
import {type Made, renderTail, trainFindings} from './findings.js'
import {parseHistory} from './history.js'
import {inputs} from './inputs.js'

type Given = InputsOf<typeof inputs>

const TEXT_BYTES = 64 << 20

export default action('train', inputs, async (given, world) => {
  refuseStrangers(world)
  const argv = splitCommand(given.command)
  world.interruption()
  const machine = await readMachine(world.env, world.configFolder)
  const data = given.data === undefined ? undefined : await readData(given.data, world)
  const materials = [...(data ?? []), await readCode(given, world), ...(await readParameters(given, world)), environmentOf(given, machine)]
  const parameters = given.parameters === undefined ? [] : await readParameterFacts(given.parameters, world)
  if (data === undefined) world.log('data: none declared, so nothing ties data to this model and publish cannot require validate-data')
  const fresh = await freshness([given.model, given.metrics, given.history])
  if (world.interruption().aborted) throw new UserError('train: interrupted before the command began', {hint: 'Run the job again.'})
  const evidence = world.onRunner ? await readStamp(world.evidenceRoot) : undefined
  const end = await train(argv, given, world)
  const ended = end.exitCode === 0 && !end.timedOut
  const planted = world.onRunner ? differing(evidence, await readStamp(world.evidenceRoot)) : undefined
  if (!ended) world.summary(renderTail(end.output.tail))
  const trained = trainFindings({
    command: given.command,
    end,
    ending: describeEnd(end, given.timeout),
    machine,
    materials,
    parameters,
    names: shownNames(given, world),
    planted,
    changed: data && (ended ? await changedData(given.data ?? [], data, world) : []),
    model: ended ? await fresh(given.model, world, path => keepModel(path, world.outDir)) : {error: 'the command failed'},
    metrics: given.metrics === undefined ? undefined : await fresh(given.metrics, world, readWith(parseMetrics, world)),
    history: given.history === undefined ? undefined : await fresh(given.history, world, readWith(parseHistory, world))
  })
  return {...trained, outputs: {...trained.outputs, ...(given.metrics !== undefined && ended && {metrics: given.metrics})}}
})

function shownNames({model, metrics, history}: Given, {configFolder}: World) {
  const shown = (path: string | undefined) => path && shownPath(path, configFolder)
  return {model: shownPath(model, configFolder), metrics: shown(metrics), history: shown(history)}
}

function refuseStrangers({event}: World): void {
  const why = untrusted(event)
  if (why === undefined) return
  throw new UserError(`train: ${why}, whose code must not run on this machine`, {
    hint: "Skip the job: `if: ${{ !github.event.pull_request.head.repo.fork && github.event.pull_request.user.login != 'dependabot[bot]' }}`."
  })
}

async function train(argv: readonly string[], {timeout}: Given, world: World): Promise<CommandEnd> {
  return runCommand({argv, cwd: world.configFolder, env: commandVariables(world.env), onLine: line => world.log(line), timeoutMs: timeout})
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

async function readCode({data, model, metrics, history}: Given, {configFolder}: World): Promise<Material> {
  const named = [model, metrics, history].filter(path => path !== undefined)
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

function environmentOf({command}: Given, {platform, node, gpus}: Machine): Material {
  return textMaterial('environment', `${platform}, node ${node}`, JSON.stringify({command, platform, node, gpus}))
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

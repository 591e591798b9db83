import {createHash} from 'node:crypto'
import {mkdir, mkdtemp} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {action, type World} from '#shared/action'
import {UserError} from '#shared/errors'
import {untrusted} from '#shared/event'
import type {InputsOf} from '#shared/inputs'
import {openRegistry} from '#shared/registry/address'
import type {Registry} from '#shared/registry/registry'
import {openTelemetry} from '#shared/telemetry/telemetry'
import {modelServer} from '#shared/traffic/model-server'
import {registryWorldOf} from '#shared/world'
import {resolveCandidate, versionNames} from './candidate.js'
import {deploy} from './deploy.js'
import {inputs} from './inputs.js'
import {parseLines, parseSteps} from './lines.js'
import {PACE, type Ports} from './ports.js'
import type {Release} from './rollout.js'

export default action('deploy-canary', inputs, async (given, world) => {
  refuseUntrusted(world)
  const lines = parseLines(given.gates ?? [])
  const steps = parseSteps(given.steps)
  const {name} = given
  const registry = await openRegistry(given.registry, registryWorldOf(world))
  const ports = openPorts(given, world, registry, name)
  const candidate = await resolveCandidate(registry, name, given.version)
  const key = `canaries/${createHash('sha256').update(ports.endpoint.name).digest('hex')}.json`
  const policy = {lines, mode: given.mode, onInconclusive: given.onInconclusive, minimumRequests: given.minimumRequests}
  return await deploy(ports, {key, name, candidate, steps, lines, deadlineMs: given.deadline}, policy, await versionNames(registry, name))
})

function refuseUntrusted({event}: World): void {
  const reason = untrusted(event)
  if (reason !== undefined)
    throw new UserError(`deploy-canary moves live traffic, and ${reason}`, {
      kind: 'usage',
      hint: 'Run it on pushes to your own branches only.'
    })
}

function openPorts(given: InputsOf<typeof inputs>, world: World, registry: Registry, name: string): Ports {
  const cancelled = world.interruption()
  // What is cancelled already must still wait between its attempts to go back.
  const sleep = async (ms: number) =>
    void (await (cancelled.aborted ? pause(Math.min(ms, 500)) : pause(ms, undefined, {signal: cancelled}).catch(() => undefined)))
  const endpoint = modelServer({address: given.endpoint, token: given.endpointToken ?? '', fetch: world.fetch, sleep})
  const {run} = world
  return {
    endpoint,
    telemetry: openTelemetry({address: given.telemetry ?? `${endpoint.name}/metrics`, fetch: world.fetch}),
    registry,
    modelFile: release => fetchFile(registry, name, release, world.tempDir),
    now: world.now,
    monotonicMs: () => performance.now(),
    sleep,
    cancelled: () => cancelled.aborted,
    log: world.log,
    holder: {holder: `${run.repository} ${run.runId} ${run.job}`, attempt: run.attempt, run: run.url},
    pace: PACE
  }
}

async function fetchFile(registry: Registry, name: string, {version, digest}: Release, tempDir: string): Promise<string> {
  await mkdir(tempDir, {recursive: true})
  const {kind} = await registry.manifest(name, version)
  if (kind === 'folder')
    throw new UserError(`${name} ${version}: a model of several files, and the model server takes single files`, {
      hint: 'Export it as one ONNX file.'
    })
  const {path, digest: got} = await registry.fetch(name, version, await mkdtemp(join(tempDir, 'canary-')))
  if (got === digest) return path
  throw new UserError(`${name} ${version}: expected digest ${digest}, the registry gave ${got}`, {
    hint: 'Publish the model again under a new version.'
  })
}

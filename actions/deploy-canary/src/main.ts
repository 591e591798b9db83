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
import type {People} from './approval.js'
import {resolveCandidate, versionNames} from './candidate.js'
import {deploy, reconcile} from './deploy.js'
import {inputs} from './inputs.js'
import {parseLines, parseSteps} from './lines.js'
import {permission} from './permission.js'
import {METERED_PACE, PACE, type Ports} from './ports.js'
import type {Release} from './rollout.js'

export default action('deploy-canary', inputs, async (given, world) => {
  refuseUntrusted(world)
  const lines = parseLines(given.gates ?? [])
  const steps = parseSteps(given.steps)
  const {name} = given
  const registry = await openRegistry(given.registry, registryWorldOf(world))
  const ports = openPorts(given, world, registry, name)
  const key = `canaries/${createHash('sha256').update(ports.endpoint.name).digest('hex')}.json`
  const policy = {lines, mode: given.mode, onInconclusive: given.onInconclusive, minimumRequests: given.minimumRequests}
  const names = await versionNames(registry, name)
  const {name: endpoint, command} = ports.endpoint
  if (given.reconcile) return await reconcile(ports, key, policy, {name, endpoint, policy, names, command})
  const candidate = await resolveCandidate(registry, name, given.version)
  const permit = permission(given, world, {registry, release: candidate, openPeople: () => openPeople(given, world)})
  return await deploy(ports, {key, name, candidate, steps, lines, permit, deadlineMs: given.deadline}, policy, names)
})

function refuseUntrusted({event}: World): void {
  const reason = untrusted(event)
  if (reason !== undefined)
    throw new UserError(`deploy-canary moves live traffic, and ${reason}`, {
      kind: 'usage',
      hint: 'Run it on pushes to your own branches only.'
    })
}

type Given = InputsOf<typeof inputs>

async function openPeople({githubToken = ''}: Given, {env, run}: World): Promise<People> {
  const [{openReviews}, {openCommits}] = await Promise.all([import('#shared/github/reviews'), import('#shared/github/commits')])
  const access = {apiUrl: env.GITHUB_API_URL || 'https://api.github.com', token: githubToken, repository: run.repository}
  return {reviews: openReviews(access), commits: openCommits(access)}
}

function openPorts(given: Given, world: World, registry: Registry, name: string): Ports {
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
    pace: registry.metered ? METERED_PACE : PACE
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

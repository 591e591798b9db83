import {createHash} from 'node:crypto'
import {cp, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {onTestFinished} from 'vitest'
import {type Findings, type Outcome, overallOutcome} from '#shared/evidence/evidence'
import {parseGates} from '#shared/gates/parse'
import {folderStores} from '#shared/registry/folder'
import {type Registry, registryOn} from '#shared/registry/registry'
import {openTelemetry} from '#shared/telemetry/telemetry'
import {modelServer} from '#shared/traffic/model-server'
import type {Target} from '../../actions/deploy-canary/src/begin.js'
import {deploy, reconcile} from '../../actions/deploy-canary/src/deploy.js'
import {parseLines} from '../../actions/deploy-canary/src/lines.js'
import type {Ports} from '../../actions/deploy-canary/src/ports.js'
import type {Release, Rollout} from '../../actions/deploy-canary/src/rollout.js'
import type {RolloutPolicy} from '../../actions/deploy-canary/src/transition.js'
import {type Behaviour, modelBytes, type Served, serve, TOKEN} from './served-model.js'

export interface Yard {
  readonly folder: string
  readonly root: string
  readonly registry: Registry
  served: Served
  publish(behaviour: Behaviour): Promise<Release>
  /** predictions that come in at each look at the metrics */
  traffic: number
  key(): string
  ports(more?: Partial<Ports>): Ports
  run(
    candidate: Release,
    more?: Partial<Ports>,
    policy?: Partial<RolloutPolicy> & {gates?: readonly string[]} & Partial<Pick<Target, 'steps' | 'deadlineMs' | 'permit'>>
  ): ReturnType<typeof deploy>
  reconcile(more?: Partial<Ports>): ReturnType<typeof reconcile>
  weights(): Readonly<Record<string, number>>
}

const PACE = {lookMs: 1, retryMs: 1, leaseMs: 60_000}

/** A registry in a folder and a model server with stand-ins for models, both real, on loopback; with `like`, as copies of another yard's; or a registry that lies elsewhere. */
export async function openYard(like?: Yard, elsewhere?: Registry): Promise<Yard> {
  const folder = await mkdtemp(join(tmpdir(), 'canary-'))
  const root = join(folder, 'registry')
  if (like === undefined) await mkdir(root)
  else await cp(like.folder, folder, {recursive: true})
  const stores = folderStores(root, root, {now: () => new Date()})
  const registry =
    elsewhere ?? registryOn(stores, {now: () => new Date(), random: Math.random, by: 'ada', runUrl: 'https://runs.example/1'})
  const yard: Yard = {
    folder,
    root,
    registry,
    served: await serve(join(folder, 'server')),
    traffic: 200,
    publish: behaviour => publish(yard, behaviour),
    key: () => `canaries/${createHash('sha256').update(yard.served.address).digest('hex')}.json`,
    ports: more => portsOf(yard, more),
    run: (
      candidate,
      more,
      {gates = ['error_rate <= stable'], steps = [10, 50], deadlineMs = 60_000, permit = async () => [], ...policy} = {}
    ) => {
      const all = {...policyOf(gates), ...policy}
      const {lines} = all
      const target = {key: yard.key(), name: 'wages', candidate, steps, lines, deadlineMs, permit}
      return deploy(yard.ports(more), target, all, new Map())
    },
    reconcile: more => {
      const ports = yard.ports(more)
      const {name: endpoint, command} = ports.endpoint
      const policy = policyOf(['error_rate <= stable'])
      return reconcile(ports, yard.key(), policy, {name: 'wages', endpoint, policy, names: new Map(), command})
    },
    weights: () => yard.served.serving.weights().weights
  }
  pump(yard)
  onTestFinished(async () => {
    await yard.served.drain(200)
    await rm(folder, {recursive: true, force: true})
  })
  return yard
}

function policyOf(gates: readonly string[]): RolloutPolicy {
  const lines = parseLines(parseGates(gates.map(text => ({text}))))
  return {lines, mode: 'enforce', onInconclusive: 'warn', minimumRequests: 50}
}

function portsOf(yard: Yard, more: Partial<Ports> = {}): Ports {
  const {address} = yard.served
  const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
  return {
    endpoint: modelServer({address, token: TOKEN, fetch, sleep: () => sleep(1), timeoutMs: 2000}),
    telemetry: openTelemetry({address: `${address}/metrics`, fetch}),
    registry: yard.registry,
    modelFile: async ({version}) => (await yard.registry.fetch('wages', version, await mkdtemp(join(yard.folder, 'fetched-')))).path,
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    sleep,
    cancelled: () => false,
    log: () => undefined,
    holder: {holder: 'o/r 1 deploy', attempt: 1, run: 'https://runs.example/1'},
    pace: PACE,
    ...more
  }
}

/** Publishes a stand-in for a model, with evidence. */
export async function publish({registry, folder}: Pick<Yard, 'registry' | 'folder'>, behaviour: Behaviour): Promise<Release> {
  const {bytes, digest} = modelBytes(behaviour)
  const model = join(folder, `${digest.slice(0, 12)}.onnx`)
  await writeFile(model, bytes)
  const evidence = [{action: 'evaluate', bytes: Buffer.from('{}')}]
  const {version} = await registry.publish({
    name: 'wages',
    model,
    digest,
    evidence,
    lineage: {materials: [], parent: null},
    reason: 'test',
    alias: 'candidate'
  })
  return {version, digest}
}

/** Live traffic: so many predictions come in whenever somebody looks at the metrics, and are counted by the next look. */
export function pump(yard: Yard): void {
  yard.served.server.on('request', request => {
    if (request.url !== '/metrics') return
    const ask = () => yard.served.serving.predict([{}], performance.now()).catch(() => undefined)
    void Promise.all(Array.from({length: yard.traffic}, ask))
  })
}

/** Stands in for the stable version, for a candidate as good, and for one that fails. */
export const GOOD: Behaviour = {score: 0.2}
export const OTHER: Behaviour = {score: 0.4}
export const BROKEN: Behaviour = {score: 0.6, failing: 0.5}

export interface Facing {
  readonly yard: Yard
  readonly stable: Release
  readonly candidate: Release
}

/** A yard whose server serves a first version that became champion, and a candidate beside it in the registry. */
export async function serving(candidate: Behaviour = OTHER): Promise<Facing> {
  const yard = await openYard()
  const stable = await yard.publish(GOOD)
  await yard.run(stable)
  return {yard, stable, candidate: await yard.publish(candidate)}
}

/** The rollout as the registry keeps it. */
export async function stateOf(yard: Yard): Promise<Rollout> {
  return (await yard.registry.readState(yard.key()))?.value as Rollout
}

/** The next run, of another job or of a later attempt. */
export function nextRun(id: number, attempt = 1): Pick<Ports, 'holder'> {
  return {holder: {holder: `o/r ${id} deploy`, attempt, run: `https://runs.example/${id}`}}
}

/** A run of the candidate that is killed once the log says this. */
export async function killedAt({yard, candidate}: Pick<Facing, 'yard' | 'candidate'>, line: string): Promise<void> {
  const killed = new Error('killed')
  const dead = yard.run(candidate, {
    log: said => {
      if (said.includes(line)) throw killed
    }
  })
  await dead.catch(error => {
    if (error !== killed) throw error
  })
}

export function outcomeOf({checks, policy = {mode: 'enforce', onInconclusive: 'estimate'}}: Findings): Outcome {
  return overallOutcome(checks, policy)
}

/** What a check says. */
export function message(findings: Findings, id: string): string | undefined {
  return findings.checks.find(check => check.id === id)?.message
}

import {createHash} from 'node:crypto'
import {cp, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {onTestFinished} from 'vitest'
import {parseGates} from '#shared/gates/parse'
import {folderStores} from '#shared/registry/folder'
import {type Registry, registryOn} from '#shared/registry/registry'
import {openTelemetry} from '#shared/telemetry/telemetry'
import {modelServer} from '#shared/traffic/model-server'
import {deploy} from '../../actions/deploy-canary/src/deploy.js'
import {parseLines} from '../../actions/deploy-canary/src/lines.js'
import type {Ports} from '../../actions/deploy-canary/src/ports.js'
import type {Release} from '../../actions/deploy-canary/src/rollout.js'
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
    policy?: Partial<RolloutPolicy> & {gates?: readonly string[]; deadlineMs?: number}
  ): ReturnType<typeof deploy>
  weights(): Readonly<Record<string, number>>
}

const PACE = {lookMs: 1, retryMs: 1, leaseMs: 60_000}

/** A registry in a folder and a model server with stand-ins for models, both real, on loopback; with `like`, as copies of another yard's. */
export async function openYard(like?: Yard): Promise<Yard> {
  const folder = await mkdtemp(join(tmpdir(), 'canary-'))
  const root = join(folder, 'registry')
  if (like === undefined) await mkdir(root)
  else await cp(like.folder, folder, {recursive: true})
  const stores = folderStores(root, root, {now: () => new Date()})
  const registry = registryOn(stores, {now: () => new Date(), random: Math.random, by: 'ada', runUrl: 'https://runs.example/1'})
  const yard: Yard = {
    folder,
    root,
    registry,
    served: await serve(join(folder, 'server')),
    traffic: 200,
    publish: behaviour => publish(yard, behaviour),
    key: () => `canaries/${createHash('sha256').update(yard.served.address).digest('hex')}.json`,
    ports: more => portsOf(yard, more),
    run: (candidate, more, {gates = ['error_rate <= stable'], deadlineMs = 60_000, ...policy} = {}) => {
      const lines = parseLines(parseGates(gates.map(text => ({text}))))
      const target = {key: yard.key(), name: 'wages', candidate, steps: [10, 50], lines, deadlineMs}
      const all: RolloutPolicy = {lines, mode: 'enforce', onInconclusive: 'warn', minimumRequests: 50, ...policy}
      return deploy(yard.ports(more), target, all, new Map())
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

async function publish({registry, folder}: Yard, behaviour: Behaviour): Promise<Release> {
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

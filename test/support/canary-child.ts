import {writeSync} from 'node:fs'
import {kill} from 'node:process'
import {parseGates} from '#shared/gates/parse'
import {folderStores} from '#shared/registry/folder'
import {registryOn} from '#shared/registry/registry'
import {openTelemetry} from '#shared/telemetry/telemetry'
import {modelServer} from '#shared/traffic/model-server'
import {deploy} from '../../actions/deploy-canary/src/deploy.js'
import {parseLines} from '../../actions/deploy-canary/src/lines.js'
import {watchedStores} from './watched-stores.js'

/** One canary in a process of its own. It kills itself at the given point: points are counted before and after each write and each call. */
interface Task {
  readonly root: string
  readonly address: string
  readonly token: string
  readonly key: string
  readonly candidate: {readonly version: string; readonly digest: string}
  readonly file: string
  readonly attempt: number
  readonly dieAt: number
}

const task: Task = JSON.parse(process.argv[2])
let points = 0
const point = () => {
  points += 1
  if (points === task.dieAt) kill(process.pid, 'SIGKILL')
}

const watchedFetch: typeof fetch = async (...given) => {
  point()
  const response = await fetch(...given)
  point()
  return response
}
const now = () => new Date()
const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
const stores = watchedStores(folderStores(task.root, task.root, {now}), {before: point, after: point})
const lines = parseLines(parseGates([{text: 'error_rate <= stable'}]))

const findings = await deploy(
  {
    endpoint: modelServer({address: task.address, token: task.token, fetch: watchedFetch, sleep}),
    telemetry: openTelemetry({address: `${task.address}/metrics`, fetch: watchedFetch}),
    registry: registryOn(stores, {now, random: Math.random, by: 'ada', runUrl: 'https://runs.example/1'}),
    modelFile: async () => task.file,
    now,
    monotonicMs: () => performance.now(),
    sleep,
    cancelled: () => false,
    log: () => undefined,
    holder: {holder: 'o/r 1 deploy', attempt: task.attempt, run: 'https://runs.example/1'},
    pace: {lookMs: 1, retryMs: 1, leaseMs: 60_000}
  },
  {key: task.key, name: 'wages', candidate: task.candidate, steps: [10, 50], lines, deadlineMs: 60_000, permit: async () => []},
  {lines, mode: 'enforce', onInconclusive: 'warn', minimumRequests: 20},
  new Map()
)
writeSync(1, JSON.stringify({result: findings.outputs?.result, points}))
process.exit(0)

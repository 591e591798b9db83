import {statfs} from 'node:fs/promises'
import {availableParallelism, cpus, freemem, totalmem} from 'node:os'
import {askNvidiaSmi, type Cells} from './nvidia-smi.js'

/** What a command is run on. */
export interface Machine {
  readonly platform: string
  readonly node: string
  readonly cpus: number
  /** the processor's model; empty where the system does not say */
  readonly processor: string
  /** bytes, all and free now */
  readonly memory: number
  readonly freeMemory: number
  /** bytes free where the command runs; undefined where that cannot be read */
  readonly freeDisk?: number
  /** one line a GPU: name, memory, driver; empty where there is none */
  readonly gpus: readonly string[]
  /** who else uses the GPUs before the command begins, a line each */
  readonly tenants: readonly string[]
}

const TIMEOUT_MS = 10_000
/** A driver keeps some memory for itself. */
const OWN_MIB = 1024

/** Looks at this machine; asks `nvidia-smi` for its GPUs and their processes, for at most ten seconds each. */
export async function readMachine(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  timeoutMs = TIMEOUT_MS
): Promise<Machine> {
  const gpus = await readGpus(env, timeoutMs)
  const tenants = gpus.length === 0 ? [] : await readTenants(env, timeoutMs)
  const disk = await statfs(cwd).catch(() => undefined)
  return {
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    cpus: availableParallelism(),
    processor: cpus()[0]?.model.replaceAll(/\s+/g, ' ').trim() ?? '',
    ...readMemory(),
    freeDisk: disk && disk.bavail * disk.bsize,
    gpus,
    tenants
  }
}

/** A container may use no more than its cgroup allows, whatever the machine has. */
function readMemory(): Pick<Machine, 'memory' | 'freeMemory'> {
  const limit = process.constrainedMemory() ?? 0
  if (limit <= 0 || limit >= totalmem()) return {memory: totalmem(), freeMemory: freemem()}
  return {memory: limit, freeMemory: Math.min(freemem(), process.availableMemory())}
}

async function readGpus(env: Readonly<Record<string, string | undefined>>, timeoutMs: number): Promise<readonly string[]> {
  const rows = await askNvidiaSmi(['--query-gpu=name,memory.total,driver_version'], env, timeoutMs)
  return (rows ?? []).flatMap(([name, memory, driver]) => (driver === undefined ? [] : [`${name}, ${mib(memory)}, driver ${driver}`]))
}

/** Processes as far as this container shows them; where it shows none, memory that is taken all the same. */
async function readTenants(env: Readonly<Record<string, string | undefined>>, timeoutMs: number): Promise<readonly string[]> {
  const apps = await askNvidiaSmi(['--query-compute-apps=pid,process_name,used_memory'], env, timeoutMs)
  const shown = (apps ?? []).filter(([pid]) => /^\d+$/.test(pid)).map(([pid, name, used]) => `${name} (process ${pid}${amount(used)})`)
  if (shown.length > 0) return shown
  const rows = await askNvidiaSmi(['--query-gpu=index,memory.used'], env, timeoutMs)
  return (rows ?? []).filter(hasHidden).map(([index, used]) => `GPU ${index}: ${mib(used)} taken by processes that can't be seen from here`)
}

function hasHidden([index, used]: Cells): boolean {
  return /^\d+$/.test(index) && Number(used) > OWN_MIB
}

function amount(used: string | undefined): string {
  return Number.isFinite(Number(used)) && used !== '' ? `, ${mib(used)}` : ''
}

function mib(text: string | undefined): string {
  const number = text === undefined || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(number) ? `${number.toLocaleString('en')} MiB` : 'memory not known'
}

/** The machine in a few lines, as a reader of the log wants it before anything runs. */
export function describeMachine(machine: Machine): readonly string[] {
  const {gpus, tenants} = machine
  if (gpus.length === 0) return [`machine: ${machineText(machine)}`, 'gpu: none']
  const shared = tenants.length === 0 ? 'nobody else uses it' : `shared with ${tenants.slice(0, 8).join('; ')}`
  return [`machine: ${machineText(machine)}`, ...gpus.map((gpu, index) => `gpu ${index}: ${gpu}`), `gpu: ${shared}`]
}

/** Platform, processors, memory, disk and Node in one line. */
export function machineText({platform, cpus: count, processor, memory, freeMemory, freeDisk, node}: Machine): string {
  const cpu = processor === '' ? '' : ` (${processor})`
  const disk = freeDisk === undefined ? '' : `, ${gigabytes(freeDisk)} of disk free`
  return `${platform}, ${count} CPUs${cpu}, ${gigabytes(memory)} of memory, ${gigabytes(freeMemory)} free${disk}, node ${node}`
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 10e9 ? 1 : 0)} GB`
}

import {EventEmitter} from 'node:events'
import {cpus, totalmem} from 'node:os'
import {runCommand} from '#shared/process'

/** What a command was run on. */
export interface Machine {
  readonly platform: string
  readonly node: string
  readonly cpus: number
  /** bytes */
  readonly memory: number
  /** one line a GPU: name, memory, driver; empty where there is none */
  readonly gpus: readonly string[]
}

/** Looks at this machine; asks `nvidia-smi` for its GPUs, for at most ten seconds. */
export async function readMachine(env: Readonly<Record<string, string | undefined>>, cwd: string): Promise<Machine> {
  return {
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    cpus: cpus().length,
    memory: totalmem(),
    gpus: await readGpus(env, cwd)
  }
}

async function readGpus(env: Readonly<Record<string, string | undefined>>, cwd: string): Promise<readonly string[]> {
  const argv = ['nvidia-smi', '--query-gpu=name,memory.total,driver_version', '--format=csv,noheader']
  const lines: string[] = []
  const onLine = (line: string, stream: 'stdout' | 'stderr') => stream === 'stdout' && line.trim() !== '' && lines.push(line.trim())
  try {
    const {exitCode} = await runCommand({argv, cwd, env, onLine, timeoutMs: 10_000, signals: new EventEmitter()})
    return exitCode === 0 ? lines : []
  } catch {
    return []
  }
}

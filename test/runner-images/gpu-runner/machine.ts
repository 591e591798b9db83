import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {onTestFinished} from 'vitest'

/** A machine with stand-ins for nvidia-smi, dmesg and the runner's program. */
export interface Machine {
  readonly folder: string
  /** replaces a program by a shell script */
  program(name: string, script: string): string
  start(command: string, env?: Readonly<Record<string, string>>): Running
}

export interface Running {
  readonly child: ChildProcess
  /** waits until a line of the output matches */
  seen(pattern: RegExp): Promise<string>
  ended(): Promise<{readonly code: number | null; readonly out: string; readonly err: string; readonly ms: number}>
}

export const HEALTHY = "echo '0, NVIDIA H100 80GB HBM3, 0, No, No'"
/** What the runner logs when it takes a job, which goes on for these seconds; SIGINT ends it after `grace` seconds, as a cancelled step's 7.5 s would. */
export const runnerWith = (seconds: number, grace = 0) => `
trap 'echo interrupted; kill $job 2>/dev/null; sleep ${grace}; exit 2' INT
echo "Listening for Jobs"
echo "2026-11-21 04:00:00Z: Running job: train"
sleep ${seconds} & job=$!
wait $job
echo "Job train completed with result: Succeeded"
`
export const IDLE = "trap 'echo interrupted; exit 0' INT; echo 'Listening for Jobs'; while :; do sleep 0.05; done"

export function openMachine(): Machine {
  const folder = mkdtempSync(join(tmpdir(), 'gpu-machine-'))
  onTestFinished(() => rmSync(folder, {recursive: true, force: true}))
  const program = (name: string, script: string) => {
    writeFileSync(join(folder, name), `#!/bin/bash\n${script}\n`, {mode: 0o755})
    return join(folder, name)
  }
  program('nvidia-smi', HEALTHY)
  program('dmesg', 'true')
  return {folder, program, start: (command, env = {}) => start(folder, command, env)}
}

function start(folder: string, command: string, env: Readonly<Record<string, string>>): Running {
  const from = performance.now()
  const child = spawn(process.execPath, [resolve('runner-images/gpu-runner/src/main.mjs'), command], {
    cwd: folder,
    env: {PATH: `${folder}:${process.env.PATH}`, RUNNER_PROGRAM: join(folder, 'run.sh'), ...env},
    stdio: ['ignore', 'pipe', 'pipe']
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const text = {out: '', err: ''}
  child.stdout.on('data', chunk => {
    text.out += chunk
  })
  child.stderr.on('data', chunk => {
    text.err += chunk
  })
  const closed = once(child, 'close')
  return {
    child,
    seen: async pattern => {
      while (!pattern.test(text.out)) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} before ${pattern}: ${text.out}${text.err}`)
        await new Promise(resolve => setTimeout(resolve, 20))
      }
      return text.out
    },
    ended: async () => {
      const [code] = await closed
      return {code, ...text, ms: performance.now() - from}
    }
  }
}

import {type ChildProcess, spawn} from 'node:child_process'
import {randomUUID} from 'node:crypto'
import type {EventEmitter} from 'node:events'
import {codeOf, UserError} from '#shared/errors'
import {killLeftovers, type Leftover, readOutOfMemoryKills, signalGroup} from './process/group.js'
import {bytesText, lineCutter, neutraliser, OUTPUT_LIMITS, type OutputLimits, plainText} from './process/output.js'

export {killLeftovers, type Leftover} from './process/group.js'
export {splitCommand} from './process/words.js'

export interface Command {
  /** the program and its arguments; no shell reads them */
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** every line of stdout and stderr in the order of arrival, without its end */
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void
  /** the group is killed when it runs longer */
  readonly timeoutMs?: number
  /** `harmless` (default): escapes stripped, workflow commands broken, output capped. `raw`: lines as they come, only their length is capped. */
  readonly output?: 'harmless' | 'raw'
  readonly limits?: OutputLimits
  /** processes that outlive the command: `kill` (default) names and kills them, `leave` lets them run */
  readonly leftovers?: 'kill' | 'leave'
  /** emits SIGINT and SIGTERM, which are forwarded; default: this process */
  readonly signals?: Pick<EventEmitter, 'on' | 'off'>
  /** how long an interrupted group may go on before SIGTERM and before SIGKILL; the runner itself gives 7.5 s and then 2.5 s */
  readonly graceMs?: {readonly terminate: number; readonly kill: number}
}

export interface CommandEnd {
  /** null when a signal ended it */
  readonly exitCode: number | null
  /** the signal that ended it, or null */
  readonly signal: NodeJS.Signals | null
  readonly timedOut: boolean
  /** the signal that was forwarded while it ran */
  readonly interruptedBy?: NodeJS.Signals
  /** whether the kernel killed for want of memory meanwhile; undefined where that cannot be read */
  readonly outOfMemory?: boolean
  readonly durationMs: number
  /** processes that outlived the command; they were killed */
  readonly leftovers: readonly Leftover[]
  /** what was printed, in bytes, and its last lines */
  readonly output: {readonly bytes: number; readonly tail: readonly string[]}
}

const TAIL_LINES = 20
const GRACE_MS = {terminate: 3000, kill: 5000}
const MARK = 'TRAINYARD_COMMAND'

/**
 * Runs a command in a process group of its own and ends when the whole group has: SIGINT and SIGTERM go to the group, then SIGTERM, then SIGKILL
 * within six seconds; a second signal hurries. Throws UserError when the program cannot be started; an exit code or signal is a result.
 */
export async function runCommand(command: Command): Promise<CommandEnd> {
  const started = performance.now()
  const mark = randomUUID()
  const kills = readOutOfMemoryKills()
  const child = spawn(command.argv[0], command.argv.slice(1), {
    cwd: command.cwd,
    env: {...command.env, [MARK]: [command.env[MARK], mark].filter(Boolean).join(':')},
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  const output = follow(child, command)
  const stop = stopper(child, command)
  try {
    const {exitCode, signal} = await exitOf(child, command)
    const leftovers = await clearLeftovers(child, command.leftovers === 'leave' ? undefined : mark)
    const after = readOutOfMemoryKills()
    return {
      exitCode,
      signal,
      timedOut: stop.timedOut(),
      interruptedBy: stop.interruptedBy(),
      outOfMemory: kills === undefined || after === undefined ? undefined : after > kills,
      durationMs: performance.now() - started,
      leftovers,
      output: output()
    }
  } finally {
    stop.release()
  }
}

/** How the command ended, as half a sentence: `exit code 3`, `killed by SIGKILL (out of memory)`, `stopped after 5 s, its time limit`. */
export function describeEnd(end: CommandEnd, timeoutMs?: number): string {
  if (end.timedOut) return `was stopped after ${(timeoutMs ?? end.durationMs) / 1000} s, its time limit`
  if (end.interruptedBy) return `was interrupted by ${end.interruptedBy}`
  if (end.signal) {
    const why = end.outOfMemory
      ? ': the kernel killed for want of memory'
      : end.signal === 'SIGKILL' && end.outOfMemory === false
        ? ' from outside, not for want of memory'
        : ''
    return `was killed by ${end.signal}${why}`
  }
  return `ended with exit code ${end.exitCode}${end.outOfMemory ? ' after the kernel killed for want of memory' : ''}`
}

function follow(child: ChildProcess, command: Command): () => CommandEnd['output'] {
  const limits = command.limits ?? OUTPUT_LIMITS
  const neutralise = neutraliser()
  const tail: string[] = []
  let bytes = 0
  let shownBytes = 0
  const show = (stream: 'stdout' | 'stderr', line: string): void => {
    const text = command.output === 'raw' ? line : neutralise(plainText(line))
    tail.push(text)
    if (tail.length > TAIL_LINES) tail.shift()
    shownBytes += text.length + 1
    command.onLine(text, stream)
  }
  const ends = (['stdout', 'stderr'] as const).map(stream => {
    const cutter = lineCutter(line => show(stream, line), {limits})
    let unshown: Buffer[] = []
    child[stream]?.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (shownBytes <= limits.totalBytes) cutter.write(chunk)
      else unshown = [...unshown.slice(-1), chunk]
    })
    return (): void => {
      cutter.end()
      for (const line of lastLines(unshown, limits)) show(stream, line)
    }
  })
  return () => {
    if (shownBytes > limits.totalBytes) {
      command.onLine(`(${bytesText(bytes)} printed in all; after ${bytesText(limits.totalBytes)} only the last lines are shown)`, 'stdout')
    }
    for (const end of ends) end()
    return {bytes, tail}
  }
}

function lastLines(chunks: readonly Buffer[], limits: OutputLimits): string[] {
  const lines: string[] = []
  const cutter = lineCutter(line => lines.push(line), {limits})
  for (const chunk of chunks) cutter.write(chunk)
  cutter.end()
  return lines.slice(1).slice(-TAIL_LINES)
}

function stopper(child: ChildProcess, {timeoutMs, graceMs = GRACE_MS, signals = process}: Command) {
  const {send, later, end, release} = groupEnder(child)
  let interruptedBy: NodeJS.Signals | undefined
  let timedOut = false
  const interrupt = (signal: NodeJS.Signals) => (): void => {
    send(signal)
    send('SIGCONT')
    if (interruptedBy === undefined) end(graceMs.terminate, graceMs.kill)
    else end(0, Math.min(1000, graceMs.kill))
    interruptedBy ??= signal
  }
  const heard = [
    ['SIGINT', interrupt('SIGINT')],
    ['SIGTERM', interrupt('SIGTERM')]
  ] as const
  for (const [signal, act] of heard) signals.on(signal, act)
  if (timeoutMs !== undefined) {
    later(timeoutMs, () => {
      timedOut = true
      end(0, graceMs.kill - graceMs.terminate)
    })
  }
  return {
    interruptedBy: () => interruptedBy,
    timedOut: () => timedOut,
    release: () => {
      release()
      for (const [signal, act] of heard) signals.off(signal, act)
    }
  }
}

/** Signals to a command's group, now and later; nothing is sent any more once it is released. */
function groupEnder({pid}: ChildProcess) {
  const timers: NodeJS.Timeout[] = []
  const send = (signal: NodeJS.Signals): void => {
    if (pid !== undefined) signalGroup(pid, signal)
  }
  const later = (afterMs: number, act: () => void): void => void timers.push(setTimeout(act, afterMs))
  return {
    send,
    later,
    end: (terminateMs: number, killMs: number): void => {
      later(terminateMs, () => {
        send('SIGTERM')
        send('SIGCONT')
      })
      later(killMs, () => send('SIGKILL'))
    },
    release: (): void => {
      for (const timer of timers) clearTimeout(timer)
    }
  }
}

function exitOf(child: ChildProcess, {argv, cwd}: Command): Promise<{exitCode: number | null; signal: NodeJS.Signals | null}> {
  return new Promise((resolve, reject) => {
    child.once('error', error => reject(startError(argv[0], cwd, error)))
    child.once('exit', (exitCode, signal) => resolve({exitCode, signal}))
  })
}

function startError(program: string, cwd: string, error: Error): UserError {
  const code = codeOf(error)
  if (code === 'ENOENT') {
    return new UserError(`command: the program ${program} was not found`, {
      hint: `is it installed on this machine and on PATH, and is there a folder ${cwd}?`,
      cause: error
    })
  }
  if (code === 'EACCES')
    return new UserError(`command: ${program} may not be executed`, {hint: `chmod +x ${program}, or name its interpreter`, cause: error})
  return new UserError(`command: ${program} could not be started: ${error.message}`, {cause: error})
}

/** The command is gone; whatever it left behind holds the machine and the pipes, so it is named and killed. */
async function clearLeftovers(child: ChildProcess, mark: string | undefined): Promise<readonly Leftover[]> {
  const closed = new Promise<void>(resolve => {
    if (child.stdout?.closed && child.stderr?.closed) resolve()
    child.once('close', () => resolve())
  })
  await Promise.race([closed, pause(200)])
  const leftovers = mark === undefined ? [] : killLeftovers(mark, child.pid)
  await Promise.race([closed, pause(mark === undefined ? 0 : 2000)])
  child.stdout?.destroy()
  child.stderr?.destroy()
  return leftovers
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms).unref()
  })
}

import {type ChildProcess, spawn} from 'node:child_process'
import {createWriteStream} from 'node:fs'
import {createInterface} from 'node:readline'
import {UserError} from '#shared/errors'

/** A program that runs beside the workflow. */
export interface Program {
  /** ends it, after `graceMs` by force; resolves when it is gone */
  stop(graceMs?: number): Promise<void>
}

export interface ProgramOptions {
  readonly name: string
  /** a script for Node and its arguments */
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** where its lines go */
  readonly log: string
}

const READY_MS = 30_000
const GRACE_MS = 5000

/** Starts a program that nobody waits for. */
export function startProgram(options: ProgramOptions): Program {
  return follow(options).program
}

/** Starts a program and waits for the line that says it is ready; gives that line's match. Throws UserError with its last lines when it ends before, or takes longer than 30 s. */
export async function startServer(options: ProgramOptions, ready: RegExp): Promise<Program & {readonly match: RegExpExecArray}> {
  const {program, child, lines} = follow(options)
  const tail: string[] = []
  return await new Promise((resolve, reject) => {
    const fail = (what: string) =>
      reject(new UserError(`${options.name}: ${what}`, {hint: tail.slice(-5).join('\n') || `Its log is ${options.log}.`}))
    const timer = setTimeout(() => program.stop().then(() => fail('was not ready in 30 s')), READY_MS)
    child.once('close', code => {
      clearTimeout(timer)
      fail(`ended with exit code ${code} before it was ready`)
    })
    lines(line => {
      tail.push(line)
      const match = ready.exec(line)
      if (match === null) return
      clearTimeout(timer)
      resolve({...program, match})
    })
  })
}

// Over its channel a program notices that this one is gone, whatever ended it.
const END_TOGETHER = `data:text/javascript,process.once('disconnect',()=>process.kill(process.pid,'SIGTERM')).channel.unref()`

function follow({argv, env, log}: ProgramOptions) {
  const child = spawn(process.execPath, ['--import', END_TOGETHER, ...argv], {
    env: {...process.env, ...env},
    stdio: ['ignore', 'pipe', 'pipe', 'ipc']
  })
  const file = createWriteStream(log)
  const listeners: ((line: string) => void)[] = []
  for (const stream of [child.stdout, child.stderr].filter(stream => stream !== null)) {
    createInterface({input: stream}).on('line', line => {
      file.write(`${line}\n`)
      for (const listener of listeners) listener(line)
    })
  }
  child.once('close', () => file.end())
  const program: Program = {stop: (graceMs = GRACE_MS) => stop(child, graceMs)}
  return {program, child, lines: (listener: (line: string) => void) => void listeners.push(listener)}
}

async function stop(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(timer)
}

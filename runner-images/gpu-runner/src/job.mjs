import {spawn} from 'node:child_process'
import {randomUUID} from 'node:crypto'
import {readdirSync, readFileSync} from 'node:fs'
import {createInterface} from 'node:readline'

/** The runner gives a step 7.5 s from SIGINT to SIGTERM and 2.5 s more until it kills; then it sends the log. */
const STOP_MS = 7500 + 2500 + 15_000
const IDLE_CHECK_MS = 60_000
/** Of the image and the key's keeper; a job has no use for them. */
const OWN = /^(?:RUNNER_JITCONFIG_FILE|RUNNER_(?:SCOPE|LABELS|GROUP_ID|PROGRAM)|GITHUB_APP_.*|GPU_.*|DRAIN_SECONDS)$/

/**
 * Starts the runner for one job and ends with it. While it waits, `check` looks at the GPUs: what it finds ends the wait. SIGTERM and SIGINT drain:
 * an idle runner ends at once, a job may go on for `DRAIN_SECONDS` and is then interrupted as GitHub interrupts a cancelled one. Returns the exit code and the faults.
 */
export async function runJob(config, env, {check, signals, log}) {
  const mark = randomUUID()
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !OWN.test(name)))
  // In the environment, which the runner does not hand on to its job, though /proc shows it to the runner's user; arguments it shows to everybody.
  const child = spawn(env.RUNNER_PROGRAM || './run.sh', [], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {...kept, ACTIONS_RUNNER_INPUT_JITCONFIG: config, RUNNER_MANUALLY_TRAP_SIG: '1', GPU_RUNNER_MARK: mark}
  })
  const state = {job: undefined, faults: [], stopping: false}
  createInterface({input: child.stdout}).on('line', line => {
    log(line)
    const [, name] = /Running job: (.*)$/.exec(line) ?? []
    if (name !== undefined) state.job = name
  })
  const stopMs = Number(env.GPU_STOP_MS) || STOP_MS
  const stop = stopper(child, state, {log, mark, stopMs, drainMs: 1000 * (Number(env.DRAIN_SECONDS) || 0)})
  const idle = setInterval(() => void whileIdle(state, check, stop), Number(env.GPU_IDLE_CHECK_MS) || IDLE_CHECK_MS)
  for (const signal of ['SIGTERM', 'SIGINT']) signals.on(signal, stop.drain)
  try {
    const code = await ending(child)
    if (state.job !== undefined) state.faults.push(...(await check()))
    return {code: state.stopping && state.job === undefined ? 0 : code, faults: state.faults}
  } finally {
    clearInterval(idle)
    for (const signal of ['SIGTERM', 'SIGINT']) signals.off(signal, stop.drain)
    stop.release()
    killMarked(mark)
  }
}

async function whileIdle(state, check, stop) {
  if (state.job !== undefined || state.stopping) return
  const faults = await check().catch(error => [`the GPUs could not be checked: ${error.message}`])
  // A job that came meanwhile is not taken away: its own end is looked at.
  if (faults.length === 0 || state.job !== undefined) return
  state.faults.push(...faults)
  stop.interrupt()
}

function stopper(child, state, {log, mark, stopMs, drainMs}) {
  const timers = []
  const interrupt = () => {
    state.stopping = true
    child.kill('SIGINT')
    timers.push(
      setTimeout(() => {
        log('the runner did not end in time and is killed')
        killMarked(mark)
        child.kill('SIGKILL')
      }, stopMs)
    )
  }
  const drain = () => {
    if (state.stopping) return
    state.stopping = true
    if (state.job === undefined || drainMs === 0) return interrupt()
    log(`draining: ${state.job} may go on for ${drainMs / 1000} s`)
    timers.push(setTimeout(interrupt, drainMs))
  }
  return {interrupt, drain, release: () => timers.forEach(clearTimeout)}
}

function ending(child) {
  return new Promise((resolve, reject) => {
    child.once('error', error => reject(new Error(`the runner could not be started: ${error.message}`)))
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)))
  })
}

/** Kills what the runner or its job left behind, in whatever group or session: all carry the mark in their environment. */
function killMarked(mark) {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It ended meanwhile, or is not ours.
    }
  }
}

#!/usr/bin/env node
// register: prints the configuration of one runner for one job, and needs the app's key.  run: takes one job, and must not have it.  health: exit code 0 or 75.
import {accessSync, constants, readFileSync, rmSync} from 'node:fs'
import {gpuFaults} from './gpus.mjs'
import {runJob} from './job.mjs'
import {jitConfig} from './registration.mjs'

/** EX_TEMPFAIL: this machine must be looked at before it takes a job. */
const QUARANTINED = 75

const COMMANDS = {
  async register(env) {
    const {name, encoded} = await jitConfig(env, {now: Date.now(), fetch})
    console.error(`registered ${name} for one job`)
    process.stdout.write(`${encoded}\n`)
    return 0
  },
  async health(env) {
    const faults = await gpuFaults(env)
    for (const fault of faults) console.error(fault)
    return faults.length > 0 ? QUARANTINED : 0
  },
  async run(env) {
    refuseKey(env)
    const faults = await gpuFaults(env)
    if (faults.length > 0) return quarantine(faults)
    const config = takeConfig(env)
    const {code, faults: found} = await runJob(config, env, {check: () => gpuFaults(env), signals: process, log: line => console.log(line)})
    return found.length > 0 ? quarantine(found) : code
  }
}

/** What runs in a job may read what this process may read. */
function refuseKey({GITHUB_APP_PRIVATE_KEY: key, GITHUB_APP_PRIVATE_KEY_FILE: file}) {
  if (key || (file && readable(file)))
    throw new Error(
      "run: the app's private key is here, where the job could read it: register in another container, and hand over what it prints"
    )
}

function readable(path) {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function quarantine(faults) {
  for (const fault of faults) console.error(`::error title=GPU quarantined::${fault}`)
  console.error('this machine takes no job: drain it, reset the GPU or reboot, and look at it before it returns')
  return QUARANTINED
}

/** From the variable that actions-runner-controller sets, or from a file, which is removed: it is good for one job. */
function takeConfig({ACTIONS_RUNNER_INPUT_JITCONFIG: given, RUNNER_JITCONFIG_FILE: file}) {
  if (given) return given.trim()
  if (!file) throw new Error('run: no configuration; set ACTIONS_RUNNER_INPUT_JITCONFIG or RUNNER_JITCONFIG_FILE to what register printed')
  const text = readFileSync(file, 'utf8').trim()
  rmSync(file)
  return text
}

const [command = 'run'] = process.argv.slice(2)
try {
  if (!Object.hasOwn(COMMANDS, command)) throw new Error(`${command}: expected ${Object.keys(COMMANDS).join(', ')}`)
  process.exitCode = await COMMANDS[command](process.env)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

import type {Action} from '#shared/action'
import {cacheIsAbandoned} from '#shared/cache'
import type {InputSpec} from '#shared/inputs'
import {inputs as checkFairness} from './check-fairness/src/inputs.js'
import {inputs as checkRobustness} from './check-robustness/src/inputs.js'
import {inputs as deployCanary} from './deploy-canary/src/inputs.js'
import {inputs as evaluate} from './evaluate/src/inputs.js'
import {inputs as publish} from './publish/src/inputs.js'
import {inputs as report} from './report/src/inputs.js'
import {inputs as train} from './train/src/inputs.js'
import {inputs as validateData} from './validate-data/src/inputs.js'

interface Entry {
  readonly inputs: InputSpec
  // biome-ignore lint/suspicious/noExplicitAny: each action has inputs of its own type
  load(): Promise<{default: Action<any>}>
}

/** Every action: its inputs at once, its code only when it runs. */
export const ACTIONS: Readonly<Record<string, Entry>> = {
  'validate-data': {inputs: validateData, load: () => import('./validate-data/src/main.js')},
  train: {inputs: train, load: () => import('./train/src/main.js')},
  evaluate: {inputs: evaluate, load: () => import('./evaluate/src/main.js')},
  'check-fairness': {inputs: checkFairness, load: () => import('./check-fairness/src/main.js')},
  'check-robustness': {inputs: checkRobustness, load: () => import('./check-robustness/src/main.js')},
  publish: {inputs: publish, load: () => import('./publish/src/main.js')},
  'deploy-canary': {inputs: deployCanary, load: () => import('./deploy-canary/src/main.js')},
  report: {inputs: report, load: () => import('./report/src/main.js')}
}

/** The inputs of every action by its name: the vocabulary of `trainyard.yml`. */
export const VOCABULARY = Object.fromEntries(Object.entries(ACTIONS).map(([name, {inputs}]) => [name, inputs]))

const print = (line: string) => void process.stdout.write(`${line}\n`)

/** Runs an action as a step of a job: inputs from `INPUT_*`, exit code 0 or 1. A cache that does not answer is not waited for. */
export async function runStep(name: string): Promise<void> {
  await guarded(async () => {
    const [{runAction}, {default: action}] = await Promise.all([import('#shared/action'), ACTIONS[name].load()])
    return runAction(action, VOCABULARY, {env: process.env, cwd: process.cwd(), now: () => new Date(), print})
  })
  if (cacheIsAbandoned()) process.stdout.write('', () => process.exit())
}

/** Runs the command line: `trainyard <action> --input value`, `trainyard run <workflow.yml>`. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  await guarded(async () => {
    // `npm run trainyard` runs in the clone; paths are meant from where it was called.
    if (process.env.npm_lifecycle_event === 'trainyard' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)
    // Who reads no further (`trainyard history | head`) has seen enough.
    process.stdout.on('error', error => {
      if (!('code' in error) || error.code !== 'EPIPE') throw error
    })
    const {commandLine} = await import('#shared/cli/command-line')
    return commandLine(args, {actions: ACTIONS, vocabulary: VOCABULARY, env: process.env, cwd: process.cwd(), print})
  })
}

/** Runs the model server until it is told to end. */
export async function runModelServer(args: readonly string[]): Promise<void> {
  await guarded(async () => {
    const {main} = await import('../runner-images/model-server/src/main.js')
    return main(args)
  })
}

// Without a last catch Node prints the whole minified line that threw.
async function guarded(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work()
  } catch (error) {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exitCode = 1
  }
}

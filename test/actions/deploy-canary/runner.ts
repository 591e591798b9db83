import {spawn} from 'node:child_process'
import {mkdtemp, readdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll} from 'vitest'
import type {Evidence} from '#shared/evidence/evidence'
import type {Yard} from '../../support/canary.js'
import {compile} from '../../support/compile.js'
import {TOKEN} from '../../support/served-model.js'

let compiled: Awaited<ReturnType<typeof compile>>

/** Compiles the action once for a file of tests. */
export function compileStep(): void {
  beforeAll(async () => {
    compiled = await compile('test/actions/deploy-canary/step.ts')
  })
  afterAll(() => compiled.remove())
}

export interface Step {
  readonly code: number | null
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly evidence?: Evidence
}

export interface Given {
  readonly inputs?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** sent SIGINT when the log says this */
  readonly interruptAt?: string
}

/** The action as the runner would start it: inputs and everything else by the environment. */
export async function step(yard: Yard, {inputs = {}, env = {}, interruptAt}: Given = {}): Promise<Step> {
  const temp = await mkdtemp(join(yard.folder, 'runner-'))
  const output = join(temp, 'output')
  await writeFile(output, '')
  const given = {
    endpoint: yard.served.address,
    'endpoint-token': TOKEN,
    name: 'wages',
    registry: yard.root,
    'minimum-requests': '50',
    ...inputs
  }
  const child = spawn(process.execPath, [compiled.program], {
    cwd: yard.folder,
    env: {
      PATH: process.env.PATH,
      ...{
        GITHUB_ACTIONS: 'true',
        GITHUB_JOB: 'deploy',
        GITHUB_RUN_ID: '7',
        GITHUB_REPOSITORY: 'o/r',
        RUNNER_TEMP: temp,
        GITHUB_OUTPUT: output
      },
      ...Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      ...env
    }
  })
  let log = ''
  const listen = (chunk: Buffer) => {
    log += chunk
    if (interruptAt !== undefined && log.includes(interruptAt)) child.kill('SIGINT')
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  const outputs = Object.fromEntries(
    [...(await readFile(output, 'utf8')).matchAll(/^(\w+)<<(\S+)\n(.*)\n\2$/gm)].map(([, name, , value]) => [name, value])
  )
  const folder = join(temp, 'trainyard', 'deploy')
  const [file] = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.json'))
  return {code, log, outputs, evidence: file === undefined ? undefined : JSON.parse(await readFile(join(folder, file), 'utf8'))}
}

/** Requests keep coming in, looked at or not. */
export function traffic(yard: Yard): () => void {
  const timer = setInterval(() => {
    for (let request = 0; request < 40; request++) yard.served.serving.predict([{}], performance.now()).catch(() => undefined)
  }, 10)
  return () => clearInterval(timer)
}

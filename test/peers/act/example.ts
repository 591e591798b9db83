import {execFileSync, type SpawnSyncReturns, spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, delimiter, dirname, join, resolve} from 'node:path'
import {createInterface} from 'node:readline'
import {onTestFinished} from 'vitest'
import {parse} from 'yaml'
import {runWorkflow} from '../../../shared/cli/run/run.js'
import type {Evidence} from '../../../shared/evidence/evidence.js'
import {parseEvidence} from '../../../shared/evidence/schema.js'

const EXAMPLE = resolve('workflows-examples/wages')
const WORKFLOW = '.github/workflows/continuous-training.yml'
const OUTPUTS = ['model.onnx', 'metrics.json', 'history.jsonl', 'trainyard-out']
const TOKEN = 'model-server-token'

/** What a run of the example comes to, whoever ran it. */
export interface Ending {
  /** `success`, `failure` or `skipped` by job */
  readonly jobs: Readonly<Record<string, string>>
  readonly evidence: readonly Said[]
}

interface Said {
  readonly artifact: string
  readonly action: string
  readonly verdict: string
  readonly outcome: string
  readonly subjects: readonly string[]
  readonly checks: readonly string[]
}

/** The example's repository with the files of a case over it, and a registry and a model server of its own. */
export interface Yard {
  readonly folder: string
  readonly repository: string
  readonly vars: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
}

export async function openYard(change?: string): Promise<Yard> {
  const folder = mkdtempSync(join(tmpdir(), 'yard-'))
  onTestFinished(() => rmSync(folder, {recursive: true, force: true}))
  const repository = join(folder, 'wages')
  cpSync(EXAMPLE, repository, {recursive: true, filter: path => !OUTPUTS.includes(basename(path))})
  if (change !== undefined) cpSync(join(EXAMPLE, 'cases', change), repository, {recursive: true})
  const git = (...argv: string[]) => execFileSync('git', ['-c', 'commit.gpgsign=false', ...argv], {cwd: repository, stdio: 'pipe'})
  git('init', '--quiet', '--initial-branch=main')
  git('config', 'user.name', 'ada')
  git('config', 'user.email', 'ada@example.invalid')
  git('remote', 'add', 'origin', 'https://github.com/octo/wages.git')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'Train')
  const registry = join(folder, 'registry')
  mkdirSync(registry)
  const vars = {TRAINYARD_REGISTRY: registry, MODEL_SERVER: await startModelServer(folder)}
  return {folder, repository, vars, secrets: {MODEL_SERVER_TOKEN: TOKEN}}
}

async function startModelServer(folder: string): Promise<string> {
  const argv = [resolve('dist/model-server.js'), '--port', '0', '--host', '127.0.0.1', '--data', join(folder, 'model-server')]
  const server = spawn(process.execPath, argv, {
    env: {PATH: process.env.PATH, MODEL_SERVER_TOKEN: TOKEN},
    stdio: ['ignore', 'pipe', 'ignore']
  })
  onTestFinished(async () => {
    const gone = once(server, 'exit')
    server.kill('SIGTERM')
    await gone
  })
  for await (const line of createInterface({input: server.stdout})) {
    const [, address] = /listening on (http:\S+)/.exec(line) ?? []
    if (address === undefined) continue
    server.stdout.resume()
    return address
  }
  throw new Error('the model server ended before it listened')
}

export async function throughTrainyard(yard: Yard): Promise<Ending> {
  const {vars, secrets, repository, folder} = yard
  const {jobs, artifactsDir = ''} = await runWorkflow({
    file: WORKFLOW,
    cwd: repository,
    packageRoot: resolve('.'),
    event: 'push',
    vars,
    secrets,
    env: process.env,
    workDir: join(folder, 'run')
  })
  return {jobs: Object.fromEntries(jobs.map(({id, result}) => [id, result])), evidence: evidenceIn(artifactsDir)}
}

/** Runs the example with act on this machine, with no network: `node` is the one that its steps run on. */
export function throughAct(yard: Yard, act: string, node: string): Ending & {readonly log: string} {
  const {folder, repository} = yard
  const artifacts = join(folder, 'artifacts')
  for (const name of ['home', 'cache', 'artifacts']) mkdirSync(join(folder, name))
  const named = (flag: string, pairs: Readonly<Record<string, string>>) =>
    Object.entries(pairs).flatMap(([name, value]) => [flag, `${name}=${value}`])
  const argv = [
    ...['push', '--workflows', WORKFLOW, '--json', '--actor', 'ada', '--concurrent-jobs', '1'],
    ...['--no-cache-server', '--action-offline-mode'],
    ...['ubuntu-latest', 'self-hosted', 'gpu'].flatMap(label => ['--platform', `${label}=-self-hosted`]),
    ...named('--local-repository', {'OWNER/trainyard@v1': suiteIn(folder), ...standIns(repository)}),
    ...named('--var', yard.vars),
    ...named('--secret', yard.secrets),
    ...named('--env', {ARTIFACTS: artifacts, TRAINYARD: resolve('.')})
  ]
  const path = [dirname(node), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
  const env = {PATH: path, HOME: join(folder, 'home'), XDG_CACHE_HOME: join(folder, 'cache')}
  const ended = spawnSync(act, argv, {cwd: repository, env, encoding: 'utf8', timeout: 240_000, maxBuffer: 2 ** 28})
  return {jobs: jobsIn(ended, repository), evidence: evidenceIn(artifacts), log: errorsIn(ended.stdout)}
}

/** What a release holds, without the rest of this checkout. */
function suiteIn(folder: string): string {
  const suite = join(folder, 'suite')
  for (const name of ['actions', 'dist', 'package.json']) cpSync(name, join(suite, name), {recursive: true})
  symlinkSync(resolve('node_modules'), join(suite, 'node_modules'))
  return suite
}

/** GitHub's own artifact actions, by the commit that the workflow pins, to stand-ins that need no server. */
function standIns(repository: string): Record<string, string> {
  const pinned = readFileSync(join(repository, WORKFLOW), 'utf8').matchAll(/uses: (actions\/((?:up|down)load-artifact)@[0-9a-f]{40})/g)
  return Object.fromEntries(Array.from(pinned, ([, uses, name]) => [uses, resolve('test/peers/act', name)]))
}

function jobsIn({stdout, stderr, status}: SpawnSyncReturns<string>, repository: string): Record<string, string> {
  const lines: {jobID?: string; jobResult?: string}[] = stdout.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line)] : []))
  const results = lines.flatMap(({jobID, jobResult}) => (jobID && jobResult ? [[jobID, jobResult] as const] : []))
  if (results.length === 0) throw new Error(`act ended with ${status} and ran no job\n${stderr}\n${stdout.slice(-2000)}`)
  const {jobs}: {jobs: object} = parse(readFileSync(join(repository, WORKFLOW), 'utf8'))
  const declared = Object.keys(jobs).map(id => [id, 'skipped'] as const)
  return {...Object.fromEntries(declared), ...Object.fromEntries(results)}
}

function evidenceIn(artifacts: string): readonly Said[] {
  const paths = readdirSync(artifacts, {recursive: true}).map(String)
  return paths
    .filter(path => /^[^/]+\/[a-z-]+-[0-9a-f]{12}\.json$/.test(path))
    .map(path => saidBy(dirname(path), parseEvidence(JSON.parse(readFileSync(join(artifacts, path), 'utf8')), path)))
    .sort((one, other) => (`${one.artifact} ${one.action}` < `${other.artifact} ${other.action}` ? -1 : 1))
}

function saidBy(artifact: string, {action, verdict, outcome, subjects, checks}: Evidence): Said {
  return {
    artifact,
    action: action.name,
    verdict,
    outcome,
    subjects: subjects.flatMap(({kind, digest}) => (kind === 'deployment' ? [] : [`${kind} ${digest.sha256}`])),
    checks: checks.map(check => `${check.verdict} ${check.id}`)
  }
}

function errorsIn(stdout: string): string {
  return stdout
    .split('\n')
    .filter(line => line.includes('"command":"error"') || line.includes('"level":"error"'))
    .map(line => String(JSON.parse(line).msg).trim())
    .join('\n')
}

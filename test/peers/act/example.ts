import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, dirname, join, resolve} from 'node:path'
import {createInterface} from 'node:readline'
import {onTestFinished} from 'vitest'
import {parse} from 'yaml'
import {runWorkflow} from '../../../shared/cli/run/run.js'
import type {Evidence} from '../../../shared/evidence/evidence.js'
import {parseEvidence} from '../../../shared/evidence/schema.js'
import {runAct, standIns} from './machine.js'

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

/** A registry, and what its runs need to reach it. */
export interface Place {
  readonly registry: string
  readonly secrets?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** The example's repository with the files of a case over it, and a registry and a model server of its own. */
export interface Yard {
  readonly folder: string
  readonly repository: string
  readonly vars: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

/** Its registry is a folder where no other place is given. */
export async function openYard(change?: string, place?: Place): Promise<Yard> {
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
  const vars = {TRAINYARD_REGISTRY: place?.registry ?? registry, MODEL_SERVER: await startModelServer(folder)}
  return {folder, repository, vars, secrets: {MODEL_SERVER_TOKEN: TOKEN, ...place?.secrets}, env: place?.env ?? {}}
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
export async function throughAct(yard: Yard, act: string, node: string): Promise<Ending & {readonly log: string}> {
  const {folder, repository, vars, secrets} = yard
  const artifacts = join(folder, 'artifacts')
  mkdirSync(artifacts)
  const workflow = join(repository, WORKFLOW)
  const {jobs, errors} = await runAct({
    act,
    node,
    repository,
    workflow: WORKFLOW,
    folder,
    repositories: {'OWNER/trainyard@v1': suiteIn(folder), ...standIns(workflow)},
    vars,
    secrets,
    env: {...yard.env, ARTIFACTS: artifacts, TRAINYARD: resolve('.')}
  })
  const declared: {jobs: object} = parse(readFileSync(workflow, 'utf8'))
  const skipped = Object.fromEntries(Object.keys(declared.jobs).map(id => [id, 'skipped']))
  return {jobs: {...skipped, ...jobs}, evidence: evidenceIn(artifacts), log: errors.join('\n')}
}

/** What a release holds, without the rest of this checkout. */
function suiteIn(folder: string): string {
  const suite = join(folder, 'suite')
  for (const name of ['actions', 'dist', 'package.json']) cpSync(name, join(suite, name), {recursive: true})
  symlinkSync(resolve('node_modules'), join(suite, 'node_modules'))
  return suite
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

import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {dirname, isAbsolute, join, relative, sep} from 'node:path'
import {UserError} from '#shared/errors'
import {baseOf} from '#shared/event'
import type {Check} from '#shared/evidence/evidence'
import {readBounded} from '#shared/files'
import type {Loosening} from '#shared/gates/loosened'
import type {Contents} from '#shared/github/contents'
import {type Config, parseConfig, type Vocabulary} from '#shared/inputs/config'
import {loosenedInputs} from '#shared/inputs/loosened'
import type {InputSpec} from '#shared/inputs/reader'
import {find, type Sources} from '#shared/inputs/resolve'
import type {World} from '#shared/world'

/** An action about to judge, with the inputs that it judges by. */
export interface Judging {
  readonly spec: InputSpec
  readonly vocabulary: Vocabulary
  readonly sources: Sources
  readonly world: Pick<World, 'env' | 'cwd' | 'event' | 'run' | 'configFile'>
  readonly token?: string
}

const BUDGET = {callMs: 10_000, budgetMs: 30_000}
const LARGEST_CONTRACT = 16 << 20

/**
 * What is looser, or otherwise, by the inputs of this run than by `trainyard.yml` of its base, a warning each, so that a reviewer sees it; one warning
 * where they can't be compared. Nothing where a run has no base. One call to GitHub, and one more for a contract; where the base has no such file, three.
 */
export async function loosening(judging: Judging): Promise<readonly Check[]> {
  const base = baseOf(judging.world.event)
  if (base === undefined || !compares(judging)) return []
  const before = base.kind === 'push' ? {sha: base.before, where: `${base.branch} before this push`} : {sha: base.base, where: base.branch}
  try {
    const found = (await compareWith(before, judging)).map(({id, message}) => ({id, verdict: 'warn' as const, message}))
    return [...new Map(found.map(one => [`${one.id}\0${one.message}`, one])).values()]
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const hint = error.hint ? `. ${error.hint.replaceAll('\n', ' ')}` : ''
    const message = `the inputs of ${before.where} could not be compared: ${error.message}${hint}`
    return [{id: 'base_not_compared', verdict: 'warn', message}]
  }
}

/** What runs the project's own code has no token unless somebody gives it one. */
function compares({spec, sources: {action}, token}: Judging): boolean {
  return Object.values(spec).some(({judges}) => judges !== undefined) && (action !== 'train' || Boolean(token))
}

/** Actions whose part of the file the report compares as well: the first has no token, and the others run when nobody reviews any more. */
const SPOKEN_FOR = ['train', 'publish', 'deploy-canary']

async function compareWith({sha, where}: {readonly sha: string; readonly where: string}, judging: Judging): Promise<Loosening[]> {
  const {vocabulary, sources, world, token} = judging
  if (!token) throw new UserError('there is no github-token to read them with', {hint: 'Leave github-token out, or give the job’s'})
  const [{openContents}, {needed}] = await Promise.all([import('#shared/github/contents'), import('#shared/github/needed')])
  const {env, run} = world
  const access = {...BUDGET, apiUrl: env.GITHUB_API_URL || 'https://api.github.com', token, repository: run.repository}
  const contents = openContents(access)
  const read: Contents['file'] = (path, at) => contents.file(path, at).catch(needed(`${path} of ${where}`, 'contents: read'))
  const file = world.configFile ?? join(world.cwd, USUAL)
  const path = pathInRepository(file, env)
  const found = await read(path, sha)
  if (found === null) return path === USUAL || (await read(USUAL, sha)) === null ? [] : [moved(path, where)]
  if (found.text === undefined) throw new UserError(`${path} of ${where} is larger than GitHub sends along`)
  const before = parseConfig(found.text, file, vocabulary, `${path} of ${where}`)
  const others = sources.action === 'report' ? SPOKEN_FOR.filter(action => Object.hasOwn(vocabulary, action)) : []
  return [
    ...loosenedInputs({...judging, before, where}),
    ...(await contractsOf(before, where, judging, one => read(one, sha))),
    ...others.flatMap(action => loosenedInputs({spec: vocabulary[action], sources: {...sources, action, direct: {}}, before, where}))
  ]
}

const USUAL = 'trainyard.yml'

/** A repository that begins with Trainyard has neither file on its base. */
function moved(path: string, where: string): Loosening {
  return {id: 'config_moved', message: `config: ${path} is not there on ${where}, which has ${USUAL}: what that asks for was not compared`}
}

/** A contract is not read but compared by its digest: its rules may be looser, or not. */
async function contractsOf(
  before: Config,
  where: string,
  {spec, sources, world: {env}}: Judging,
  read: (path: string) => ReturnType<Contents['file']>
): Promise<Loosening[]> {
  const found: Loosening[] = []
  for (const [name, reader] of Object.entries(spec).filter(([, {judges}]) => judges === 'contents')) {
    const [then, file] = [{...sources, direct: {}, env: {}, config: before}, sources].map(from => {
      const given = find(name, reader, from)
      return given === undefined ? undefined : String(reader.parse(given))
    })
    if (then !== undefined) found.push(...(await contentsOf(name, {path: pathInRepository(then, env), file, then, where, env}, read)))
  }
  return found
}

interface Document {
  /** of before, in the repository */
  readonly path: string
  readonly then: string
  readonly file: string | undefined
  readonly where: string
  readonly env: World['env']
}

async function contentsOf(
  name: string,
  {path, then, file, where, env}: Document,
  read: (path: string) => ReturnType<Contents['file']>
): Promise<Loosening[]> {
  if (file === undefined) return [{id: `${name}_removed: ${path}`, message: `the ${name} ${path} of ${where} is gone`}]
  const id = `${name}_changed: ${path}`
  if (file !== then)
    return [{id, message: `the ${name} of ${where} is ${path}, and is now ${pathInRepository(file, env)}: what it asks for may be less`}]
  const found = await read(path)
  if (found === null || found.blob === (await blobOf(file))) return []
  return [{id, message: `the ${name} ${path} is not that of ${where}: what it asks for may be less`}]
}

async function blobOf(path: string): Promise<string> {
  const bytes = await readBounded(path, LARGEST_CONTRACT)
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

function pathInRepository(file: string, env: World['env']): string {
  const root = rootOf(env, dirname(file))
  const path = relative(root, file)
  if (path.startsWith('..') || isAbsolute(path)) throw new UserError(`${file} lies outside of the repository ${root}`)
  return path.split(sep).join('/')
}

/** The checkout around a folder, else the workspace. */
function rootOf(env: World['env'], folder: string): string {
  for (let here = folder; here !== dirname(here); here = dirname(here)) if (existsSync(join(here, '.git'))) return here
  if (env.GITHUB_WORKSPACE) return env.GITHUB_WORKSPACE
  throw new UserError('where the repository lies is not known', {hint: 'Run this in a checkout.'})
}

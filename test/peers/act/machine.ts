import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {delimiter, dirname, join, resolve} from 'node:path'

/** One call of act, on this machine and with no network but loopback. */
export interface Wish {
  /** the program, and the Node that steps run on */
  readonly act: string
  readonly node: string
  /** the repository whose workflow runs */
  readonly repository: string
  readonly workflow: string
  /** an empty or new folder for what the run leaves */
  readonly folder: string
  /** `octo/trainyard@v1` to the folder that holds it */
  readonly repositories: Readonly<Record<string, string>>
  readonly vars?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** default: a push */
  readonly event?: {readonly name: string; readonly payload: object}
}

export interface Acted {
  /** `success` or `failure` by job; a job that did not run is not there */
  readonly jobs: Readonly<Record<string, string>>
  /** everything that was logged, a line each */
  readonly lines: readonly string[]
  /** texts of `::error` */
  readonly errors: readonly string[]
}

interface Line {
  readonly jobID?: string
  readonly jobResult?: string
  readonly command?: string
  readonly arg?: string
  readonly msg?: string
}

/** Runs in a process beside this one, so that servers of the test can answer. */
export async function runAct(wish: Wish): Promise<Acted> {
  const {folder, repository} = wish
  for (const name of ['home', 'cache']) mkdirSync(join(folder, name), {recursive: true})
  const named = (flag: string, pairs: Readonly<Record<string, string>> = {}) =>
    Object.entries(pairs).flatMap(([name, value]) => [flag, `${name}=${value}`])
  const event = join(folder, 'event.json')
  if (wish.event !== undefined) writeFileSync(event, JSON.stringify(wish.event.payload))
  const argv = [
    ...(wish.event === undefined ? ['push'] : [wish.event.name, '--eventpath', event]),
    ...['--workflows', wish.workflow, '--json', '--actor', 'ada', '--concurrent-jobs', '1'],
    ...['--no-cache-server', '--action-offline-mode'],
    ...['ubuntu-latest', 'self-hosted', 'gpu'].flatMap(label => ['--platform', `${label}=-self-hosted`]),
    ...named('--local-repository', wish.repositories),
    ...named('--var', wish.vars),
    ...named('--secret', wish.secrets),
    ...named('--env', wish.env)
  ]
  const path = [dirname(wish.node), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
  const env = {PATH: path, HOME: join(folder, 'home'), XDG_CACHE_HOME: join(folder, 'cache')}
  const child = spawn(wish.act, argv, {cwd: repository, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000})
  const [said, complained]: Buffer[][] = [[], []]
  child.stdout.on('data', chunk => said.push(chunk))
  child.stderr.on('data', chunk => complained.push(chunk))
  const [status] = await once(child, 'close')
  const [stdout, stderr] = [said, complained].map(chunks => Buffer.concat(chunks).toString())
  const lines: Line[] = stdout.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line)] : []))
  const jobs = Object.fromEntries(lines.flatMap(({jobID, jobResult}) => (jobID && jobResult ? [[jobID, jobResult] as const] : [])))
  if (Object.keys(jobs).length === 0) throw new Error(`act ended with ${status} and ran no job\n${stderr}\n${stdout.slice(-2000)}`)
  return {
    jobs,
    lines: lines.map(({msg = ''}) => msg.trimEnd()),
    errors: lines.flatMap(({command, arg = ''}) => (command === 'error' ? [arg] : []))
  }
}

/** GitHub's own artifact actions, by the commits that a workflow pins, to stand-ins that need no server. */
export function standIns(workflow: string): Record<string, string> {
  const pinned = readFileSync(workflow, 'utf8').matchAll(/uses: (actions\/((?:up|down)load-artifact)@[0-9a-f]{40})/g)
  return Object.fromEntries(Array.from(pinned, ([, uses, name]) => [uses, resolve('test/peers/act', name)]))
}

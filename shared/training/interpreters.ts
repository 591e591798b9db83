import {EventEmitter} from 'node:events'
import {runCommand} from '#shared/process'

const ASKED = ['node', 'python3', 'python', 'Rscript', 'julia'] as const
const LIMIT_MS = 10_000

/** What the interpreters on the path say of their versions, by name; those that are not there are left out. */
export async function readInterpreters(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string
): Promise<Readonly<Record<string, string>>> {
  const told = await Promise.all(ASKED.map(async name => [name, await versionOf(name, env, cwd)] as const))
  return Object.fromEntries(told.flatMap(([name, version]) => (version === undefined ? [] : [[name, version]])))
}

async function versionOf(name: string, env: Readonly<Record<string, string | undefined>>, cwd: string): Promise<string | undefined> {
  const lines: string[] = []
  const onLine = (line: string) => void (line.trim() !== '' && lines.push(line.trim()))
  try {
    const {exitCode} = await runCommand({argv: [name, '--version'], cwd, env, onLine, timeoutMs: LIMIT_MS, signals: new EventEmitter()})
    return exitCode === 0 ? lines[0]?.slice(0, 200) : undefined
  } catch {
    return undefined
  }
}

import {mkdir, mkdtemp, readFile, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {type Action, type ExitCode, runAction} from '#shared/action'
import type {Evidence} from '#shared/evidence/evidence'
import {readEvidence} from '#shared/evidence/files'
import type {InputSpec} from '#shared/inputs'
import {ACTIONS, VOCABULARY} from '../../actions/index.js'

/** A folder that a test's files lie in. */
export async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'step-'))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), {recursive: true})
    await writeFile(join(folder, name), content)
  }
  return folder
}

export interface Ended {
  readonly code: ExitCode
  /** everything that was printed */
  readonly log: string
  /** the newest evidence of the action; undefined when none was written */
  readonly evidence?: Evidence
}

/** Runs a real action on a terminal, in a folder, with flags. */
export async function onTerminal(
  folder: string,
  name: string,
  flags: Readonly<Record<string, string | readonly string[]>> = {},
  env: Readonly<Record<string, string>> = {}
): Promise<Ended> {
  const {default: action} = await ACTIONS[name].load()
  return await runOnTerminal(action, folder, flags, env)
}

/** The same for an action of the test's own. */
export async function runOnTerminal<S extends InputSpec>(
  action: Action<S>,
  folder: string,
  flags: Readonly<Record<string, string | readonly string[]>> = {},
  env: Readonly<Record<string, string>> = {}
): Promise<Ended> {
  const lines: string[] = []
  const listed = Object.fromEntries(Object.entries(flags).map(([flag, value]) => [flag, typeof value === 'string' ? [value] : value]))
  const host = {env, cwd: folder, flags: listed, now: () => new Date(), print: (line: string) => void lines.push(line)}
  const code = await runAction(action, {...VOCABULARY, [action.name]: action.inputs}, host)
  const {counted} = await readEvidence(join(folder, 'trainyard-out'), {kind: 'folder'})
  return {code, log: lines.join('\n'), evidence: counted.find(({evidence}) => evidence.action.name === action.name)?.evidence}
}

/** The text of a file below a folder. */
export async function read(folder: string, name: string): Promise<string> {
  return await readFile(join(folder, name), 'utf8')
}

import {mkdirSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {runAction} from '#shared/action'
import type {Check, Evidence} from '#shared/evidence/evidence'
import action from '../../../actions/validate-data/src/main.js'

export interface Outcome {
  readonly code: number
  readonly lines: readonly string[]
  readonly cwd: string
  readonly evidence?: Evidence
  check(id: string): Check | undefined
}

/** Runs validate-data as the command line would, in a folder with the files given. */
export async function run(
  files: Readonly<Record<string, string | Uint8Array>>,
  flags: Readonly<Record<string, string | readonly string[]>>
): Promise<Outcome> {
  const cwd = mkdtempSync(join(tmpdir(), 'trainyard-validate-'))
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), {recursive: true})
    writeFileSync(join(cwd, name), bytes)
  }
  const lines: string[] = []
  const given = Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, typeof value === 'string' ? [value] : value]))
  const host = {env: {}, cwd, flags: given, now: () => new Date(), print: (line: string) => void lines.push(line)}
  const code = await runAction(action, {'validate-data': action.inputs}, host)
  const path = lines.find(line => line.startsWith('evidence: '))?.slice('evidence: '.length)
  const evidence: Evidence | undefined = path === undefined ? undefined : JSON.parse(readFileSync(path, 'utf8'))
  return {code, lines, cwd, evidence, check: id => evidence?.checks.find(check => check.id === id)}
}

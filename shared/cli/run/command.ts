import {readFile} from 'node:fs/promises'
import {resolve} from 'node:path'
import {parseArgs} from 'node:util'
import {messageOf, UserError} from '#shared/errors'
import {EVENTS} from './event.js'
import {renderProgress, renderResult} from './narration.js'
import {optionMistake} from './option-mistake.js'
import {type RunOptions, runWorkflow} from './run.js'

/** What `trainyard run` meets of the world. */
export interface RunIo {
  readonly stdout: {readonly write: (text: string) => unknown; readonly isTTY?: boolean}
  readonly stderr: {readonly write: (text: string) => unknown}
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** the folder of this package: actions/ and dist/ lie in it */
  readonly packageRoot: string
  readonly signals?: RunOptions['signals']
}

export const RUN_USAGE = `trainyard run <workflow.yml> [options]

Runs a workflow on this machine: every job in a workspace of its own, with the actions of this checkout.

  --event <name>        ${EVENTS.join(', ')}; default: the first that the workflow has
  --event-file <file>   the event's payload as JSON
  --finished <folder>   for workflow_run: the --work-dir of the run that has ended, with its artifacts
  --var NAME=value      a repository variable (vars.NAME); may be repeated
  --secret NAME=value   a secret, masked in all output; GITHUB_TOKEN is also github.token; may be repeated.
                        NAME alone takes the value from the environment
  --skip-unknown        leave out steps whose action is not known here
  --work-dir <folder>   keep everything here for inspection; default: a temporary folder, kept when red

The report's page of the last run, green or red, lies in trainyard-out/report.html.

Exit codes:
  0  green
  1  red, or no job ran
  2  the command line or the workflow file cannot be obeyed; nothing ran
`

/** `trainyard run …`: 0 green, 1 red or every job skipped, 2 when the command line or the workflow cannot be obeyed. */
export async function runCommand(args: readonly string[], io: RunIo): Promise<number> {
  try {
    if (args.includes('--help') || args.includes('-h')) {
      io.stdout.write(RUN_USAGE)
      return 0
    }
    const colour = io.stdout.isTTY === true && !io.env.NO_COLOR
    const wish = await readWish(args, io)
    const result = await runWorkflow({...wish, onProgress: progress => io.stdout.write(renderProgress(progress, colour))})
    io.stdout.write(renderResult(result, colour))
    if (wish.workDir === undefined && result.workDir !== undefined) io.stdout.write(`to remove them: rm -r ${result.workDir}\n`)
    return result.result === 'green' ? 0 : 1
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    io.stderr.write(`trainyard run: ${error.message}\n${error.hint ? `  ${error.hint}\n` : ''}`)
    return 2
  }
}

async function readWish(args: readonly string[], io: RunIo): Promise<RunOptions> {
  const {values, positionals} = parse(args)
  if (positionals.length !== 1) {
    const got = positionals.length === 0 ? 'none' : positionals.join(', ')
    throw new UserError(`expected one workflow file, got ${got}`, {
      kind: 'usage',
      hint: 'trainyard run .github/workflows/continuous-training.yml'
    })
  }
  return {
    file: positionals[0],
    cwd: io.cwd,
    env: io.env,
    packageRoot: io.packageRoot,
    signals: io.signals,
    event: values.event,
    payload: values['event-file'] === undefined ? undefined : await readPayload(resolve(io.cwd, values['event-file'])),
    finished: values.finished,
    vars: pairs('--var', values.var ?? []),
    secrets: pairs('--secret', values.secret ?? [], io.env),
    workDir: values['work-dir'] === undefined ? undefined : resolve(io.cwd, values['work-dir']),
    pageFile: resolve(io.cwd, 'trainyard-out/report.html'),
    skipUnknown: values['skip-unknown']
  }
}

const OPTIONS = {
  event: {type: 'string'},
  'event-file': {type: 'string'},
  finished: {type: 'string'},
  var: {type: 'string', multiple: true},
  secret: {type: 'string', multiple: true},
  'skip-unknown': {type: 'boolean'},
  'work-dir': {type: 'string'}
} as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({args: [...args], allowPositionals: true, options: OPTIONS})
  } catch {
    throw optionMistake(args, OPTIONS, 'trainyard run --help lists the options')
  }
}

function pairs(flag: string, given: readonly string[], env: RunIo['env'] = {}): Record<string, string> {
  return Object.fromEntries(
    given.map(text => {
      const at = text.indexOf('=')
      const name = at < 0 ? text : text.slice(0, at)
      const value = at < 0 ? env[name] : text.slice(at + 1)
      const named = /^[A-Za-z_]\w*$/.test(name)
      if (named && at < 0 && flag === '--secret' && value === undefined)
        throw new UserError(`--secret ${name}: ${name} is not set in the environment`, {kind: 'usage', hint: `export ${name}=…`})
      if (!named || value === undefined) {
        throw new UserError(`${flag}: expected NAME=value, got ${name}`, {kind: 'usage', hint: `${flag} NAME=value`})
      }
      return [name, value]
    })
  )
}

async function readPayload(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(error => {
    throw new UserError(`--event-file ${path}: ${messageOf(error)}`, {kind: 'usage'})
  })
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError(`--event-file ${path}: is not JSON: ${messageOf(error)}`, {kind: 'usage'})
  }
}

import {readFileSync} from 'node:fs'
import {join, relative} from 'node:path'
import {parseArgs} from 'node:util'
import {optionMistake} from '../run/option-mistake.js'
import {type Act, type Played, play} from './act.js'
import {exampleIn, findCheckout} from './checkout.js'
import {renderKept} from './kept.js'
import {type Change, findChange, USUAL_CHANGE} from './repository.js'
import {openStage, type Stage} from './stage.js'
import {renderComment, renderFailures, renderServerLog} from './told.js'

/** What the changes of the example show; the first is the usual one. */
export const CASES: Readonly<Record<string, string>> = {
  [USUAL_CHANGE]: 'better in every gate: it replaces the first model',
  'raw-data': 'the published tables, with two columns inverted',
  'worse-model': 'a model that has only education left',
  'biased-model': 'gender as an input: better scores, and below four fifths',
  'failing-canary': 'a model that fails on a category which only live rows have'
}

export const START_USAGE = `trainyard start [--with <case>]

Plays the wages example on this machine: a push of the first model, a pull request with a change, and its merge when it is green.
A model server, a generator of traffic and a registry of its own come along; everything lies in trainyard-out/start.

  --with <case>   the change; default: ${USUAL_CHANGE}

${Object.entries(CASES)
  .map(([name, what]) => `  ${name.padEnd(16)}${what}`)
  .join('\n')}

Exit codes:
  0  green
  1  a run was red
  2  the command line cannot be obeyed; nothing ran`

/** What `trainyard start` meets of the world. */
export interface StartIo {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  print(line: string): void
}

/** Requests a second to the model server. */
const RATE = 1000

/**
 * Plays the example on this machine: a push of the first model, a pull request with a change, and its merge when it is green.
 * Everything lies in trainyard-out/start, which each start empties. Gives 0 when all was green, 1 when a run was red.
 * Throws UserError (kind usage) for wrong arguments.
 */
export async function startCommand(args: readonly string[], io: StartIo): Promise<number> {
  const {print} = io
  if (args.includes('--help') || args.includes('-h')) {
    print(START_USAGE)
    return 0
  }
  const checkout = findCheckout()
  const change = findChange(exampleIn(checkout), parseWith(args))
  const stage = await openStage(checkout, join(checkout, 'trainyard-out/start'), RATE)
  const host = {packageRoot: checkout, env: io.env, print}
  const place = relative(io.cwd, stage.folder)
  print(`The wages example: the repository lies in ${place}/wages, the registry and each run beside it.`)
  print(`Its model server is called ${RATE.toLocaleString('en')} times a second with rows of traffic/live.csv.`)
  const played: Played[] = []
  try {
    for (const {prepare, ...act} of acts(change, stage)) {
      prepare()
      const one = await play(act, stage, played.length + 1, host)
      played.push(one)
      if (act.event === 'pull_request') showComment(one, print)
      if (one.result !== 'green') break
    }
  } finally {
    await stage.close()
  }
  for (const line of ending(played, change, {cwd: io.cwd, folder: stage.folder})) print(line)
  return played.every(({result}) => result === 'green') ? 0 : 1
}

const OPTIONS = {with: {type: 'string'}} as const

function parseWith(args: readonly string[]): string | undefined {
  try {
    return parseArgs({args: [...args], options: OPTIONS, allowPositionals: false}).values.with
  } catch {
    throw optionMistake(args, OPTIONS, `npm start, or npm start -- --with ${Object.keys(CASES).join(' | ')}`)
  }
}

function acts(change: Change, {repository}: Stage): readonly (Act & {prepare(): void})[] {
  return [
    {event: 'push', title: 'push to main: the first model', prepare: () => undefined},
    {event: 'pull_request', title: `pull request: ${change.name}`, prepare: () => repository.propose(change)},
    {event: 'push', title: `push to main: ${change.name} is merged`, prepare: () => repository.merge(change)}
  ]
}

function showComment({comment}: Played, print: (line: string) => void): void {
  if (comment === undefined) return
  print('\n   The comment on the pull request:\n')
  for (const line of renderComment(readFileSync(comment, 'utf8'))) print(`   │ ${line}`)
}

function ending(
  played: readonly Played[],
  change: Change,
  {cwd, folder}: {readonly cwd: string; readonly folder: string}
): readonly string[] {
  const red = played.find(({result}) => result !== 'green')
  return [
    '',
    ...played.map(({result, title}) => `${result.padEnd(6)}${title}`),
    ...renderKept(played, path => relative(cwd, path)),
    ...(red === undefined
      ? nextSteps(change)
      : ['', ...renderFailures(red.told, red.jobs), ...renderServerLog(red.told, relative(cwd, join(folder, 'model-server.log')))])
  ]
}

function nextSteps(change: Change): readonly string[] {
  const others = Object.entries(CASES).filter(([name]) => name !== change.name)
  return [
    '',
    'Try next:',
    ...others.map(([name, what]) => `  npm start -- --with ${name.padEnd(16)}${what}`),
    ...(change.name === USUAL_CHANGE ? ['  or copy workflows-examples/wages to a folder of your own, and change params.yml'] : [])
  ]
}

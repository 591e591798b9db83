import {writeFile} from 'node:fs/promises'
import type {Action} from '#shared/action'
import {UserError} from '#shared/errors'
import {CATALOGUE} from '#shared/gates/catalogue'
import type {Vocabulary} from '#shared/inputs/config'
import type {InputSpec} from '#shared/inputs/reader'
import {VERSION} from '#shared/version'
import {packageRoot, readDescriptions} from './descriptions.js'
import {REGISTRY_COMMANDS} from './registry/commands.js'
import {configSchema} from './schema.js'
import {question} from './suggestion.js'

export interface CommandLine {
  readonly actions: Readonly<Record<string, {readonly inputs: InputSpec; load(): Promise<{default: Action}>}>>
  readonly vocabulary: Vocabulary
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  print(line: string): void
  /** for what is no part of an answer; default: standard error */
  remark?(line: string): void
}

/** Runs one command; gives the exit code: 0 green, 1 red, 2 usage, 3 could not measure. */
export async function commandLine(args: readonly string[], line: CommandLine): Promise<number> {
  const [command, ...rest] = args
  try {
    if (command === undefined || command === 'help' || command === '--help' || command === '-h') return await help(line)
    if (command === '--version' || command === 'version') return say(VERSION, line)
    if (command === 'schema') return await writeSchema(rest, line)
    if (command === 'run') return await (await import('./run/command.js')).runCommand(rest, ioOf(line))
    if (command === 'start') return await (await import('./start/command.js')).startCommand(rest, line)
    if (Object.hasOwn(REGISTRY_COMMANDS, command)) return await (await REGISTRY_COMMANDS[command].load())(rest, line)
    return await runOne(command, rest, line)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    line.print(`trainyard: ${error.message}${error.hint ? `\n${error.hint}` : ''}`)
    return error.kind === 'usage' ? 2 : 3
  }
}

function ioOf({cwd, env, print}: CommandLine) {
  return {stdout: process.stdout, stderr: process.stderr, cwd, env, print, packageRoot: packageRoot()}
}

function say(text: string, {print}: CommandLine): number {
  print(text)
  return 0
}

async function runOne(name: string, args: readonly string[], line: CommandLine): Promise<number> {
  const entry = Object.hasOwn(line.actions, name) ? line.actions[name] : undefined
  if (entry === undefined) {
    const known = [...Object.keys(line.actions), 'run', 'start', ...Object.keys(REGISTRY_COMMANDS), 'schema']
    throw new UserError(`unknown command "${name}"`, {
      kind: 'usage',
      hint: `${question(name, known)}There is: ${known.join(', ')}.`
    })
  }
  if (args.includes('--help') || args.includes('-h')) return await helpOf(name, entry.inputs, line)
  const flags = parseFlags(args, entry.inputs)
  const [{runAction}, {default: action}] = await Promise.all([import('#shared/action'), entry.load()])
  return await runAction(action, line.vocabulary, {env: line.env, cwd: line.cwd, flags, now: () => new Date(), print: line.print})
}

/** `--name value`, `--name=value`, repeated for lists. Throws UserError for unknown names, missing values and words without a flag. */
export function parseFlags(args: readonly string[], spec: InputSpec): Record<string, string[]> {
  const flags: Record<string, string[]> = {}
  for (let index = 0; index < args.length; index++) {
    const [, name, inline] = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(args[index]) ?? []
    if (name === undefined) throw new UserError(`"${args[index]}" is no flag`, {kind: 'usage', hint: 'Inputs are given as --name value.'})
    if (!Object.hasOwn(spec, name))
      throw new UserError(`unknown flag --${name}`, {kind: 'usage', hint: `${question(name, Object.keys(spec), '--')}${inputsOf(spec)}`})
    const value = inline ?? args[++index]
    if (value === undefined)
      throw new UserError(`--${name}: expected a value, got the end of the line`, {kind: 'usage', hint: `Write --${name} value.`})
    flags[name] = [...(flags[name] ?? []), value]
  }
  return flags
}

function inputsOf(spec: InputSpec): string {
  return `There is: ${Object.keys(spec)
    .map(name => `--${name}`)
    .join(', ')}.`
}

async function help(line: CommandLine): Promise<number> {
  const actions = await Promise.all(
    Object.keys(line.actions).map(async name => [`  ${name}`, (await readDescriptions(name)).description] as const)
  )
  const commands = [
    ...COMMANDS,
    ...Object.values(REGISTRY_COMMANDS).map(({words, about}) => [words, about] as const),
    ['<action or command> --help', 'its inputs'] as const
  ]
  return say(
    [
      ...table(commands.map(([words, about]) => [`trainyard ${words}`, about])),
      '',
      ...table(actions),
      '',
      'Exit codes: 0 green, 1 red, 2 usage, 3 could not measure.'
    ].join('\n'),
    line
  )
}

const COMMANDS = [
  ['<action> --input value', 'run one action; inputs also come from trainyard.yml'],
  ['run <workflow.yml>', 'run a workflow on this machine'],
  ['start', 'the whole pipeline on the wages example'],
  ['schema', 'the JSON Schema of trainyard.yml']
] as const

/** Lines of two columns, the first as wide as its longest. */
function table(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`)
}

async function helpOf(name: string, inputs: InputSpec, line: CommandLine): Promise<number> {
  const {description, inputs: described} = await readDescriptions(name)
  const rows = table(Object.keys(inputs).map(input => [`  --${input}`, described[input] ?? '']))
  return say([description, '', ...rows, ...gatesHelp(name, inputs)].join('\n'), line)
}

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'validate-data': ['row_count >= 1000', 'null_share(age) <= 1%', 'duplicate_rows == 0', 'warn: mean(age) <= 60'],
  evaluate: ['roc_auc >= 0.75', 'roc_auc >= champion - 0.01', 'recall[region=*] >= overall - 0.1', 'warn: ece <= 5%'],
  'check-fairness': ['demographic_parity_ratio(gender) >= 0.8', 'warn: equalized_odds_difference(gender, race) <= 0.1'],
  'check-robustness': ['flip_rate(noise) <= 5%', 'latency_p95_ms <= champion * 1.5'],
  'deploy-canary': ['error_rate <= stable', 'slow_rate(250ms) <= stable * 1.2']
}

/** The gate language in short, for actions that judge. */
function gatesHelp(name: string, inputs: InputSpec): string[] {
  if (inputs.gates === undefined || EXAMPLES[name] === undefined) return []
  return [
    '',
    'A gate is  [warn:] metric[(column, …)][[column=value, …]] operator bound, one a line.',
    `Metrics: ${CATALOGUE[name].join(', ')}.`,
    'A bound is a number, a percentage of a share (1% is 0.01), or a reference with + - or *; [column=*] asks for each value.',
    ...EXAMPLES[name].map(gate => `  --gates '${gate}'`)
  ]
}

async function writeSchema(args: readonly string[], line: CommandLine): Promise<number> {
  const descriptions = Object.fromEntries(
    await Promise.all(Object.keys(line.actions).map(async name => [name, (await readDescriptions(name)).inputs] as const))
  )
  const json = `${JSON.stringify(configSchema(line.vocabulary, descriptions), undefined, 2)}\n`
  const [flag, path] = args
  if (flag === undefined) return say(json, line)
  if (flag !== '--output' || path === undefined)
    throw new UserError(`schema: expected --output file, got ${args.join(' ')}`, {
      kind: 'usage',
      hint: 'Write trainyard schema --output file.'
    })
  await writeFile(path, json)
  return 0
}

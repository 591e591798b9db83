import {userInfo} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {UserError} from '#shared/errors'
import {CONFIG, registryAddress, secret, text} from '#shared/inputs'
import {readConfig, type Vocabulary} from '#shared/inputs/config'
import {readInputs} from '#shared/inputs/resolve'
import {openRegistry} from '#shared/registry/address'
import {isVersion, parseName} from '#shared/registry/names'
import type {Registry} from '#shared/registry/registry'
import {placesOf} from '#shared/world'
import {optionMistake} from '../run/option-mistake.js'

/** What a question to the registry meets of the world. */
export interface Asker {
  readonly vocabulary: Vocabulary
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  print(line: string): void
  /** for what is no part of an answer; default: standard error */
  remark?(line: string): void
}

/** A command that asks the registry something, or tells it to change. */
export interface QuestionSpec {
  readonly usage: string
  /** options of its own */
  readonly options: Readonly<Record<string, {readonly type: 'string' | 'boolean'}>>
  /** the words after the command, for messages */
  readonly words: string
}

export interface Question {
  readonly words: readonly string[]
  readonly text: (option: string) => string | undefined
  readonly flag: (option: string) => boolean
  readonly now: Date
  /** Opens the registry of these inputs for a model: the one that is named, else that of --name or trainyard.yml. */
  readonly open: (name?: string) => Promise<{readonly registry: Registry; readonly name: string}>
}

const COMMON = {
  registry: {type: 'string'},
  name: {type: 'string'},
  config: {type: 'string'},
  'github-token': {type: 'string'},
  json: {type: 'boolean'},
  help: {type: 'boolean', short: 'h'}
} as const

const INPUTS = {
  name: text({section: 'publish'}),
  registry: registryAddress({required: true, variable: 'TRAINYARD_REGISTRY', section: 'publish'}),
  'github-token': secret(),
  ...CONFIG
}

export const COMMON_USAGE = `  --registry <address>  a folder, github or s3://bucket/prefix; else TRAINYARD_REGISTRY, else trainyard.yml
  --name <name>         the model; else that of trainyard.yml
  --config <file>       another trainyard.yml
  --github-token <t>    for the registry github; else GITHUB_TOKEN
  --json                the answer as JSON`

/** The words and options of a command; null when it was asked for its help, which is printed. Throws UserError of kind usage. */
export function parseQuestion(command: string, args: readonly string[], spec: QuestionSpec, asker: Asker): Question | null {
  const options = {...COMMON, ...spec.options}
  const {values, positionals} = parsed(args, options, `trainyard ${command} ${spec.words}; --help says more`)
  if (values.help === true) {
    asker.print(spec.usage)
    return null
  }
  const text = (option: string) => (typeof values[option] === 'string' ? values[option] : undefined)
  const now = new Date()
  return {words: positionals, text, flag: option => values[option] === true, now, open: name => open(command, name, text, now, asker)}
}

function parsed(args: readonly string[], options: QuestionSpec['options'], usage: string) {
  try {
    return parseArgs({args: [...args], options, allowPositionals: true})
  } catch {
    throw optionMistake(args, options, usage)
  }
}

async function open(command: string, word: string | undefined, text: (option: string) => string | undefined, now: Date, asker: Asker) {
  const {env, cwd, vocabulary, remark = (line: string) => void process.stderr.write(`${line}\n`)} = asker
  const named = text('config')
  const shown = named ?? 'trainyard.yml'
  const config = await readConfig(join(cwd, shown), vocabulary, {optional: named === undefined, shown})
  const direct = Object.fromEntries(Object.keys(INPUTS).flatMap(name => (text(name) === undefined ? [] : [[name, [text(name) ?? '']]])))
  const given = readInputs(INPUTS, {action: command, direct, flags: true, env, cwd, config})
  const name = word ?? given.name
  if (name === undefined)
    throw new UserError('name: required and not given', {kind: 'usage', hint: 'Give --name, or name: in trainyard.yml.'})
  const {run, tempDir} = placesOf(env, cwd, now)
  const registry = await openRegistry(given.registry, {
    ...{env, cwd, tempDir, random: Math.random, githubToken: given.githubToken ?? env.GITHUB_TOKEN},
    ...{now: () => new Date(), by: run.actor || accountName(), runUrl: run.url, log: remark}
  })
  return {registry, name: parseName(name)}
}

/** Whose account it is, where the environment tells no user; empty: it has no name. */
function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}

/** `wages@v3`, `v3` or `wages@champion`: a model, where it is named, and a version or an alias of it. */
export function parseVersionWord(word: string): {readonly name?: string; readonly version: string} {
  const at = word.indexOf('@')
  return at < 0 ? {version: word} : {name: word.slice(0, at), version: word.slice(at + 1)}
}

/** The version that a word names, also a retired one. Throws UserError when there is none. */
export async function resolveVersion(registry: Registry, name: string, word: string): Promise<string> {
  if (isVersion(word)) return word
  const found = await registry.resolve(name, word)
  if (found) return found.version
  throw new UserError(`${name}@${word}: there is no such alias or version in ${registry.address}`, {
    hint: `trainyard history ${name} lists what was published.`
  })
}

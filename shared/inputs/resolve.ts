import {throwAll, UserError} from '#shared/errors'
import {nearest} from '#shared/gates/validity'
import type {Config} from './config.js'
import {type Given, type InputSpec, type InputsOf, type Reader, wrong} from './reader.js'

/** Where values come from, nearest first: `with:` or flags, the environment, `trainyard.yml`. */
export interface Sources {
  readonly action: string
  /** by input name: one text, or several of a repeated flag */
  readonly direct: Readonly<Record<string, string | readonly string[]>>
  /** whether `direct` are flags, for messages */
  readonly flags: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly config?: Config
}

/** Reads all declared inputs. Throws one UserError of kind `usage` that names every wrong and every missing one. */
export function readInputs<S extends InputSpec>(spec: S, sources: Sources): InputsOf<S> {
  const values: Record<string, unknown> = {}
  const errors: UserError[] = []
  for (const [name, reader] of Object.entries(spec)) {
    try {
      values[camel(name)] = readOne(name, reader, sources)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      errors.push(error)
    }
  }
  throwAll(errors)
  return values as InputsOf<S>
}

function readOne(name: string, reader: Reader<unknown>, sources: Sources): unknown {
  const given = find(name, reader, sources)
  if (given !== undefined) return reader.parse(given)
  if (!reader.required)
    return typeof reader.fallback === 'string' && name === 'config' ? `${sources.cwd}/${reader.fallback}` : reader.fallback
  throw new UserError(`${name}: required and not given`, {
    kind: 'usage',
    hint: whereToGive(name, reader, sources.flags)
  })
}

function whereToGive(name: string, {variable}: Reader<unknown>, flags: boolean): string {
  const elsewhere = variable === undefined ? '' : ` ${variable} in the environment,`
  return flags
    ? `Give --${name},${elsewhere} or ${name}: in trainyard.yml.`
    : `Give it in \`with:\`${elsewhere && `,${elsewhere}`} or in trainyard.yml.`
}

const NO_GATE = 'Give a gate, such as row_count >= 1; without the flag those of trainyard.yml are judged.'

/** The value that counts, before it is parsed; undefined when nobody gave one. Throws UserError of kind `usage` for gates that a flag gives empty. */
export function find(name: string, reader: Reader<unknown>, {action, direct, flags, env, cwd, config}: Sources): Given | undefined {
  const own = direct[name]
  const place = flags ? `--${name}` : `with: ${name}`
  if (typeof own === 'string' && own.trim() !== '') return {texts: split(own, reader), list: reader.separator !== 'none', base: cwd, place}
  if (Array.isArray(own)) {
    const given = fromFlags(own, reader, cwd, place)
    if (own.some(one => one.trim() !== '')) return given
    // A runner gives an empty text for what is absent, a command line only for what is written: other gates must not step in.
    if (flags && reader.judges === 'gates') throw wrong(given, 'expected a gate, got an empty text', NO_GATE)
  }
  const variable = reader.variable === undefined ? '' : (env[reader.variable] ?? '')
  if (variable.trim() !== '') return {texts: split(variable, reader), list: false, base: cwd, place: reader.variable ?? name}
  const elsewhere = reader.section === undefined ? undefined : config?.sections.get(reader.section)?.get(name)
  const filed = config?.sections.get(action)?.get(name) ?? config?.top.get(name) ?? elsewhere
  if (filed === undefined || filed.list || reader.separator !== 'commas') return filed
  return {...filed, texts: filed.texts.flatMap(entry => entry.text.split(',').map(text => ({...entry, text})))}
}

function fromFlags(texts: readonly string[], reader: Reader<unknown>, base: string, place: string): Given {
  const several = reader.separator !== 'none'
  return {
    texts: several ? texts.flatMap(one => split(one, reader)) : texts.map(text => ({text})),
    list: several || texts.length > 1,
    base,
    place
  }
}

function split(text: string, reader: Reader<unknown>): {text: string}[] {
  if (reader.separator === 'none') return [{text}]
  const parts = text.split(reader.separator === 'commas' ? /[\n,]/ : '\n')
  return parts.filter(part => part.trim() !== '').map(part => ({text: part}))
}

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** Throws UserError for `INPUT_*` variables of no declared name: the runner only warns of them, and a gate under a misspelt name would be no gate. */
export function refuseUnknownInputs(spec: InputSpec, env: Readonly<Record<string, string | undefined>>): void {
  const known = Object.keys(spec)
  const unknown = Object.keys(env).filter(
    name => /^INPUT_./.test(name) && env[name] !== '' && !known.some(one => `INPUT_${one.toUpperCase()}` === name)
  )
  throwAll(
    unknown.map(name => {
      const given = name.slice('INPUT_'.length).toLowerCase()
      return new UserError(`with: "${given}" is no input`, {kind: 'usage', hint: `Did you mean ${nearest(given, known).join(', ')}?`})
    })
  )
}

/** `INPUT_*` variables as the runner sets them, for the declared names. */
export function fromRunner(spec: InputSpec, env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.keys(spec).flatMap(name =>
      env[`INPUT_${name.toUpperCase()}`] === undefined ? [] : [[name, env[`INPUT_${name.toUpperCase()}`] ?? '']]
    )
  )
}

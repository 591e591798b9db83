import {isAbsolute, join, relative} from 'node:path'
import type {Gate} from '#shared/gates/gate'
import {parseGates} from '#shared/gates/parse'
import {type Entry, type Given, type Options, type Read, type Reader, reader, single, wrong} from './inputs/reader.js'

export type {InputSpec, InputsOf, Reader} from './inputs/reader.js'

/** One text. */
export function text<const O extends Options<string>>(options?: O): Reader<Read<O, string>> {
  return reader(options, {schema: {type: ['string', 'number']}, parse: given => single(given, 'a text')})
}

/** A text that never stands in a file and is masked in logs. */
export function secret<const O extends Options<string>>(options?: O): Reader<Read<O, string>> {
  return reader(options, {secret: true, schema: false as unknown as object, parse: given => single(given, 'a text')})
}

/** A finite decimal number within `min` and `max`, both included; whole when `whole` is set. */
export function number<const O extends Options<number> & {min?: number; max?: number; whole?: boolean}>(
  options?: O
): Reader<Read<O, number>> {
  const {min = -Infinity, max = Infinity, whole = false} = options ?? {}
  const range = `${whole ? 'a whole number' : 'a number'}${min > -Infinity ? ` of at least ${min}` : ''}${max < Infinity ? ` and at most ${max}` : ''}`
  return reader(options, {
    schema: {type: whole ? 'integer' : 'number', ...(min > -Infinity && {minimum: min}), ...(max < Infinity && {maximum: max})},
    parse: given => {
      const written = single(given, range).trim()
      const value = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(written) ? Number(written) : Number.NaN
      const whole_ = !whole || Number.isSafeInteger(value)
      if (!Number.isFinite(value) || value < min || value > max || !whole_)
        throw wrong(given, `expected ${range}, got "${written}"`, 'Write digits.')
      return value
    }
  })
}

/** One of a few words. */
export function choice<const W extends string, const O extends Options<W>>(words: readonly W[], options?: O): Reader<Read<O, W>> {
  return reader(options, {
    schema: {enum: words},
    parse: given => {
      const written = single(given, 'one word').trim()
      const word = words.find(one => one === written)
      if (word === undefined) throw wrong(given, `expected ${words.join(' or ')}, got "${written}"`, `Write ${words.join(' or ')}.`)
      return word
    }
  })
}

/** `true` or `false`, as YAML 1.2 writes them. */
export function flag<const O extends Options<boolean>>(options?: O): Reader<Read<O, boolean>> {
  return reader(options, {
    schema: {type: 'boolean'},
    parse: given => {
      const written = single(given, 'true or false').trim()
      if (/^(?:true|True|TRUE)$/.test(written)) return true
      if (/^(?:false|False|FALSE)$/.test(written)) return false
      throw wrong(given, `expected true or false, got "${written}"`, 'Write true or false.')
    }
  })
}

/** An absolute path; an address such as `https://…` stays as it is. */
export function path<const O extends Options<string>>(options?: O): Reader<Read<O, string>> {
  return reader(options, {schema: {type: 'string'}, parse: given => resolvePath(given, single(given, 'a path'))})
}

/** Paths or globs, one a line. */
export function paths<const O extends Options<readonly string[]>>(options?: O): Reader<Read<O, readonly string[]>> {
  return reader(options, {
    separator: 'lines',
    schema: {type: ['string', 'array'], items: {type: 'string'}},
    show: value => value.join(', '),
    parse: given => filled(given, 'a path').map(entry => resolvePath(given, entry.text))
  })
}

/** Texts, comma-separated or one a line. */
export function words<const O extends Options<readonly string[]>>(options?: O): Reader<Read<O, readonly string[]>> {
  return reader(options, {
    separator: 'commas',
    schema: {type: ['string', 'number', 'array'], items: {type: ['string', 'number']}},
    show: value => value.join(', '),
    parse: given => filled(given, 'a word').map(entry => entry.text.trim())
  })
}

const UNIT_MS: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000}

/** A time span such as `90m` or `6h`, in milliseconds. */
export function duration<const O extends Options<number>>(options?: O): Reader<Read<O, number>> {
  return reader(options, {
    schema: {type: 'string', pattern: '^[0-9]+(ms|s|m|h|d)$'},
    show: showDuration,
    parse: given => {
      const written = single(given, 'a time span').trim()
      const [, digits, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(written) ?? []
      if (digits === undefined || Number(digits) === 0)
        throw wrong(given, `expected a time span such as 90m or 6h, got "${written}"`, 'Write a number and ms, s, m, h or d.')
      return Number(digits) * UNIT_MS[unit]
    }
  })
}

function showDuration(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find(one => ms % UNIT_MS[one] === 0 && !(one === 'd')) ?? 'ms'
  return `${ms / UNIT_MS[unit]}${unit}`
}

/** Gates, one a line; the default is written as lines. */
export function gates<const O extends {readonly required?: boolean; readonly default?: readonly string[]}>(
  options?: O
): Reader<O extends {required: true} | {default: readonly string[]} ? readonly Gate[] : readonly Gate[] | undefined> {
  const fallback = options?.default && parseGates(options.default.map(line => ({text: line})))
  return reader<readonly Gate[], {required?: boolean; default?: readonly Gate[]; judges: 'gates'}>(
    {required: options?.required, default: fallback, judges: 'gates'},
    {
      separator: 'lines',
      schema: {type: ['string', 'array'], items: GATE_SCHEMA},
      show: value => value.map(gate => `${gate.warn ? 'warn: ' : ''}${gate.id}`).join('; '),
      parse: given => parseGates(given.texts)
    }
  ) as ReturnType<typeof gates<O>>
}

const GATE_SCHEMA = {type: ['string', 'object'], properties: {warn: {type: 'string'}}, required: ['warn'], additionalProperties: false}

export type ModelReference =
  | {readonly kind: 'path'; readonly path: string}
  | {readonly kind: 'none'}
  | {readonly kind: 'named'; readonly name: string}

/** A model to compare with: a path when it holds `/` or ends `.onnx .csv .parquet .jsonl`, `none`, else an alias or version. */
export function modelReference<const O extends Options<ModelReference>>(options?: O): Reader<Read<O, ModelReference>> {
  return reader(options, {
    schema: {type: 'string'},
    show: value => (value.kind === 'named' ? value.name : value.kind === 'none' ? 'none' : value.path),
    parse: given => {
      const written = single(given, 'an alias, a version or a path').trim()
      if (/\/|\.(?:onnx|csv|parquet|jsonl)$/.test(written)) return {kind: 'path', path: resolvePath(given, written)}
      return written === 'none' ? {kind: 'none'} : {kind: 'named', name: written}
    }
  })
}

export type DataReference = {readonly kind: 'path'; readonly path: string} | {readonly kind: 'champion'}

/** Data to compare with: `champion` for those of the champion, else a path. */
export function dataReference<const O extends Options<DataReference>>(options?: O): Reader<Read<O, DataReference>> {
  return reader(options, {
    schema: {type: 'string'},
    parse: given => {
      const written = single(given, 'champion or a path').trim()
      return written === 'champion' ? {kind: 'champion'} : {kind: 'path', path: resolvePath(given, written)}
    }
  })
}

/** Where a registry is: `github`, an address such as `s3://…`, or a folder, made absolute. */
export function registryAddress<const O extends Options<string>>(options?: O): Reader<Read<O, string>> {
  return reader(options, {
    schema: {type: 'string'},
    parse: given => {
      const written = single(given, 'github, s3://bucket/prefix or a folder').trim()
      return written === 'github' ? written : resolvePath(given, written)
    }
  })
}

function resolvePath(given: Given, written: string): string {
  const trimmed = written.trim()
  if (trimmed === '') throw wrong(given, 'expected a path, got an empty text', 'Give a path, or leave it out.')
  if (trimmed.includes('\0')) throw wrong(given, 'the path holds a NUL character', 'Remove it.')
  return isAbsolute(trimmed) || isAddress(trimmed) ? trimmed : join(given.base, trimmed)
}

function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path)
}

function filled(given: Given, what: string): readonly Entry[] {
  const entries = given.texts.filter(entry => entry.text.trim() !== '')
  if (entries.length === 0) throw wrong(given, `expected ${what}, got an empty list`, 'Give at least one.')
  return entries
}

/** A path as a person reads it: relative to the folder it is shown from, when it lies below. An address stays as it is. */
export function shownPath(path: string, from: string): string {
  if (isAddress(path)) return path
  const short = relative(from, path)
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
}

/** Inputs that several actions share; one word has one meaning. */
export const CONFIG = {config: path({default: 'trainyard.yml'})}
export const EVIDENCE = {evidence: path({judges: 'any-change'})}
export const JUDGE = {
  mode: choice(['enforce', 'observe'], {default: 'enforce', judges: ['observe', 'enforce']}),
  'on-inconclusive': choice(['estimate', 'warn', 'fail'], {default: 'estimate', judges: ['warn', 'estimate', 'fail']})
}
/** What a rollout is held to: of deploy-canary, and of who shows its plan before. */
export const ROLLOUT = {
  gates: gates({default: ['error_rate <= stable']}),
  steps: words({default: ['5%', '25%', '50%'], judges: 'each-entry'}),
  'minimum-requests': number({min: 1, max: 1e9, whole: true, default: 500, judges: 'higher-is-stricter'}),
  deadline: duration({default: 30 * 60_000, judges: 'lower-is-stricter'}),
  mode: JUDGE.mode,
  'on-inconclusive': choice(['estimate', 'warn', 'fail'], {default: 'warn', judges: ['warn', 'estimate', 'fail']})
}
// Under another name, or in another registry, there is no champion, and the first model is compared with nothing.
export const REGISTRY = {
  name: text({judges: 'any-change'}),
  registry: registryAddress({variable: 'TRAINYARD_REGISTRY', judges: 'any-change'}),
  'github-token': secret()
}
/** The model that a candidate is compared with. */
export const CHAMPION = {champion: modelReference({default: {kind: 'named', name: 'champion'}, judges: ['none']})}
/** The share from which on a score counts as positive. */
export const THRESHOLD = {threshold: number({min: 0, max: 1, default: 0.5, judges: 'any-change'})}

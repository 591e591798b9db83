import {type Position, UserError} from '#shared/errors'

/** One value as a person gave it, before its reader has looked at it. */
export interface Given {
  /** a scalar's text, or one text an entry of a list */
  readonly texts: readonly Entry[]
  /** whether it was written as a list: in YAML, or as a repeated flag */
  readonly list: boolean
  /** whether it was written as a block of lines (`|`) */
  readonly block?: boolean
  /** the folder that relative paths start from */
  readonly base: string
  /** how the place is called in messages: `with: gates`, `--gates`, `trainyard.yml:12: gates` */
  readonly place: string
}

export interface Entry {
  readonly text: string
  readonly at?: Position
}

/**
 * How a change of an input bears on what is judged. Words go from the loosest to the strictest; one that is not among them is stricter than all, and
 * between two such nobody knows.
 */
export type Judges =
  | 'gates'
  | 'higher-is-stricter'
  | 'lower-is-stricter'
  | 'true-is-stricter'
  /** each entry of a list asks for something */
  | 'each-entry'
  /** a file whose contents judge */
  | 'contents'
  /** nobody knows whether another value asks less */
  | 'any-change'
  /** the same, but that it can't ask less than none at all */
  | 'any-change-once-given'
  | readonly string[]

/** A declared input: how it is read, what it is when nobody gives it, how an editor checks it. */
export interface Reader<T> {
  readonly required: boolean
  readonly fallback: T | undefined
  /** the default as README and action.yml name it */
  readonly defaultText: string | undefined
  /** how `with:` writes a list: one a line, or comma-separated as well */
  readonly separator: 'none' | 'lines' | 'commas'
  /** the environment variable that may carry it */
  readonly variable: string | undefined
  /** the action whose section is looked in as well, after one's own and the top level */
  readonly section: string | undefined
  /** never in a file, never in a log */
  readonly secret: boolean
  /** absent: nothing that is judged depends on it */
  readonly judges: Judges | undefined
  readonly schema: object
  parse(given: Given): T
}

export type Options<T> = {
  readonly required?: boolean
  readonly default?: T
  readonly variable?: string
  readonly section?: string
  readonly judges?: Judges
}
/** With a default or required a value is always there. */
export type Read<O, T> = O extends {required: true} | {default: T} ? T : T | undefined

// biome-ignore lint/suspicious/noExplicitAny: a table of readers of different types needs it; InputsOf gives each key its own
export type InputSpec = Readonly<Record<string, Reader<any>>>

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name
/** What a measured function gets: camel-case names, each with its reader's type. */
export type InputsOf<S extends InputSpec> = {
  readonly [Name in keyof S & string as Camel<Name>]: S[Name] extends Reader<infer T> ? T : never
}

interface Shape<T> {
  readonly separator?: Reader<T>['separator']
  readonly secret?: boolean
  readonly schema: object
  readonly show?: (value: T) => string
  readonly parse: (given: Given) => T
}

/** Builds a declared reader. */
export function reader<T, O extends Options<T>>(options: O | undefined, shape: Shape<T>): Reader<Read<O, T>> {
  const fallback = options?.default
  return {
    required: options?.required === true,
    fallback: fallback as Read<O, T> | undefined,
    defaultText: fallback === undefined ? undefined : (shape.show ?? String)(fallback),
    separator: shape.separator ?? 'none',
    variable: options?.variable,
    section: options?.section,
    secret: shape.secret === true,
    judges: options?.judges,
    schema: shape.schema,
    parse: given => shape.parse(given) as Read<O, T>
  }
}

/** The one text of a value that is no list. */
export function single(given: Given, what: string): string {
  const filled = given.block ? given.texts.filter(({text}) => text.trim() !== '') : given.texts
  if (given.block && filled.length === 1) return filled[0].text
  if (given.list || given.texts.length !== 1) throw wrong(given, `expected ${what}, got a list of ${given.texts.length}`, 'Give one value.')
  return given.texts[0].text
}

export function wrong(given: Given, message: string, hint: string): UserError {
  return new UserError(`${given.place}: ${message}`, {kind: 'usage', hint, at: given.texts[0]?.at})
}

import {UserError} from '#shared/errors'
import type {Gate} from '#shared/gates/gate'
import {type Loosening, loosenedGates} from '#shared/gates/loosened'
import type {Config} from './config.js'
import type {Given, InputSpec, Judges, Reader} from './reader.js'
import {find, type Sources} from './resolve.js'

/** The inputs of one action, now and in the file of before. */
export interface TwoInputs {
  readonly spec: InputSpec
  /** where the values of now came from */
  readonly sources: Sources
  readonly before: Config
  /** how people call before: `main` */
  readonly where: string
}

/**
 * What judges less now than by the file of before, or otherwise, as the declared inputs say what judges. A value that stands in `with:` or in the
 * environment is held only against gates and lists of the file, since the workflow of before is not looked at. A value that no reader takes is said,
 * and hides no other.
 */
export function loosenedInputs(two: TwoInputs): Loosening[] {
  return Object.entries(two.spec).flatMap(([name, reader]) => {
    try {
      return reader.judges === undefined ? [] : loosenedInput(name, reader, reader.judges, two)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      return [{id: 'base_not_compared', message: `${name} of ${two.where} could not be compared: ${error.message}`}]
    }
  })
}

function loosenedInput(name: string, reader: Reader<unknown>, judges: Judges, two: TwoInputs): Loosening[] {
  const sides = judges === 'contents' ? undefined : sidesOf(name, reader, judges, two)
  if (sides === undefined) return []
  const [before, now] = sides
  if (judges === 'gates') return loosenedGates(gatesOf(before), gatesOf(now), two.where)
  if (judges === 'each-entry') return droppedEntries(name, before, now, two)
  const move = moveOf(judges, before, now)
  if (move === 'none' || move === 'stricter') return []
  return [{id: `policy_${move === 'looser' ? 'loosened' : 'changed'}: ${name}`, message: movedMessage(name, before, now, two)}]
}

/** A value as it is judged by, and as it was written. */
interface Side {
  readonly value: unknown
  /** one text an entry; undefined: neither given nor a default */
  readonly texts: readonly string[] | undefined
}

/** Undefined where they can't be compared. */
function sidesOf(name: string, reader: Reader<unknown>, judges: Judges, {sources, before}: TwoInputs): readonly [Side, Side] | undefined {
  const then = find(name, reader, {...sources, direct: {}, env: {}, config: before})
  // What is required stood in the workflow of before, where the file lacked it.
  if (then === undefined && reader.required) return undefined
  const outside = find(name, reader, {...sources, config: undefined})
  const replaces = (judges === 'gates' || judges === 'each-entry') && then !== undefined
  if (outside !== undefined && !replaces) return undefined
  return [sideOf(reader, then), sideOf(reader, find(name, reader, sources))]
}

function sideOf(reader: Reader<unknown>, given: Given | undefined): Side {
  if (given !== undefined) return {value: reader.parse(given), texts: given.texts.map(({text}) => text.trim()).filter(text => text !== '')}
  const {fallback, defaultText} = reader
  return {value: fallback, texts: Array.isArray(fallback) ? fallback.map(String) : defaultText === undefined ? undefined : [defaultText]}
}

function gatesOf({value}: Side): readonly Gate[] {
  return Array.isArray(value) ? (value as readonly Gate[]) : []
}

function droppedEntries(name: string, before: Side, now: Side, {where}: TwoInputs): Loosening[] {
  const [then, left] = [before.value, now.value].map(value => (Array.isArray(value) ? value : []))
  return then.flatMap((entry, index) => {
    const text = shortened(before.texts?.[index] ?? String(entry))
    return left.includes(entry) ? [] : [{id: `${name}_dropped: ${text}`, message: `${name}: ${text} of ${where} is gone`}]
  })
}

type Move = 'none' | 'stricter' | 'looser' | 'unknown'

function moveOf(judges: Judges, before: Side, now: Side): Move {
  if (JSON.stringify(before.value) === JSON.stringify(now.value)) return 'none'
  if (judges === 'any-change-once-given' && before.texts === undefined) return 'stricter'
  const [was, is] = [rankOf(judges, before), rankOf(judges, now)]
  if (was === is) return 'unknown'
  return is < was ? 'looser' : 'stricter'
}

/** How strict a value is; equal for all of which nobody knows. */
function rankOf(judges: Judges, {value, texts = []}: Side): number {
  if (judges === 'higher-is-stricter') return Number(value)
  if (judges === 'lower-is-stricter') return -Number(value)
  if (judges === 'true-is-stricter') return Number(value === true)
  if (typeof judges === 'string') return 0
  const place = judges.indexOf(texts.join())
  return place < 0 ? judges.length : place
}

function movedMessage(name: string, before: Side, now: Side, {where}: TwoInputs): string {
  const [was, is] = [before, now].map(({texts}) => texts && shortened(texts.join(', ')))
  if (was === undefined) return `${name}: not given by the file of ${where}, is now ${is}`
  return `${name}: ${was} of ${where} is ${is === undefined ? 'gone' : `now ${is}`}`
}

const LONGEST = 200

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

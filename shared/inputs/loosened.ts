import type {Gate} from '#shared/gates/gate'
import {type Loosening, loosenedGates} from '#shared/gates/loosened'
import type {ModelReference} from '#shared/inputs'
import type {Config} from './config.js'
import type {InputSpec} from './reader.js'
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

/** Lists of which each entry asks for something, by action. */
const LISTS: Readonly<Record<string, readonly string[]>> = {report: ['require'], 'check-fairness': ['sensitive']}

/**
 * What judges less now than by the file of before: gates, mode, on-inconclusive, champion, and what is required. A value that stands in `with:`
 * is held only against gates and lists of the file, since the workflow of before is not looked at. Throws UserError for values that no reader takes.
 */
export function loosenedInputs(two: TwoInputs): Loosening[] {
  const lists = (LISTS[two.sources.action] ?? []).flatMap(name => droppedEntries(name, two))
  return [...gatesOf(two), ...policiesOf(two), ...lists]
}

function gatesOf(two: TwoInputs): Loosening[] {
  const pair = valuesOf<readonly Gate[]>('gates', two, {direct: 'where the file had some'})
  return pair === undefined ? [] : loosenedGates(pair.before ?? [], pair.now ?? [], two.where)
}

const STRICTNESS: Readonly<Record<string, readonly string[]>> = {
  mode: ['observe', 'enforce'],
  'on-inconclusive': ['warn', 'estimate', 'fail']
}

function policiesOf(two: TwoInputs): Loosening[] {
  const words = Object.entries(STRICTNESS).flatMap(([name, order]) => {
    const {before = '', now = ''} = valuesOf<string>(name, two) ?? {}
    return order.indexOf(now) < order.indexOf(before) ? [policy(name, before, now, two)] : []
  })
  const champion = valuesOf<ModelReference>('champion', two)
  const dropped = champion?.now?.kind === 'none' && champion.before?.kind !== 'none'
  return dropped ? [...words, policy('champion', champion.before?.kind === 'named' ? champion.before.name : 'a file', 'none', two)] : words
}

function policy(name: string, before: string, now: string, {where}: TwoInputs): Loosening {
  return {id: `policy_loosened: ${name}`, message: `${name}: ${before} of ${where} is now ${now}`}
}

function droppedEntries(name: string, two: TwoInputs): Loosening[] {
  const {before = [], now = []} = valuesOf<readonly string[]>(name, two, {direct: 'where the file had some'}) ?? {}
  return before
    .filter(entry => !now.includes(entry))
    .map(entry => ({id: `${name}_dropped: ${entry}`, message: `${name}: ${entry} of ${two.where} is gone`}))
}

/** Undefined where they can't be compared, or the action has no such input. */
function valuesOf<T>(name: string, {spec, sources, before}: TwoInputs, {direct = 'never'} = {}): {before?: T; now?: T} | undefined {
  const reader = Object.hasOwn(spec, name) ? spec[name] : undefined
  if (reader === undefined) return undefined
  const then = find(name, reader, {...sources, direct: {}, env: {}, config: before})
  const given = find(name, reader, {...sources, env: {}, config: undefined})
  if (given !== undefined && (direct === 'never' || then === undefined)) return undefined
  const now = find(name, reader, sources)
  return {before: then === undefined ? reader.fallback : reader.parse(then), now: now === undefined ? reader.fallback : reader.parse(now)}
}

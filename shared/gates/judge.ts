import {throwAll, UserError} from '#shared/errors'
import type {Check, Verdict} from '#shared/evidence/evidence'
import type {Estimate} from '#shared/stats/estimate'
import {holm} from '#shared/stats/multiplicity'
import {ALPHA, decide, meets, missPValue} from './decision.js'
import {type Gate, gateText, type ReferenceName} from './gate.js'
import type {Measured, Metric, Query, ReferenceState} from './metric.js'
import {expandSlices} from './slices.js'
import {invalidity} from './validity.js'
import {exactMessage, intervalMessage, type Reading} from './wording.js'

/** One gate on one slice, measured but not yet decided: some verdicts need the p-values of the others. */
interface Sample {
  readonly gate: Gate
  readonly id: string
  /** from `[column=*]` */
  readonly watched: boolean
  readonly reading?: Reading
  /** decided without a reading */
  readonly settled?: {readonly verdict: Verdict; readonly message: string}
}

/**
 * Judges gates against what was measured; one check a gate and slice, in the order of the gates.
 * Throws one UserError of kind `usage` for all gates that can't be asked here, and one for an empty list.
 */
export async function judgeGates(gates: readonly Gate[], measured: Measured, action: string): Promise<Check[]> {
  if (gates.length === 0)
    throw new UserError(`gates: the list is empty, so ${action} would judge nothing`, {kind: 'usage', hint: 'Add a gate, one a line.'})
  throwAll(gates.flatMap(gate => invalidity(gate, measured, action) ?? []))
  const samples: Sample[] = []
  for (const gate of gates) {
    for (const {slice, watched, missing} of await expandSlices(gate, measured))
      samples.push(await sample({...gate, slice}, watched, missing, gates, measured))
  }
  refuseTwins(samples)
  return decideAll(samples)
}

/** Two gates that come to the same check would count its p-value twice. */
function refuseTwins(samples: readonly Sample[]): void {
  const seen = new Set<string>()
  const twice = samples.filter(({id}) => seen.size === seen.add(id).size)
  throwAll(
    twice.map(
      ({id, gate}) => new UserError(`gate "${id}" is asked for by two lines`, {kind: 'usage', hint: 'Remove one of them.', at: gate.at})
    )
  )
}

async function sample(
  gate: Gate,
  watched: boolean,
  missing: string | undefined,
  gates: readonly Gate[],
  measured: Measured
): Promise<Sample> {
  const id = gateText(gate)
  const base = {gate, id, watched}
  if (missing !== undefined) return {...base, settled: {verdict: 'error', message: `${id}: ${missing}`}}
  const reference = referenceOf(gate, measured)
  const state: ReferenceState = reference === undefined ? {kind: 'ready'} : (measured.references?.[reference] ?? {kind: 'ready'})
  if (state.kind !== 'ready') return {...base, settled: unready(id, state, gates, measured)}
  const metric = measured.metrics[gate.metric]
  return {...base, ...(await read(gate, metric, id))}
}

function referenceOf({bound, metric}: Gate, {metrics}: Measured): ReferenceName | undefined {
  return bound.reference ?? metrics[metric].needs
}

function unready(
  id: string,
  state: Exclude<ReferenceState, {kind: 'ready'}>,
  gates: readonly Gate[],
  measured: Measured
): {verdict: Verdict; message: string} {
  if (state.kind !== 'nothing') return {verdict: state.kind, message: `${id}: ${state.message}`}
  const anchored = gates.some(gate => !gate.warn && referenceOf(gate, measured) === undefined)
  if (anchored) return {verdict: 'warn', message: `${id}: ${state.message}`}
  return {
    verdict: 'error',
    message: `${id}: ${state.message}, and no enforced gate has a number for a bound; add one, such as roc_auc >= 0.7`
  }
}

async function read(gate: Gate, metric: Metric, id: string): Promise<Pick<Sample, 'reading' | 'settled'>> {
  const query: Query = {items: gate.items, slice: gate.slice}
  const value = await metric.measure(query)
  const {reference, change, number} = gate.bound
  const base = {gate, unit: metric.unit, remark: metric.remark, value}
  if (reference === undefined) return {reading: {...base, decided: value, bound: number, target: number}}
  if (metric.compare === undefined) return {settled: {verdict: 'error', message: `${id}: can't be compared with ${reference}`}}
  const factor = change === 'times' ? number : 1
  const comparison = await metric.compare(query, reference, factor)
  const other = comparison.reference
  const known = value.value !== null && other !== null
  if (known && change === 'times' && other <= 0) {
    return {
      settled: {
        verdict: 'error',
        message: `${id}: ${reference} is ${other}, and a change relative to it is undefined; write ${reference} + a number`
      }
    }
  }
  const shift = change === 'plus' ? number : 0
  const target = other === null ? Number.NaN : factor * other + shift
  return {reading: {...base, decided: comparison.difference, bound: shift, target, reference: other}}
}

/** Holm over the watched values of one gate, and over the disparities between groups. */
function decideAll(samples: readonly Sample[]): Check[] {
  const adjusted = new Map<Sample, number>()
  const families = new Map<string, Sample[]>()
  for (const one of samples) {
    const family = familyOf(one)
    if (family !== undefined) families.set(family, [...(families.get(family) ?? []), one])
  }
  for (const family of families.values()) {
    const p = holm(family.map(pValueOf))
    for (const [index, one] of family.entries()) adjusted.set(one, p[index])
  }
  return samples.map(one => toCheck(one, adjusted.get(one), watching(one, samples)))
}

/** Of a watched value: whether any value of the same gate can be judged; if none can, being listed is not enough. */
function watching(one: Sample, samples: readonly Sample[]): boolean {
  return (
    one.watched &&
    samples.some(
      other =>
        other.gate.at === one.gate.at &&
        familyKey(other) === familyKey(one) &&
        other.reading !== undefined &&
        !unjudgeable(other.reading.decided)
    )
  )
}

function familyKey({gate}: Pick<Sample, 'gate'>): string {
  return `${gate.metric} ${gate.items.join()} ${gate.operator} ${gate.bound.reference} ${gate.boundText} ${gate.slice.map(({column}) => column).join()}`
}

function familyOf({reading, watched, gate}: Sample): string | undefined {
  if (reading === undefined || unjudgeable(reading.decided)) return undefined
  // A gate that only warns must not take power from one that is enforced.
  const kind = gate.warn ? 'warn' : 'enforced'
  if (reading.decided.pNull !== undefined) return `${kind} disparities`
  return watched ? familyKey({gate}) : undefined
}

function pValueOf({reading, gate}: Sample): number {
  if (reading === undefined) return 1
  return reading.decided.pNull ?? missPValue(reading.decided, gate.operator, reading.bound)
}

function unjudgeable({value, reason}: Estimate): boolean {
  return reason !== undefined || value === null || !Number.isFinite(value)
}

function toCheck(one: Sample, p: number | undefined, listedIsEnough: boolean): Check {
  const {gate, id, reading} = one
  const at = gate.at && {file: gate.at.file, line: gate.at.line}
  const slice =
    gate.slice.length === 0 ? {} : {slice: gate.slice.map(({column, operator, value}) => `${column}${operator}${value}`).join(', ')}
  if (reading === undefined) {
    const {verdict, message} = one.settled ?? {verdict: 'error' as const, message: `${id}: not measured`}
    return {id, ...soften(verdict, message, gate), ...slice, ...(at && {at})}
  }
  const {value, decided, target, reference} = reading
  const {verdict, message} = judge(one, reading, p, listedIsEnough)
  const measured = value.value !== null && Number.isFinite(value.value) ? {measured: value.value} : {}
  const bound = Number.isFinite(target) ? {bound: target} : {}
  const against =
    reference === undefined
      ? {}
      : {reference: {name: gate.bound.reference ?? '', value: reference, ...(decided.value !== null && {difference: decided.value})}}
  return {
    id,
    ...soften(verdict, message, gate),
    ...measured,
    operator: gate.operator,
    ...bound,
    ...against,
    ...intervalOf(decided),
    ...(verdict === 'inconclusive' &&
      decided.value !== null && {estimate: meets(decided.value, gate.operator, reading.bound) ? ('meets' as const) : ('misses' as const)}),
    n: value.n,
    ...slice,
    unit: reading.unit,
    ...(at && {at})
  }
}

/** Where `warn:` alone is why it only warns, the message begins with it. */
function soften(verdict: Verdict, message: string, {warn}: Gate): Pick<Check, 'verdict' | 'message'> {
  const softened = warn && (verdict === 'fail' || verdict === 'inconclusive')
  return softened ? {verdict: 'warn', message: `warn: ${message}`} : {verdict, message}
}

function intervalOf({bounds, method, value}: Estimate): Pick<Check, 'interval'> {
  if (bounds === undefined || value === null) return {}
  const {low, high} = bounds(ALPHA)
  const finite = (end: number) => (Number.isFinite(end) ? end : null)
  return {interval: {low: finite(low), high: finite(high), confidence: 1 - ALPHA, method: method ?? 'unnamed'}}
}

function judge(one: Sample, reading: Reading, p: number | undefined, listedIsEnough: boolean): {verdict: Verdict; message: string} {
  const {decided, bound} = reading
  const {gate, id} = one
  if ((decided.rows ?? decided.n) === 0)
    return {verdict: listedIsEnough ? 'warn' : 'error', message: `${id}: no rows, so nothing was measured`}
  if (decided.value !== null && !Number.isFinite(decided.value)) return {verdict: 'error', message: `${id}: the value is not finite`}
  if (decided.reason !== undefined || decided.value === null) {
    const reason = decided.reason ?? 'not defined'
    return listedIsEnough
      ? {verdict: 'warn', message: `${intervalMessage(reading)}: ${reason}; listed, not judged`}
      : {verdict: 'inconclusive', message: `${intervalMessage(reading)}: ${reason}; undecided`}
  }
  if (decided.bounds === undefined) {
    const verdict = meets(decided.value, gate.operator, bound) ? 'pass' : 'fail'
    return {verdict, message: exactMessage(reading, verdict)}
  }
  const plain = decide(decided.bounds(ALPHA), gate.operator, bound)
  const verdict =
    decided.pNull === undefined
      ? plain === 'fail' && p !== undefined && p >= ALPHA
        ? 'inconclusive'
        : plain
      : disparity(reading, gate, plain, p)
  return {verdict, message: intervalMessage(reading, verdict, p)}
}

/** A disparity fails when the estimate misses and is significant after Holm; it passes when the whole interval meets. */
function disparity(
  {decided, bound}: Reading,
  gate: Gate,
  plain: 'pass' | 'fail' | 'inconclusive',
  p: number | undefined
): 'pass' | 'fail' | 'inconclusive' {
  if (plain === 'pass') return 'pass'
  const misses = decided.value !== null && !meets(decided.value, gate.operator, bound)
  return misses && p !== undefined && p < ALPHA ? 'fail' : 'inconclusive'
}

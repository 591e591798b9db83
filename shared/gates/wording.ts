import type {Verdict} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import type {Estimate} from '#shared/stats/estimate'
import {detectableDifference, rowsToSettle, standardErrorOf} from '#shared/stats/planning'
import {ALPHA, meets} from './decision.js'
import {type Gate, metricText, sliceText} from './gate.js'
import type {Unit} from './metric.js'

/** One measurement held against one bound. */
export interface Reading {
  readonly gate: Gate
  readonly unit: Unit
  readonly remark?: string
  readonly value: Estimate
  /** what is decided: the value, or its difference to the (scaled) reference */
  readonly decided: Estimate
  /** what `decided` is held against */
  readonly bound: number
  /** the bound in the units of `value`, the reference resolved */
  readonly target: number
  /** the reference's own value */
  readonly reference?: number | null
}

/** `row_count 534 is at least 500`. */
export function exactMessage(reading: Reading, verdict: Verdict): string {
  const remark = reading.remark === undefined ? '' : ` (${reading.remark})`
  return `${subject(reading)} ${relation(reading, verdict)} ${target(reading)}${remark}`
}

/** Subject, relation and limit, then difference, bounds, method, n, and for an inconclusive one what would settle it. */
export function intervalMessage(reading: Reading, verdict?: Verdict, p?: number): string {
  const {decided, reference} = reading
  const parts: string[] = []
  if (reference !== undefined && decided.value !== null) parts.push(`difference ${formatNumber(decided.value)}`)
  if (decided.bounds !== undefined && decided.value !== null) {
    const {low, high} = decided.bounds(ALPHA)
    parts.push(`95% bounds ${formatNumber(low)} to ${formatNumber(high)}`)
    if (decided.method !== undefined) parts.push(decided.method)
  }
  if (decided.detail !== undefined) parts.push(decided.detail)
  parts.push(`n ${formatNumber(decided.n)}`)
  if (p !== undefined && verdict !== 'pass') parts.push(`Holm p ${formatNumber(Number(p.toPrecision(2)))}`)
  const relationText =
    reading.value.value === null
      ? ''
      : ` ${relation(reading, verdict)} ${target(reading)}${verdict === 'inconclusive' ? ', undecided' : ''}`
  const settle = verdict === 'inconclusive' ? settling(reading) : ''
  const beyond = verdict === 'fail' && decided.pNull !== undefined ? ', and the groups differ beyond chance' : ''
  return `${subject(reading)}${relationText}${beyond} (${parts.join(', ')})${settle}`
}

function subject({gate, value}: Reading): string {
  const name = `${metricText(gate.metric, gate.items)}${sliceText(gate.slice)}`
  return value.value === null ? name : `${name} ${formatNumber(value.value)}`
}

function relation({gate, decided, bound}: Reading, verdict?: Verdict): string {
  const met = decided.value !== null && meets(decided.value, gate.operator, bound)
  const words = {
    '>=': ['is at least', 'is below'],
    '<=': ['is at most', 'is above'],
    '>': ['is above', 'is not above'],
    '<': ['is below', 'is not below'],
    '==': ['is', 'is not'],
    '!=': ['is not', 'is']
  }[gate.operator]
  const phrase = met ? words[0] : words[1]
  return verdict === 'inconclusive' ? phrase.replace('is', 'is by estimate').replace('by estimate not', 'not by estimate') : phrase
}

function target({gate, target: limit, reference}: Reading): string {
  const name = gate.bound.reference
  if (name === undefined) return gate.bound.percent ? `${gate.boundText} = ${formatNumber(limit)}` : gate.boundText
  const text = gate.bound.change === 'none' ? name : `${name} ${gate.boundText}`
  return reference === null || !Number.isFinite(limit) ? text : `${text} = ${formatNumber(limit)}`
}

/** What would settle an inconclusive check with power 0.8, from the width of the bounds towards the limit; nothing where that is unknown. */
function settling({gate, decided, bound}: Reading): string {
  if (decided.bounds === undefined || decided.value === null) return ''
  const {low, high} = decided.bounds(ALPHA)
  const upward = gate.operator === '>=' || gate.operator === '>'
  const met = meets(decided.value, gate.operator, bound)
  const half = met === upward ? decided.value - low : high - decided.value
  const distance = Math.abs(decided.value - bound)
  if (!Number.isFinite(half) || half <= 0) return ''
  const standardError = standardErrorOf(half, ALPHA)
  const margin = detectableDifference(standardError, ALPHA)
  const can = `; ${formatNumber(decided.n)} rows can settle a margin of ${short(margin)}`
  const needed = rowsToSettle({n: decided.n, standardError, margin: distance}, ALPHA)
  if (!(needed <= 1e9)) return can
  return `${can}; for ${short(distance)} about ${formatNumber(Number(needed.toPrecision(2)))} are needed`
}

function short(value: number): string {
  return formatNumber(Number(value.toPrecision(2)))
}

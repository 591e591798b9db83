import type {Check, Verdict} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {bernoulliBounds, ratioBounds, ratioEstimate, type SplitCounts} from '#shared/stats/sequential'
import {detectableRatio, errorsToProve, requestsFor} from '#shared/stats/sequential-planning'
import type {Line} from './lines.js'
import {ALPHA, enforced, estimateOf, type Finding, findingOf, splitOf} from './rules.js'
import {boundariesMs, countEvents, type StepTally, totalOf} from './tallies.js'

/** One check a gate, over all steps of the rollout, with what was measured, its always-valid bounds, and what would settle it. */
export function judgeLines(lines: readonly Line[], steps: readonly StepTally[], proof: boolean): readonly Check[] {
  return lines.map(line => judgeLine(line, steps, findingOf(line, steps, enforced(lines)), proof))
}

function judgeLine(line: Line, steps: readonly StepTally[], finding: Finding, proof: boolean): Check {
  const {gate} = line
  const n = totalOf(steps, 'canary').requests
  const base = {id: gate.id, operator: gate.operator, n, unit: 'share', ...(gate.at && {at: {file: gate.at.file, line: gate.at.line}})}
  if (n === 0) return {...base, verdict: toned(gate.warn, 'inconclusive'), message: `${gate.id}: 0 requests on the candidate`}
  if (finding === 'error') return {...base, verdict: 'error', message: unreadable(line, steps)}
  const reading = line.limit.kind === 'share' ? readShare(line, line.limit.share, steps) : readRatio(line, line.limit.factor, steps)
  const settling = finding === 'inconclusive' && line.limit.kind === 'ratio' ? settlingText(line, line.limit.factor, steps, proof) : ''
  const verdict = toned(gate.warn, finding)
  return {
    ...base,
    ...reading.numbers,
    verdict,
    ...(verdict === 'inconclusive' && {estimate: estimateOf(line, steps)}),
    message: `${reading.text(WORDS[finding])}${settling}`
  }
}

const WORDS = {pass: 'is proven to hold', fail: 'is proven broken', inconclusive: 'is not settled'} as const

function toned(warn: boolean, verdict: Verdict): Verdict {
  return warn && (verdict === 'fail' || verdict === 'inconclusive') ? 'warn' : verdict
}

function unreadable({gate, events}: Line, steps: readonly StepTally[]): string {
  if (events === 'errors') return `${gate.id}: the counts say more errors than requests`
  const known = boundariesMs(totalOf(steps, 'canary')).map(bound => `${bound}ms`)
  return `${gate.id}: the histogram has no such boundary; it has ${known.join(', ') || 'none'}`
}

interface Reading {
  readonly numbers: Pick<Check, 'measured' | 'bound' | 'reference' | 'interval'>
  readonly text: (words: string) => string
}

function subjectOf({gate, events}: Line): string {
  return events === 'errors'
    ? 'error_rate'
    : `slow_rate(${formatNumber(events.slowerThanS * 1000)}ms)${gate.metric.startsWith('latency') ? ` for ${gate.metric}` : ''}`
}

function rateOf(line: Line, steps: readonly StepTally[], side: 'canary' | 'stable') {
  const tally = totalOf(steps, side)
  const events = countEvents(tally, line.events) ?? Number.NaN
  return {events, requests: tally.requests, rate: tally.requests === 0 ? null : events / tally.requests}
}

function readShare(line: Line, share: number, steps: readonly StepTally[]): Reading {
  const {events, requests, rate} = rateOf(line, steps, 'canary')
  const {low, high} = bernoulliBounds({errors: events, n: requests, alpha: ALPHA})
  const method = 'Bernoulli confidence sequence'
  const bounds = `95% bounds at any time ${formatNumber(low)} to ${formatNumber(high)}, ${method}, n ${formatNumber(requests)}`
  return {
    numbers: {measured: rate ?? undefined, bound: share, interval: {low, high, confidence: 1 - ALPHA, method}},
    text: words => `${subjectOf(line)} ${formatNumber(rate ?? 0)}: "at most ${formatNumber(share)}" ${words} (${bounds})`
  }
}

function readRatio(line: Line, factor: number, steps: readonly StepTally[]): Reading {
  const [canary, stable] = [rateOf(line, steps, 'canary'), rateOf(line, steps, 'stable')]
  const counts = steps.map(step => splitOf(step, line.events))
  const {low, high} = ratioBounds(counts, {alpha: ALPHA})
  const estimate = ratioEstimate(counts)
  const method = 'split-conditional e-process, canary / stable'
  const bound = stable.rate === null ? undefined : factor * stable.rate
  const limit = factor === 1 ? 'at most stable' : `at most stable * ${formatNumber(factor)}`
  const of = ({events, requests}: typeof canary) => `${formatNumber(events)} of ${formatNumber(requests)}`
  const ratio = estimate === null ? 'no such request on either side' : `ratio ${formatNumber(estimate)}`
  const bounds = `95% bounds at any time ${formatNumber(low)} to ${formatNumber(high)}, ${method}`
  return {
    numbers: {
      measured: canary.rate ?? undefined,
      bound,
      reference: {
        name: 'stable',
        value: stable.rate,
        ...(estimate !== null && {difference: (canary.rate ?? 0) - factor * (stable.rate ?? 0)})
      },
      interval: {low, high: Number.isFinite(high) ? high : null, confidence: 1 - ALPHA, method}
    },
    text: words =>
      `${subjectOf(line)} ${formatNumber(canary.rate ?? 0)} (${of(canary)}) against ${formatNumber(stable.rate ?? 0)} (${of(stable)}): "${limit}" ${words} (${ratio}, ${bounds})`
  }
}

/** What would have been found, or what a proof of safety would take. */
function settlingText(line: Line, factor: number, steps: readonly StepTally[], proof: boolean): string {
  const counts = pooled(
    steps.map(step => splitOf(step, line.events)),
    steps
  )
  const {requests, weight, stableRate} = counts
  const canary = formatNumber(totalOf(steps, 'canary').requests)
  if (!(weight > 0 && weight < 1)) return ''
  if (proof) {
    if (factor === 1) return '; equality is never proven: write stable * 1.2 or another factor'
    const errors = errorsToProve({weight, ratio: factor, kind: 'safe'}, {truth: 1})
    if (errors === null || stableRate === 0) return '; a proof takes more than 10,000 of them'
    return `; a proof takes about ${formatNumber(requestsFor(errors, {stableRate, weight, truth: 1}))} requests to both`
  }
  const found = stableRate === 0 ? null : detectableRatio({weight, ratio: factor}, {requests, stableRate})
  const harm = `; no harm in ${canary} requests`
  return found === null
    ? harm
    : `${harm}; a rate above ${formatNumber(Number(found.toPrecision(2)))} times stable would have been found with power 0.8`
}

function pooled(counts: readonly SplitCounts[], steps: readonly StepTally[]) {
  const [canary, stable] = [totalOf(steps, 'canary').requests, totalOf(steps, 'stable').requests]
  const errors = counts.reduce((sum, {stableErrors}) => sum + stableErrors, 0)
  return {requests: canary + stable, weight: canary / (canary + stable), stableRate: stable === 0 ? 0 : errors / stable}
}

import {throwAll, UserError} from '#shared/errors'
import type {Gate} from '#shared/gates/gate'
import type {Metric} from '#shared/gates/metric'
import {invalidity} from '#shared/gates/validity'
import type {Events} from './tallies.js'

/** A gate as the canary judges it: which events it counts, and what their rate is held to. */
export interface Line {
  readonly gate: Gate
  readonly events: Events
  readonly limit: {readonly kind: 'ratio'; readonly factor: number} | {readonly kind: 'share'; readonly share: number}
}

/** Requests of every hundred that may be slower than a percentile's bound. */
const PERCENTILES: Readonly<Record<string, number>> = {latency_p50_ms: 0.5, latency_p95_ms: 0.05, latency_p99_ms: 0.01}

const unmeasured = {slices: false, measure: () => ({value: null, n: 0})}
const METRICS: Readonly<Record<string, Metric>> = {
  error_rate: {unit: 'share', takes: 'nothing', items: [0, 0], references: ['stable'], ...unmeasured},
  slow_rate: {unit: 'share', takes: 'duration', items: [1, 1], references: ['stable'], ...unmeasured},
  ...Object.fromEntries(
    Object.keys(PERCENTILES).map(name => [name, {unit: 'ms', takes: 'nothing', items: [0, 0], references: [], ...unmeasured} as const])
  )
}

/** The gates of a rollout. Throws one UserError of kind `usage` that names all that can't be asked of a canary. */
export function parseLines(gates: readonly Gate[]): readonly Line[] {
  const measured = {metrics: METRICS, columns: []}
  throwAll(gates.flatMap(gate => invalidity(gate, measured, 'deploy-canary') ?? impossibility(gate) ?? []))
  if (gates.some(gate => !gate.warn)) return gates.map(lineOf)
  throw new UserError('gates: none that could stop the rollout', {
    kind: 'usage',
    hint: 'Add one without warn:, such as error_rate <= stable'
  })
}

function impossibility(gate: Gate): UserError | undefined {
  const {change, number, reference} = gate.bound
  const wrong = (message: string, hint: string) => new UserError(`gate "${gate.id}": ${message}`, {kind: 'usage', hint, at: gate.at})
  const example = gate.id.replace(/[<>=!]=?.*$/, '').trim()
  if (gate.operator !== '<=')
    return wrong(`a canary is held to at most a bound, got ${gate.operator}`, `Write ${example} <= ${reference ?? gate.boundText}.`)
  if (change === 'plus')
    return wrong('a sum with stable has no test that may be looked at all the time', `Write ${example} <= stable * 1.2, or a number.`)
  if (change === 'times' && number < 1)
    return wrong(`the factor ${number} is below 1`, `A canary is not asked to be better: write ${example} <= stable.`)
  if (reference === undefined && !(number > 0))
    return wrong(
      'no number of requests proves a rate of 0',
      `Write a bound above 0, such as ${example} <= ${gate.metric.endsWith('_ms') ? '250' : '0.1%'}.`
    )
  return undefined
}

function lineOf(gate: Gate): Line {
  const {reference, change, number} = gate.bound
  if (Object.hasOwn(PERCENTILES, gate.metric))
    return {gate, events: {slowerThanS: number / 1000}, limit: {kind: 'share', share: PERCENTILES[gate.metric]}}
  const events = gate.metric === 'error_rate' ? 'errors' : {slowerThanS: secondsOf(gate.items[0])}
  if (reference === undefined) return {gate, events, limit: {kind: 'share', share: number}}
  return {gate, events, limit: {kind: 'ratio', factor: change === 'times' ? number : 1}}
}

function secondsOf(duration: string): number {
  return duration.endsWith('ms') ? Number(duration.slice(0, -2)) / 1000 : Number(duration.slice(0, -1))
}

/** Whole percents of the steps, ascending, each from 1 to 99. Throws UserError of kind `usage`. */
export function parseSteps(texts: readonly string[]): readonly number[] {
  const steps = texts.map(text => {
    const percent = /^(\d{1,3})\s*%$/.exec(text)?.[1]
    if (percent !== undefined && Number(percent) >= 1 && Number(percent) <= 99) return Number(percent)
    throw new UserError(`steps: expected whole percents from 1% to 99%, got ${JSON.stringify(text)}`, {
      kind: 'usage',
      hint: 'Write 5%, 25%, 50%; the last step to 100% goes without saying.'
    })
  })
  if (steps.every((percent, index) => index === 0 || percent > steps[index - 1])) return steps
  throw new UserError(`steps: expected each above the one before, got ${texts.join(', ')}`, {kind: 'usage', hint: 'Write 5%, 25%, 50%.'})
}

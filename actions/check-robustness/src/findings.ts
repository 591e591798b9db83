import type {Check, Fact, Figure} from '#shared/evidence/evidence'
import type {Gate} from '#shared/gates/gate'
import {metricText} from '#shared/gates/gate'
import {judgeGates} from '#shared/gates/judge'
import type {MetricTable, ReferenceState} from '#shared/gates/metric'
import {parseGates} from '#shared/gates/parse'
import {shareEstimate} from './flips.js'
import {quantileEstimate} from './latency.js'
import {PERTURBATIONS} from './perturbations.js'
import {metricTable, type Reasons, type Robustness} from './table.js'

export interface Judged {
  readonly checks: readonly Check[]
  readonly figures: readonly Figure[]
  readonly facts: readonly Fact[]
}

const ACTION = 'check-robustness'

export type References = Readonly<Partial<Record<'champion' | 'base', ReferenceState>>>

/** Judges a model that was loaded. A gate for the directions of `monotone` is added where none is written: what was declared is checked. */
export async function judgeRobustness(given: readonly Gate[], robustness: Robustness, references: References): Promise<Judged> {
  const reasons: Reasons = new Map()
  const metrics = await metricTable(robustness, reasons)
  const gates = withMonotone(given, robustness)
  const checks = await judgeGates(gates, {metrics, references, columns: []}, ACTION)
  return {checks: explained(checks, gates, reasons), figures: await figuresOf(gates, robustness), facts: await factsOf(gates, robustness)}
}

function withMonotone(gates: readonly Gate[], {setting}: Robustness): readonly Gate[] {
  if (setting.directions.length === 0 || gates.some(({metric}) => metric === 'monotonicity_violations')) return gates
  return [...gates, ...parseGates([{text: 'monotonicity_violations <= 5%'}])]
}

/** A check of something without rows says why there was nothing to measure. */
function explained(checks: readonly Check[], gates: readonly Gate[], reasons: Reasons): readonly Check[] {
  return checks.map(check => {
    const gate = gates.find(({id}) => id === check.id)
    const reason = gate && (reasons.get(metricText(gate.metric, gate.items)) ?? reasons.get(gate.metric))
    return check.verdict === 'error' && reason !== undefined ? {...check, message: `${check.id}: not measured: ${reason}`} : check
  })
}

/** Judges a model that does not load: that is the finding, and nothing else was measured. */
export async function judgeUnloadable(gates: readonly Gate[], reason: string, columns: readonly string[]): Promise<Judged> {
  const checks = await judgeGates(gates, {metrics: unloadableTable(reason, columns), columns: []}, ACTION)
  const judged = checks.map((check): Check => {
    const gate = gates.find(({id}) => id === check.id)
    if (gate?.metric === 'unloadable') return check
    return {...check, verdict: 'error', message: `${check.id}: not measured: the model does not load`}
  })
  return {checks: judged, figures: [], facts: [{name: 'why the model does not load', value: reason}]}
}

function unloadableTable(reason: string, columns: readonly string[]): MetricTable {
  const nothing = {
    takes: 'nothing',
    items: [0, 0],
    slices: false,
    references: ['champion', 'base'],
    measure: () => ({value: null, n: 0}),
    compare: () => ({reference: null, difference: {value: null, n: 0}})
  } as const
  return {
    unloadable: {...nothing, unit: 'count', references: [], remark: reason, measure: () => ({value: 1, n: 1})},
    nondeterminism: {...nothing, unit: 'number'},
    invalid_outputs: {...nothing, unit: 'count'},
    flip_rate: {...nothing, unit: 'share', takes: Object.keys(PERTURBATIONS), items: [1, 1]},
    monotonicity_violations: {...nothing, unit: 'share', takes: columns, items: [0, 1]},
    latency_p50_ms: {...nothing, unit: 'ms'},
    latency_p95_ms: {...nothing, unit: 'ms'},
    latency_p99_ms: {...nothing, unit: 'ms'},
    model_bytes: {...nothing, unit: 'bytes'}
  }
}

/** Flip rates by perturbation, of those that a gate asked for. */
async function figuresOf(gates: readonly Gate[], {candidate, champion}: Robustness): Promise<Figure[]> {
  const words = [...new Set(gates.filter(({metric}) => metric === 'flip_rate').map(({items}) => items[0]))]
  if (words.length === 0) return []
  const series: Figure['series'][number][] = []
  for (const [name, side] of [
    ['candidate', candidate],
    ['champion', champion]
  ] as const) {
    if (side === undefined) continue
    const shares = await Promise.all(words.map(async word => shareEstimate((await side.measured.flips(word)) ?? new Uint8Array())))
    series.push({
      name,
      x: words,
      y: shares.map(({value}) => value),
      low: shares.map(({bounds}) => bounds?.(0.05).low ?? null),
      high: shares.map(({bounds}) => bounds?.(0.05).high ?? null),
      n: shares.map(({n}) => n)
    })
  }
  return [{kind: 'bars', id: 'flip_rate', title: 'Predictions that change', xLabel: 'perturbation', yLabel: 'flip rate', series}]
}

async function factsOf(gates: readonly Gate[], {candidate, latencies}: Robustness): Promise<Fact[]> {
  const {n, edges, count, examples} = await candidate.measured.invalid()
  const asked = gates.some(({metric}) => metric.startsWith('latency_'))
  const {candidate: times} = asked ? await latencies() : {candidate: new Float64Array()}
  const quantiles = asked ? ([0.5, 0.95, 0.99] as const) : []
  return [
    {name: 'rows tried', value: n - edges},
    {name: 'edge inputs tried', value: edges},
    ...(count > 0 ? [{name: 'invalid outputs', value: examples.join('; ')}] : []),
    ...quantiles.map(q => ({name: `latency_p${Math.round(100 * q)}_ms`, value: quantileEstimate(times, q).value, unit: 'ms'})),
    {name: 'model_bytes', value: candidate.probe.bytes, unit: 'bytes'}
  ]
}

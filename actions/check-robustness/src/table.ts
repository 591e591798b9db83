import type {ReferenceName} from '#shared/gates/gate'
import type {Comparison, Metric, MetricTable, Query} from '#shared/gates/metric'
import type {Estimate} from '#shared/stats/estimate'
import {shareDifference, shareEstimate} from './flips.js'
import {quantileDifference, quantileEstimate} from './latency.js'
import type {Measurements, Probe, Setting} from './measurements.js'
import {NEEDS, PERTURBATIONS} from './perturbations.js'

/** What the gates of check-robustness are judged by: a model that was loaded, and the champion where there is one. */
export interface Robustness {
  readonly candidate: Side
  readonly champion?: Side
  /** what the merge base published, where a gate asks for it */
  readonly base?: Side
  readonly setting: Setting
  /** times for one row, sorted; of the candidate, the champion and the base where they are there */
  latencies(): Promise<Latencies>
}

export type Latencies = Readonly<Record<'candidate', Float64Array> & Partial<Record<'champion' | 'base', Float64Array>>>

export interface Side {
  readonly probe: Probe
  readonly measured: Measurements
}

/** Why a metric has no value, by its text as gates write it: `flip_rate(category)`. */
export type Reasons = Map<string, string>

const NOTHING: Estimate = {value: null, n: 0}
const BARE = {takes: 'nothing', items: [0, 0], slices: false, references: ['champion', 'base']} as const

/** The metrics that gates can name. What can't be measured has no rows, and its reason is put into `reasons`. */
export async function metricTable(robustness: Robustness, reasons: Reasons): Promise<MetricTable> {
  const {candidate} = robustness
  const [{examples}, {by, largest}] = await Promise.all([candidate.measured.invalid(), candidate.measured.determinism()])
  return {
    unloadable: {...BARE, unit: 'count', references: [], measure: () => ({value: 0, n: 1})},
    nondeterminism: {...exact(robustness, 'number', determinismOf), ...(largest > 0 && {remark: `largest when asked ${by}`})},
    invalid_outputs: {...exact(robustness, 'count', invalidOf), ...(examples.length > 0 && {remark: examples.join('; ')})},
    flip_rate: share(robustness, Object.keys(PERTURBATIONS), 1, async (side, [word]) => {
      const events = await side.measured.flips(word)
      if (events === undefined) reasons.set(`flip_rate(${word})`, `the model does not read ${NEEDS[word]}`)
      return events
    }),
    monotonicity_violations: share(
      robustness,
      robustness.setting.directions.map(({column}) => column),
      0,
      async (side, [column]) => {
        const events = await side.measured.violations(column)
        if (events === undefined) reasons.set('monotonicity_violations', 'the input monotone names no column that the model reads')
        return events
      }
    ),
    latency_p50_ms: latency(robustness, 0.5),
    latency_p95_ms: latency(robustness, 0.95),
    latency_p99_ms: latency(robustness, 0.99),
    model_bytes: exact(robustness, 'bytes', async ({probe}) => ({value: probe.bytes, n: 1}))
  }
}

async function determinismOf({measured}: Side): Promise<Estimate> {
  const {largest, n} = await measured.determinism()
  return {value: largest, n}
}

async function invalidOf({measured}: Side): Promise<Estimate> {
  const {count, n} = await measured.invalid()
  return {value: count, n}
}

function rivalOf({champion, base}: Robustness, reference: ReferenceName): Side | undefined {
  return reference === 'base' ? base : champion
}

/** A number without an interval. */
function exact(robustness: Robustness, unit: Metric['unit'], read: (side: Side) => Promise<Estimate>): Metric {
  return {
    ...BARE,
    unit,
    measure: () => read(robustness.candidate),
    compare: async (_, reference, factor): Promise<Comparison> => {
      const rival = rivalOf(robustness, reference)
      const [own, other] = [await read(robustness.candidate), rival === undefined ? NOTHING : await read(rival)]
      if (own.value === null || other.value === null) return {reference: other.value, difference: NOTHING}
      return {reference: other.value, difference: {value: own.value - factor * other.value, n: own.n}}
    }
  }
}

type Events = (side: Side, items: readonly string[]) => Promise<Uint8Array | undefined>

function share(robustness: Robustness, takes: readonly string[], least: number, events: Events): Metric {
  return {
    ...BARE,
    unit: 'share',
    takes,
    items: [least, 1],
    measure: async ({items}: Query) => {
      const found = await events(robustness.candidate, items)
      return found === undefined ? NOTHING : shareEstimate(found)
    },
    compare: async ({items}, reference, factor): Promise<Comparison> => {
      const rival = rivalOf(robustness, reference)
      const [own, other] = [await events(robustness.candidate, items), rival && (await events(rival, items))]
      return own === undefined || other === undefined ? {reference: null, difference: NOTHING} : shareDifference(own, other, factor)
    }
  }
}

function latency({latencies}: Robustness, q: number): Metric {
  return {
    ...BARE,
    unit: 'ms',
    measure: async () => quantileEstimate((await latencies()).candidate, q),
    compare: async (_, reference, factor): Promise<Comparison> => {
      const {candidate: own, champion, base} = await latencies()
      const other = (reference === 'base' ? base : champion) ?? new Float64Array()
      return {reference: quantileEstimate(other, q).value, difference: quantileDifference(own, other, q, factor)}
    }
  }
}

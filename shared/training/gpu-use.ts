import type {Fact, Figure, Series} from '#shared/evidence/evidence'
import {type Cells, followNvidiaSmi} from './nvidia-smi.js'

const FIELDS = ['index', 'utilization.gpu', 'memory.used', 'temperature.gpu', 'power.draw']
const MEASURES = ['utilisation', 'memory', 'temperature', 'power'] as const
type Measure = (typeof MEASURES)[number]
/** What a sensor can say, in %, MiB, °C and W; anything else it did not measure. */
const POSSIBLE: Readonly<Record<Measure, readonly [low: number, high: number]>> = {
  utilisation: [0, 100],
  memory: [0, 4 << 20],
  temperature: [-50, 200],
  power: [0, 10_000]
}
const UNITS: Readonly<Record<Measure, string>> = {utilisation: '%', memory: 'MiB', temperature: '°C', power: 'W'}
const MOST_GPUS = 16
const MOST_POINTS = 200
const SECONDS = 5

interface Tally {
  n: number
  sum: number
  peak: number
}

interface Watched {
  readonly tallies: Readonly<Record<Measure, Tally>>
  /** points of the figure; when there are too many, every second one goes and from then on half as many come */
  points: {readonly seconds: number; readonly utilisation: number}[]
  stride: number
  seen: number
  lastMs: number
}

/** What GPUs did while a command ran. */
export interface GpuUse {
  readonly facts: readonly Fact[]
  readonly figures: readonly Figure[]
}

/**
 * Samples the GPUs every five seconds with one `nvidia-smi`, until `stop` says what they did: means and peaks over all of them, and their utilisation as a
 * curve. Whatever that program does (hang, die, print nonsense) costs samples and nothing else.
 */
export function watchGpus(env: Readonly<Record<string, string | undefined>>, now: () => number, seconds = SECONDS): {stop(): GpuUse} {
  const startMs = now()
  const gpus = new Map<number, Watched>()
  const follower = followNvidiaSmi([`--query-gpu=${FIELDS.join()}`], env, seconds, cells => take(gpus, cells, now() - startMs, seconds))
  return {
    stop() {
      follower.stop()
      return {facts: factsOf(gpus), figures: figuresOf(gpus)}
    }
  }
}

function take(gpus: Map<number, Watched>, [index, ...cells]: Cells, atMs: number, seconds: number): void {
  const id = /^\d{1,3}$/.test(index) ? Number(index) : -1
  if (id < 0 || (!gpus.has(id) && gpus.size >= MOST_GPUS)) return
  const gpu = gpus.get(id) ?? newlyWatched()
  // Faster than it was asked for: not a sample a line, or a flood.
  if (atMs - gpu.lastMs < (seconds * 1000) / 4) return
  gpu.lastMs = atMs
  gpus.set(id, gpu)
  MEASURES.forEach((measure, at) => {
    const value = cells[at] === undefined || cells[at] === '' ? Number.NaN : Number(cells[at])
    const [low, high] = POSSIBLE[measure]
    if (!(value >= low && value <= high)) return
    const tally = gpu.tallies[measure]
    tally.n += 1
    tally.sum += value
    tally.peak = Math.max(tally.peak, value)
    if (measure === 'utilisation') keepPoint(gpu, {seconds: Math.round(atMs / 1000), utilisation: value})
  })
}

function newlyWatched(): Watched {
  const tally = (): Tally => ({n: 0, sum: 0, peak: Number.NEGATIVE_INFINITY})
  const tallies = {utilisation: tally(), memory: tally(), temperature: tally(), power: tally()}
  return {tallies, points: [], stride: 1, seen: 0, lastMs: Number.NEGATIVE_INFINITY}
}

function keepPoint(gpu: Watched, point: Watched['points'][number]): void {
  if (gpu.seen % gpu.stride === 0) gpu.points.push(point)
  gpu.seen += 1
  if (gpu.points.length < MOST_POINTS) return
  gpu.points = gpu.points.filter((_, index) => index % 2 === 0)
  gpu.stride *= 2
}

function factsOf(gpus: ReadonlyMap<number, Watched>): Fact[] {
  const facts = MEASURES.flatMap(measure => {
    const all = [...gpus.values()].map(({tallies}) => tallies[measure]).filter(({n}) => n > 0)
    if (all.length === 0) return []
    const [n, sum] = [all.reduce((total, one) => total + one.n, 0), all.reduce((total, one) => total + one.sum, 0)]
    const unit = UNITS[measure]
    return [
      {name: `gpu ${measure}, mean`, value: Math.round((10 * sum) / n) / 10, unit},
      {name: `gpu ${measure}, peak`, value: Math.max(...all.map(({peak}) => peak)), unit}
    ]
  })
  const samples = Math.max(0, ...[...gpus.values()].flatMap(({tallies}) => MEASURES.map(measure => tallies[measure].n)))
  return facts.length === 0 ? [] : [...facts, {name: 'gpu samples', value: samples}]
}

/** A single point is no curve. */
function figuresOf(gpus: ReadonlyMap<number, Watched>): Figure[] {
  const series: Series[] = [...gpus]
    .filter(([, {points}]) => points.length > 1)
    .sort(([one], [other]) => one - other)
    .slice(0, 8)
    .map(([id, {points}]) => ({name: `GPU ${id}`, x: points.map(({seconds}) => seconds), y: points.map(({utilisation}) => utilisation)}))
  if (series.length === 0) return []
  return [{kind: 'curve', id: 'gpu(utilisation)', title: 'GPU utilisation', xLabel: 'seconds', yLabel: 'utilisation, %', series}]
}

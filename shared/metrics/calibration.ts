import {bootstrapSpread, recentre} from '#shared/stats/bootstrap'
import type {Estimate} from '#shared/stats/estimate'
import {normalCdf} from '#shared/stats/normal'
import {eachScore, sortByClass} from '#shared/stats/ranks'
import {difference, estimated, IDENTICAL, type Point, type Spread, within} from './difference.js'
import {EXACT_ROWS, poissonReplicates} from './resampling.js'
import {membership, probableRows, type Ranked, type Sampling, type Scored, sameModel} from './scored.js'

export const BINS = 15

/** Below so many rows the error is mostly noise: it is biased upwards by about the root of bins over rows. */
const FEWEST = 1000

const binned = new WeakMap<Float64Array, {readonly labels: Uint8Array; readonly binOf: Uint8Array}>()

/** The bins of the calibration error and its curve; kept as long as the scores are, as their order is. */
export function calibrationBins(ranked: Ranked): Uint8Array {
  const {labels, scores} = ranked
  const known = binned.get(scores)
  if (known?.labels === labels) return known.binOf
  const binOf = equalMassBins(ranked)
  binned.set(scores, {labels, binOf})
  return binOf
}

/** Equal-mass bin of each row, 0 to bins - 1; equal scores share the bin of their middle. */
export function equalMassBins({labels, scores}: Ranked, bins = BINS): Uint8Array {
  const n = scores.length
  const lowest: number[] = []
  const held: number[] = []
  let start = 0
  eachScore(sortByClass(labels, scores), (score, positives, negatives) => {
    const end = start + positives + negatives
    const bin = Math.floor((bins * (start + end - 1)) / (2 * n))
    if (bin !== held.at(-1)) {
      lowest.push(score)
      held.push(bin)
    }
    start = end
  })
  const binOf = new Uint8Array(n)
  for (let row = 0; row < n; row++) {
    let [at, above] = [0, held.length]
    while (above - at > 1) {
      const middle = (at + above) >> 1
      if (scores[row] < lowest[middle]) above = middle
      else at = middle
    }
    binOf[row] = held[at]
  }
  return binOf
}

/** Rows, or cells of rows that count alike. `gaps`: their mean score minus label. */
interface Calibration {
  readonly labels: Uint8Array
  readonly binOf: Uint8Array
  readonly gaps: Float64Array
}

function calibrationOf(ranked: Ranked): Calibration {
  const {labels, scores} = ranked
  const gaps = new Float64Array(scores.length)
  for (let row = 0; row < gaps.length; row++) gaps[row] = scores[row] - labels[row]
  return {labels, binOf: calibrationBins(ranked), gaps}
}

/** Expected calibration error of weighted rows: the absolute mean gap of each bin, weighted by its rows. */
function calibrationError({binOf, gaps}: Calibration, weights?: Float64Array): number {
  const sums = new Float64Array(BINS)
  let total = 0
  for (let row = 0; row < gaps.length; row++) {
    if (binOf[row] === NONE) continue
    const weight = weights ? weights[row] : 1
    sums[binOf[row]] += weight * gaps[row]
    total += weight
  }
  return sums.reduce((sum, gap) => sum + Math.abs(gap), 0) / total
}

/** Bin of a row that is not in the slice. */
const NONE = 255

function pointOf(n: number, value: number): Point {
  if (n === 0) return {value: null, n, rows: n, reason: 'no rows'}
  return {value, n, rows: n, ...(n < FEWEST ? {reason: `too few rows: ${n}, at least ${FEWEST} are needed`} : {})}
}

/** Expected calibration error over 15 equal-mass bins. Noise raises it; the lower bound allows for that. */
export function measureEce(scored: Scored, sampling: Sampling): Estimate {
  const only = calibrationOf(probableRows('ece', scored))
  return estimated(pointOf(only.gaps.length, calibrationError(only)), value => {
    const replicates = replicatesOf({first: only, second: only, factor: 0, sampling})
    return within(
      widened({value, replicates, rows: only.gaps.length, method: 'Poisson bootstrap', excess: noiseOf(only).most, lack: 0}),
      0,
      1
    )
  })
}

/** Candidate minus factor times reference on the same rows. */
export function compareEce(candidate: Scored, reference: Scored, factor: number, sampling: Sampling): Estimate {
  const first = calibrationOf(probableRows('ece', candidate))
  const second = calibrationOf(probableRows('ece', {...reference, rows: candidate.rows}))
  const n = first.gaps.length
  return difference(pointOf(n, calibrationError(first)), pointOf(n, calibrationError(second)), factor, value => {
    if (factor === 1 && sameModel(candidate, reference)) return IDENTICAL
    return comparedSpread({first, second, factor, sampling}, value, 'paired Poisson bootstrap')
  })
}

/** Slice minus factor times overall; slice and rest are resampled independently. */
export function eceAgainstOverall(slice: Scored, overall: Scored, factor: number, sampling: Sampling): Estimate {
  const inner = calibrationOf(probableRows('ece', slice))
  const second = calibrationOf(probableRows('ece', overall))
  const inSlice = membership(overall, slice.rows ?? new Uint32Array(0))
  let k = 0
  const first = {...second, binOf: Uint8Array.from(inSlice, inside => (inside === 1 ? inner.binOf[k++] : NONE))}
  const [a, b] = [pointOf(inner.gaps.length, calibrationError(inner)), pointOf(second.gaps.length, calibrationError(second))]
  return difference(a, b, factor, value => {
    if (factor === 1 && !inSlice.includes(0)) return IDENTICAL
    return comparedSpread({first, second, factor, sampling}, value, 'stratified Poisson bootstrap')
  })
}

interface Pair {
  readonly first: Calibration
  readonly second: Calibration
  readonly factor: number
  readonly sampling: Sampling
}

/** Few rows are drawn one by one; many by cells of both bins and the label. */
function replicatesOf({first, second, factor, sampling}: Pair): Float64Array {
  const cells = first.gaps.length <= EXACT_ROWS ? undefined : cellsOf(first, second)
  const [a, b] = cells ? [cells.first, cells.second] : [first, second]
  const counts = cells ? cells.counts : new Uint8Array(first.gaps.length).fill(1)
  const compared = (weights: Float64Array) => calibrationError(a, weights) - (factor === 0 ? 0 : factor * calibrationError(b, weights))
  return poissonReplicates(counts, compared, sampling)
}

function cellsOf(first: Calibration, second: Calibration): {first: Calibration; second: Calibration; counts: Uint32Array} {
  const size = 256 * BINS * 2
  const counts = new Uint32Array(size)
  const sums = [new Float64Array(size), new Float64Array(size)]
  for (let row = 0; row < first.gaps.length; row++) {
    const cell = 2 * (first.binOf[row] * BINS + second.binOf[row]) + second.labels[row]
    counts[cell]++
    sums[0][cell] += first.gaps[row]
    sums[1][cell] += second.gaps[row]
  }
  const held = Uint32Array.from(counts.keys()).filter(cell => counts[cell] > 0)
  const part = (which: 0 | 1, binOf: (cell: number) => number): Calibration => ({
    labels: Uint8Array.from(held, cell => cell & 1),
    binOf: Uint8Array.from(held, binOf),
    gaps: Float64Array.from(held, cell => sums[which][cell] / counts[cell])
  })
  const pair = (cell: number) => cell >> 1
  return {
    first: part(0, cell => Math.floor(pair(cell) / BINS)),
    second: part(1, cell => pair(cell) % BINS),
    counts: held.map(cell => counts[cell])
  }
}

/** By how much noise raises the error, at most and at least. */
interface Noise {
  readonly most: number
  readonly least: number
}

/** Of each bin the mean of |gap + noise| less |gap|: with the gap 1.5 standard errors lower than it looks, and as it looks, which noise has made larger. */
function noiseOf(calibration: Calibration): Noise {
  const {bins, total} = sumsOf(calibration)
  let most = 0
  let least = 0
  for (const {n, sum, squares} of bins) {
    const deviation = n === 0 ? 0 : Math.sqrt(Math.max(0, squares - (sum * sum) / n))
    if (deviation === 0) continue
    const away = Math.abs(sum) / deviation
    most += (deviation * foldedExcess(Math.max(0, away - 1.5))) / total
    least += (deviation * foldedExcess(away)) / total
  }
  return {most, least}
}

function sumsOf({binOf, gaps}: Calibration) {
  const bins = Array.from({length: BINS}, () => ({n: 0, sum: 0, squares: 0}))
  let total = 0
  for (let row = 0; row < gaps.length; row++) {
    if (binOf[row] === NONE) continue
    const bin = bins[binOf[row]]
    bin.n++
    bin.sum += gaps[row]
    bin.squares += gaps[row] * gaps[row]
    total++
  }
  return {bins, total}
}

/** E|m + Z| - m for a standard normal Z and m >= 0. */
function foldedExcess(m: number): number {
  return 2 * Math.exp((-m * m) / 2 - Math.log(2 * Math.PI) / 2) - 2 * m * normalCdf(-m)
}

interface Resampled {
  readonly value: number
  readonly replicates: Float64Array
  readonly rows: number
  readonly method: string
  /** noise that the value may hold too much, and too little */
  readonly excess: number
  readonly lack: number
}

/** Bounds of what varies in none of n rows: with chance alpha up to 1 - alpha^(1 / n) of all rows are otherwise. */
function unvaried(value: number, rows: number): Spread {
  const unseen = (alpha: number) => 1 - alpha ** (1 / rows)
  return {bounds: alpha => ({low: value - unseen(alpha), high: value + unseen(alpha)}), method: 'exact, as no row varies'}
}

/** Percentile bounds, the replicates moved back to the value and both ends out by the noise that it may hold. */
function widened({value, replicates, rows, method, excess, lack}: Resampled): Spread {
  const mean = replicates.reduce((sum, replicate) => sum + replicate, 0) / replicates.length
  if (replicates.every(replicate => replicate === replicates[0])) return unvaried(value, rows)
  const {bounds, ...rest} = bootstrapSpread(recentre(replicates, mean, value), method)
  return {
    ...rest,
    bounds: alpha => {
      const {low, high} = bounds(alpha)
      return {low: low - Math.max(0, excess), high: high + Math.max(0, lack)}
    }
  }
}

function comparedSpread(pair: Pair, value: number, method: string): Spread {
  const [ours, theirs] = [noiseOf(pair.first), noiseOf(pair.second)]
  return widened({
    value,
    replicates: replicatesOf(pair),
    rows: pair.first.binOf.filter(bin => bin !== NONE).length,
    method,
    excess: ours.most - pair.factor * theirs.least,
    lack: pair.factor * theirs.most - ours.least
  })
}

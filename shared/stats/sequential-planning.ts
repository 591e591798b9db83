import {POWER} from './planning.js'
import {type SplitHypothesis, shareOfErrors, splitTest} from './sequential.js'

export interface Plan extends SplitHypothesis {
  /** share of the requests that go to the canary, in (0, 1) */
  readonly weight: number
  /** default 0.05 */
  readonly alpha?: number
}

export interface Chance {
  /** the true ratio; 1: the canary is as good as the stable one */
  readonly truth: number
  /** default 0.8 */
  readonly power?: number
  /** give up beyond so many errors; default 10,000 */
  readonly limit?: number
}

/**
 * Errors in both arms after which the test has spoken with the given power, looked at after every error; null beyond the limit.
 * No simulation: the chance of having crossed the test's boundary is summed up exactly, error by error.
 */
export function errorsToProve(plan: Plan, {truth, power = POWER, limit = 10_000}: Chance): number | null {
  const t = crossing(boundaryOf(plan), plan, {truth, power, limit})
  return Number.isFinite(t) ? t : null
}

export interface Exposure {
  /** errors per request of the stable version */
  readonly stableRate: number
  readonly weight: number
  /** true ratio of the canary's rate to it */
  readonly truth: number
}

/** Requests to both arms in which so many errors are expected. */
export function requestsFor(errors: number, {stableRate, weight, truth}: Exposure): number {
  return Math.ceil(errors / errorRate({stableRate, weight, truth}))
}

function errorRate({stableRate, weight, truth}: Exposure): number {
  return Math.min(1, stableRate * (weight * truth + 1 - weight))
}

export interface Traffic {
  /** requests to both arms */
  readonly requests: number
  /** errors per request of the stable version */
  readonly stableRate: number
  /** default 0.8 */
  readonly power?: number
}

/** Beyond this no ratio is looked for. */
const WORST_RATIO = 1000

/**
 * The ratio above which harm would have been found with the given power in so much traffic, within 1%;
 * null when not even a thousandfold rate would have been. At most 10,000 errors are looked at.
 */
export function detectableRatio(plan: Omit<Plan, 'kind'>, {requests, stableRate, power = POWER}: Traffic): number | null {
  const harm: Plan = {...plan, kind: 'harm'}
  const boundary = boundaryOf(harm)
  const found = (truth: number) => {
    const limit = Math.min(10_000, Math.floor(requests * errorRate({stableRate, weight: plan.weight, truth})))
    return crossing(boundary, harm, {truth, power, limit}) <= limit
  }
  if (!found(WORST_RATIO)) return null
  let low = plan.ratio
  let high = WORST_RATIO
  while (high / low > 1.01) {
    const centre = Math.sqrt(low * high)
    if (found(centre)) high = centre
    else low = centre
  }
  return high
}

/** For t errors in all, the canary's share of them at which the test speaks: at least (harm) or at most (safe) so many. */
type Boundary = (t: number) => number

/** The boundary moves by at most one error from one error to the next, so it is followed rather than searched. */
function boundaryOf({kind, weight, ratio, tightestAt, alpha = 0.05}: Plan): Boundary {
  const needed = Math.log(1 / alpha)
  const speaks = (canary: number, t: number) =>
    splitTest({canaryErrors: canary, stableErrors: t - canary, weight, ratio, tightestAt, kind}).lnE >= needed
  const known = [kind === 'harm' ? 1 : -1]
  return t => {
    for (let next = known.length; next <= t; next++) {
      let at = known[next - 1]
      if (kind === 'safe') while (at < next && speaks(at + 1, next)) at++
      else while (at <= next && !speaks(at, next)) at++
      known.push(at)
    }
    return known[t]
  }
}

/** First t at which the walk has crossed the boundary with the given chance; Infinity beyond the limit. */
function crossing(boundary: Boundary, {kind, weight}: Plan, {truth, power, limit}: Required<Chance>): number {
  const chance = shareOfErrors(truth, weight)
  let walk: Walk = {first: 0, mass: Float64Array.of(1)}
  let spoken = 0
  for (let t = 1; t <= limit; t++) {
    walk = advance(walk, chance)
    const edge = boundary(t)
    const outside = kind === 'harm' ? massFrom(walk, edge) : massUpTo(walk, edge)
    spoken += outside
    if (spoken >= power) return t
  }
  return Number.POSITIVE_INFINITY
}

/** Chances that the canary has had `first`, `first + 1`, ... errors and the test has not spoken. */
interface Walk {
  readonly first: number
  readonly mass: Float64Array
}

const NEGLIGIBLE = 1e-12

function advance({first, mass}: Walk, chance: number): Walk {
  let from = 0
  let to = mass.length
  while (from < to - 1 && mass[from] < NEGLIGIBLE) from++
  while (to > from + 1 && mass[to - 1] < NEGLIGIBLE) to--
  const next = new Float64Array(to - from + 1)
  for (let i = from; i < to; i++) {
    next[i - from] += mass[i] * (1 - chance)
    next[i - from + 1] += mass[i] * chance
  }
  return {first: first + from, mass: next}
}

/** Takes out the mass at `edge` and above. */
function massFrom({first, mass}: Walk, edge: number): number {
  return take(mass, Math.max(0, edge - first), mass.length)
}

/** Takes out the mass at `edge` and below. */
function massUpTo({first, mass}: Walk, edge: number): number {
  return take(mass, 0, Math.min(mass.length, edge - first + 1))
}

function take(mass: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) {
    sum += mass[i]
    mass[i] = 0
  }
  return sum
}

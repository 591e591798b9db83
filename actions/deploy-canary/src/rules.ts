import {bernoulliBounds, lnMixture, type SplitCounts, stepsTest} from '#shared/stats/sequential'
import type {Line} from './lines.js'
import {countEvents, type Events, type StepTally, totalOf} from './tallies.js'

export const ALPHA = 0.05
/** Level at which the share of the requests is no longer taken for chance. */
const SHARE_ALPHA = 0.001
const SHARE_STRENGTH = 100

export type Finding = 'pass' | 'fail' | 'inconclusive' | 'error'

/** Enforced gates, over which the level for a rollback is shared. */
export function enforced(lines: readonly Line[]): number {
  return Math.max(1, lines.filter(line => !line.gate.warn).length)
}

/**
 * What is proven of a gate so far; may be asked after every request (statistics: split-conditional e-process; Bernoulli confidence sequence).
 * `fail` is shared over `among` gates by Bonferroni. `error`: the counts can't be read for this gate.
 */
export function findingOf(line: Line, steps: readonly StepTally[], among: number): Finding {
  if (steps.some(step => countEvents(step.canary, line.events) === null || countEvents(step.stable, line.events) === null)) return 'error'
  if (line.limit.kind === 'share') return shareFinding(line.events, line.limit.share, steps, among)
  const counts = steps.map(step => splitOf(step, line.events))
  const {factor: ratio} = line.limit
  if (stepsTest(counts, {kind: 'harm', ratio}).lnE >= Math.log(among / ALPHA)) return 'fail'
  return stepsTest(counts, {kind: 'safe', ratio}).lnE >= Math.log(1 / ALPHA) ? 'pass' : 'inconclusive'
}

function shareFinding(events: Events, share: number, steps: readonly StepTally[], among: number): Finding {
  const canary = totalOf(steps, 'canary')
  const counted = {errors: countEvents(canary, events) ?? 0, n: canary.requests}
  if (bernoulliBounds({...counted, alpha: ALPHA / among}).low > share) return 'fail'
  return canary.requests > 0 && bernoulliBounds({...counted, alpha: ALPHA}).high <= share ? 'pass' : 'inconclusive'
}

/** Events of both sides in a step. The weight is the share of the requests that were counted, which holds for any way of routing. */
export function splitOf(step: StepTally, events: Events): SplitCounts {
  const [canary, stable] = [step.canary.requests, step.stable.requests]
  return {
    canaryErrors: countEvents(step.canary, events) ?? 0,
    stableErrors: countEvents(step.stable, events) ?? 0,
    weight: canary + stable === 0 ? 0 : canary / (canary + stable)
  }
}

/** Whether so many requests on the candidate can't be chance: an always-valid test of the routed share. */
export function shareMismatch({percent, canary, stable}: StepTally): boolean {
  const counts = {successes: canary.requests, failures: stable.requests, chance: percent / 100}
  return lnMixture({...counts, strength: SHARE_STRENGTH, side: 'both'}) >= Math.log(1 / SHARE_ALPHA)
}

/** Whether a gate's estimate lies on the good side; nothing counted lies on neither. */
export function estimateOf(line: Line, steps: readonly StepTally[]): 'meets' | 'misses' {
  const rate = (side: 'canary' | 'stable') => {
    const tally = totalOf(steps, side)
    return (countEvents(tally, line.events) ?? Number.NaN) / tally.requests
  }
  const bound = line.limit.kind === 'share' ? line.limit.share : line.limit.factor * rate('stable')
  return rate('canary') <= bound ? 'meets' : 'misses'
}

import type {Check, Fact, Figure, Findings, Verdict} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import type {Weights} from '#shared/traffic/endpoint'
import {judgeLines} from './checks.js'
import type {Journey} from './drive.js'
import {type Cause, type Release, type Rollout, runOf, sameWeights} from './rollout.js'
import {totalOf} from './tallies.js'
import {timeline} from './timeline.js'
import {isStuck, type RolloutPolicy} from './transition.js'

export type Result = 'promoted' | 'rolled-back' | 'holding' | 'rollback-failed'

export interface Told {
  readonly name: string
  readonly candidate: Release
  readonly endpoint: string
  readonly policy: RolloutPolicy
  /** version names by digest, as far as they are known */
  readonly names: ReadonlyMap<string, string>
  /** by which a person sets weights */
  readonly command: (weights: Weights) => string
}

/** The findings of a rollout that ended, or that another run has to finish. */
export function findingsOf({rollout, trail}: Journey, told: Told): Findings {
  const result = resultOf(rollout)
  const first = rollout.lastGood === null
  const gates =
    first || rollout.tallies.length === 0 ? [] : judgeLines(told.policy.lines, rollout.tallies, told.policy.onInconclusive === 'fail')
  const figures: Figure[] = rollout.tallies.length === 0 ? [] : [timeline(trail)]
  return {
    ...base(told),
    checks: [...endChecks(rollout, result, told), ...approvalChecks(rollout), ...gates],
    figures,
    facts: factsOf(rollout, result, told),
    outputs: {result, version: servingNow(rollout, told)}
  }
}

/** The candidate already takes all traffic: nothing moved. */
export function alreadyServing(told: Told): Findings {
  const {version, digest} = told.candidate
  const message = `${told.name} ${version} (${digest.slice(0, 12)}) already takes all traffic of ${told.endpoint}: nothing was moved`
  return {...base(told), checks: [{id: 'already_serving', verdict: 'pass', message}], outputs: {result: 'promoted', version}}
}

/** Nothing was left to send back: no rollout at all, or one that a run still holds. */
export function leftAlone(held: Rollout | null, {endpoint, policy}: Omit<Told, 'candidate'>): Findings {
  const message =
    held === null
      ? `${endpoint}: no run left a rollout behind`
      : `${endpoint}: the rollout of ${held.candidate.version} is under way in ${runOf(held)}, which holds it until ${held.lease.expiresAt}`
  return {
    subjects: [],
    policy: {mode: policy.mode, onInconclusive: policy.onInconclusive},
    checks: [{id: 'left_behind', verdict: 'pass', message}]
  }
}

function base({name, candidate, endpoint, policy}: Told): Pick<Findings, 'subjects' | 'policy'> {
  return {
    subjects: [
      {kind: 'deployment', name: `${name} ${candidate.version} on ${endpoint}`, digest: {sha256: candidate.digest}},
      {kind: 'model', name: `${name} ${candidate.version}`, digest: {sha256: candidate.digest}}
    ],
    policy: {mode: policy.mode, onInconclusive: policy.onInconclusive}
  }
}

function resultOf(rollout: Rollout): Result {
  if (rollout.phase === 'promoted' || rollout.phase === 'rolled-back' || rollout.phase === 'rollback-failed') return rollout.phase
  return 'holding'
}

/** How the rollout ended. What went back for want of a measurement is an `error`, which no policy makes green. */
function endChecks(rollout: Rollout, result: Result, told: Told): Check[] {
  const check = (id: string, verdict: Verdict, message: string): Check => ({id, verdict, message})
  const {version} = told.candidate
  if (result === 'promoted') {
    if (rollout.lastGood === null)
      return [check('first_deployment', 'warn', `${version} takes all traffic; first deployment: compared with nothing`)]
    return [check('rollout', 'pass', `${told.name} ${version} takes all traffic after ${rollout.steps.map(step => `${step}%`).join(', ')}`)]
  }
  if (isStuck(rollout))
    return [
      check(
        'rollout',
        'error',
        `the first deployment of ${version} is not finished: ${rollout.reason}. Run this again: it goes on where it stands.`
      )
    ]
  if (result === 'rollback-failed') return [check('rollback', 'error', rollbackFailed(rollout, told))]
  if (rollout.cause === 'aborted' && rollout.tallies.length === 0)
    return [check('rollout', 'warn', `${version} was not deployed: ${rollout.reason}`)]
  const seen = formatNumber(totalOf(rollout.tallies, 'canary').requests)
  const back = rollout.tallies.length === 0 ? '' : ` Stable takes all traffic again, read back; the candidate had ${seen} requests.`
  return [check('rollout', verdictOf(rollout.cause), `${version} was rolled back: ${rollout.reason}.${back}`)]
}

function approvalChecks({approvals, candidate}: Rollout): Check[] {
  if (approvals.length === 0) return []
  const by = approvals.map(({by, comment}) => (comment === '' ? by : `${by} ("${comment.slice(0, 300)}")`))
  const message = `${candidate.version} was approved for ${approvals[0].environment} by ${by.join(', ')}`
  return [{id: 'approval', verdict: 'pass', message}]
}

function verdictOf(cause: Cause | null): Verdict {
  return cause === 'gates' || cause === 'aborted' || cause === 'refused' ? 'fail' : 'error'
}

function rollbackFailed(rollout: Rollout, {endpoint, command}: Told): string {
  return [
    `ROLLBACK FAILED on ${endpoint}: the candidate may still take live traffic. ${rollout.reason}.`,
    `Now, by hand (MODEL_SERVER_TOKEN set): ${command(rollout.weights)}`
  ].join(' ')
}

function servingNow({phase, weights, lastGood}: Rollout, {candidate, names}: Told): string {
  if (phase === 'promoted' || sameWeights(weights, {[candidate.digest]: 100})) return candidate.version
  return lastGood === null ? '' : (names.get(lastGood) ?? lastGood)
}

function factsOf(rollout: Rollout, result: Result, {candidate, endpoint, names}: Told): Fact[] {
  const stable = rollout.lastGood === null ? null : (names.get(rollout.lastGood) ?? rollout.lastGood)
  return [
    {name: 'result', value: result},
    {name: 'reason', value: rollout.reason},
    {name: 'endpoint', value: endpoint},
    {name: 'candidate', value: candidate.version},
    {name: 'stable', value: stable},
    ...(rollout.approvals.length === 0 ? [] : [{name: 'approved by', value: rollout.approvals.map(({by}) => by).join(', ')}]),
    {name: 'duration', value: Math.round(rollout.elapsedMs / 1000), unit: 's'},
    ...rollout.tallies.map(({percent, canary, stable: other}) => ({
      name: `requests at ${percent}%`,
      value: `${formatNumber(canary.requests)} candidate, ${formatNumber(other.requests)} stable`
    }))
  ]
}

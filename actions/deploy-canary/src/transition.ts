import type {Snapshot} from '#shared/telemetry/counts'
import type {Weights} from '#shared/traffic/endpoint'
import type {Line} from './lines.js'
import {type Cause, isEnd, type Rollout} from './rollout.js'
import {enforced, estimateOf, findingOf, shareMismatch} from './rules.js'
import {addTallies, NOTHING, type StepTally, type Tally} from './tallies.js'

/** What was seen after the effect of a rollout was carried out. */
export type Observation =
  | {readonly kind: 'loaded'}
  | {readonly kind: 'moved'}
  | {readonly kind: 'aliased'}
  | {readonly kind: 'refused' | 'unmoved' | 'unaliased' | 'blind' | 'foreign' | 'unsaved' | 'abandoned'; readonly reason: string}
  | {readonly kind: 'counted'; readonly canary: Tally; readonly stable: Tally; readonly snapshot: Snapshot}

export interface Moment {
  /** ISO 8601 */
  readonly at: string
  /** since the rollout began */
  readonly elapsedMs: number
  /** somebody wants it to end; stays true */
  readonly aborted: boolean
}

export interface RolloutPolicy {
  readonly lines: readonly Line[]
  readonly mode: 'enforce' | 'observe'
  readonly onInconclusive: 'estimate' | 'warn' | 'fail'
  /** on the candidate, in each step */
  readonly minimumRequests: number
}

/** What a rollout wants done next. */
export type Effect = 'load' | 'move' | 'watch' | 'alias' | 'end'

/** Follows from the state alone, so that a run that was killed goes on where it stood. */
export function effectOf({phase, applied}: Rollout): Effect {
  if (isEnd(phase)) return 'end'
  if (phase === 'prepared') return 'load'
  if (!applied) return 'move'
  return phase === 'step' ? 'watch' : 'alias'
}

/** The next state of a rollout: pure, and total over what can be seen. What does not concern a phase leaves it as it is. */
export function transition(rollout: Rollout, seen: Observation, moment: Moment, policy: RolloutPolicy): Rollout {
  const now = {...rollout, updatedAt: moment.at, elapsedMs: moment.elapsedMs}
  if (isEnd(rollout.phase)) return rollout
  if (rollout.phase === 'rolling-back') return goingBack(now, seen)
  if (seen.kind === 'aliased')
    return {...now, phase: 'promoted', reason: `all gates passed or allowed it; champion is ${rollout.candidate.version}`}
  if (moment.aborted && (rollout.phase === 'prepared' || rollout.lastGood !== null)) return goBack(now, 'aborted', 'the run was cancelled')
  switch (seen.kind) {
    case 'loaded':
      return rollout.lastGood === null ? takeAll(now, 'first deployment: compared with nothing') : enterStep(now, 0)
    case 'moved':
      return {...now, applied: true}
    case 'counted':
      return watched(count(now, seen), policy)
    case 'blind':
      return late(now)
        ? goBack(now, 'blind', `the deadline passed without a look at the counts: ${seen.reason}`)
        : {...now, reason: `holding: ${seen.reason}`}
    default:
      return goBack(now, CAUSE_OF[seen.kind], seen.reason)
  }
}

const CAUSE_OF = {
  refused: 'refused',
  unmoved: 'unmoved',
  unaliased: 'alias',
  foreign: 'foreign',
  unsaved: 'registry',
  abandoned: 'abandoned'
} as const

function enterStep(rollout: Rollout, step: number): Rollout {
  const percent = rollout.steps[step]
  const weights = {[rollout.candidate.digest]: percent, [String(rollout.lastGood)]: 100 - percent}
  const tallies = [...rollout.tallies, {percent, canary: NOTHING, stable: NOTHING}]
  return {...move(rollout, weights), phase: 'step', step, tallies, counted: null, reason: `${percent}% to ${rollout.candidate.version}`}
}

function takeAll(rollout: Rollout, reason: string): Rollout {
  return {...move(rollout, {[rollout.candidate.digest]: 100}), phase: 'promoting', reason}
}

function move(rollout: Rollout, weights: Weights): Rollout {
  return {...rollout, before: rollout.weights, weights, applied: false}
}

/** Whether a first deployment can go neither on nor back: another run has to finish it. */
export function isStuck({phase, cause}: Rollout): boolean {
  return phase === 'promoting' && cause !== null
}

/** Back to the last good version; without one, or before anything has moved, there is nothing to move. */
function goBack(rollout: Rollout, cause: Cause, reason: string): Rollout {
  if (rollout.phase === 'prepared') return {...rollout, phase: 'rolled-back', cause, reason: `nothing was moved: ${reason}`}
  if (rollout.lastGood === null) return {...rollout, cause, reason}
  return {...move(rollout, {[rollout.lastGood]: 100}), phase: 'rolling-back', cause, reason}
}

function goingBack(rollout: Rollout, seen: Observation): Rollout {
  if (seen.kind === 'moved') return {...rollout, applied: true}
  if (seen.kind === 'aliased') return {...rollout, phase: 'rolled-back'}
  if (seen.kind === 'unmoved' || seen.kind === 'unaliased')
    return {...rollout, phase: 'rollback-failed', reason: `${rollout.reason}; ${seen.reason}`}
  return rollout
}

function count(rollout: Rollout, seen: Extract<Observation, {kind: 'counted'}>): Rollout {
  if (rollout.counted === null) return {...rollout, counted: seen.snapshot}
  const before = rollout.tallies[rollout.step]
  const after: StepTally = {...before, canary: addTallies(before.canary, seen.canary), stable: addTallies(before.stable, seen.stable)}
  return {...rollout, counted: seen.snapshot, tallies: rollout.tallies.with(rollout.step, after)}
}

function watched(rollout: Rollout, policy: RolloutPolicy): Rollout {
  const tally = rollout.tallies[rollout.step]
  const findings = policy.lines.map(line => ({line, finding: findingOf(line, rollout.tallies, enforced(policy.lines))}))
  const failed = findings.filter(({line, finding}) => finding === 'fail' && !line.gate.warn)
  if (failed.length > 0 && policy.mode === 'enforce') {
    return goBack(rollout, 'gates', `${failed.map(({line}) => line.gate.id).join(', ')}: proven broken at ${tally.percent}%`)
  }
  const waiting = waitingFor(rollout, findings, policy)
  if (waiting === undefined) return advance(rollout)
  if (!late(rollout)) return {...rollout, reason: `holding at ${tally.percent}%: ${waiting}`}
  return goBack(rollout, tally.canary.requests === 0 ? 'blind' : 'deadline', `the deadline passed at ${tally.percent}%: ${waiting}`)
}

/** Why a step can't be left yet; undefined when it can. */
function waitingFor(
  {tallies, step, candidate}: Rollout,
  findings: readonly {line: Line; finding: ReturnType<typeof findingOf>}[],
  {minimumRequests, onInconclusive, mode}: RolloutPolicy
): string | undefined {
  const {percent, canary, stable} = tallies[step]
  if (canary.requests < minimumRequests) return `${canary.requests} requests on ${candidate.version}, ${minimumRequests} are needed`
  if (stable.requests === 0) return '0 requests on the stable version to compare with'
  if (shareMismatch(tallies[step])) {
    return `${percent}% was asked for and ${canary.requests} of ${canary.requests + stable.requests} requests went to ${candidate.version}`
  }
  const unread = findings.find(({finding}) => finding === 'error')
  if (unread !== undefined) return `${unread.line.gate.id} can't be read from the counts`
  if (mode === 'observe' || onInconclusive === 'warn') return undefined
  const open = findings.filter(({line, finding}) => finding === 'inconclusive' && !line.gate.warn)
  const left = open.filter(({line}) => onInconclusive === 'fail' || estimateOf(line, tallies) === 'misses')
  return left.length === 0 ? undefined : `${left.map(({line}) => line.gate.id).join(', ')} not proven yet`
}

function advance(rollout: Rollout): Rollout {
  const next = rollout.step + 1
  return next < rollout.steps.length ? enterStep(rollout, next) : takeAll(rollout, 'all gates passed or allowed it')
}

function late({elapsedMs, deadlineMs}: Rollout): boolean {
  return elapsedMs >= deadlineMs
}

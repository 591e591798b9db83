import {messageOf} from '#shared/errors'
import {carryOut} from './effects.js'
import {handOver} from './hand-over.js'
import {holdOn} from './hold.js'
import {type Kept, LostRollout, saveRollout, tellLog} from './ledger.js'
import type {Ports} from './ports.js'
import {isEnd, type Rollout, sameWeights} from './rollout.js'
import {isStuck, type Moment, type Observation, type RolloutPolicy, transition} from './transition.js'

export interface Journey {
  readonly rollout: Rollout
  /** every look at the counts, and every move, in order */
  readonly trail: readonly Rollout[]
}

/**
 * Moves a rollout on until it ends: state first, then the endpoint, then the state again.
 * Throws LostRollout when another run took over. A registry that can't be written sends the traffic back, without a state if need be.
 */
export async function drive(ports: Ports, key: string, start: Kept, policy: RolloutPolicy): Promise<Journey> {
  const clock = clockFrom(ports, start.rollout)
  const trail: Rollout[] = [start.rollout]
  const say = teller(ports.log)
  let kept = start
  const take = (next: Kept) => {
    kept = next
  }
  const hold = holdOn(ports, key, () => kept, take)
  while (!isEnd(kept.rollout.phase) && !isStuck(kept.rollout)) {
    const doing = kept.rollout
    try {
      const seen = await carryOut(ports, doing, hold)
      const next = transition(kept.rollout, seen, clock(), policy)
      kept = await keep(ports, key, {...kept, rollout: next}, {before: kept.rollout, clock, policy})
    } catch (error) {
      throw error instanceof LostRollout ? await handOver(ports, key, doing, error) : error
    }
    trail.push(kept.rollout)
    say(kept.rollout)
  }
  await tellLog(ports, kept.rollout)
  return {rollout: kept.rollout, trail}
}

interface Step {
  readonly before: Rollout
  readonly clock: () => Moment
  readonly policy: RolloutPolicy
}

async function keep(ports: Ports, key: string, next: Kept, {before, clock, policy}: Step): Promise<Kept> {
  if (!changed(before, next.rollout) && !leaseDue(ports, next.rollout)) return next
  try {
    return await saveRollout(ports, key, next)
  } catch (error) {
    if (error instanceof LostRollout) throw error
    ports.log(`the state of the rollout can't be written: ${messageOf(error)}`)
    if (isEnd(next.rollout.phase) || next.rollout.phase === 'rolling-back') return next
    // Traffic is only moved on with the state written; it is moved back in any case.
    const unsaved: Observation = {kind: 'unsaved', reason: `the registry could not be written: ${messageOf(error)}`}
    return {rollout: transition(before, unsaved, clock(), policy), tag: next.tag}
  }
}

function changed(before: Rollout, after: Rollout): boolean {
  return (
    before.phase !== after.phase ||
    before.step !== after.step ||
    before.applied !== after.applied ||
    before.cause !== after.cause ||
    !sameWeights(before.weights, after.weights)
  )
}

function leaseDue({now, pace}: Ports, {lease}: Rollout): boolean {
  return Date.parse(lease.expiresAt) - now().getTime() < (pace.leaseMs * 2) / 3
}

/** Time spent, by the monotonic clock while this run lasts; what passed between two runs only their wall clocks can tell. */
function clockFrom(ports: Ports, {elapsedMs, updatedAt}: Rollout): () => Moment {
  const start = ports.monotonicMs()
  const before = elapsedMs + Math.max(0, ports.now().getTime() - Date.parse(updatedAt))
  return () => ({at: ports.now().toISOString(), elapsedMs: before + ports.monotonicMs() - start, aborted: ports.cancelled()})
}

const HOLDING_LINE_MS = 30_000

/** A line for each turn, and now and then one for what is waited for. */
function teller(log: (line: string) => void): (rollout: Rollout) => void {
  let [told, atMs] = ['', 0]
  return rollout => {
    const turn = `${rollout.phase} ${rollout.step}`
    if (turn === told && rollout.elapsedMs - atMs < HOLDING_LINE_MS) return
    told = turn
    atMs = rollout.elapsedMs
    log(lineOf(rollout))
  }
}

function lineOf({phase, reason, elapsedMs}: Rollout): string {
  return `${(elapsedMs / 1000).toFixed(1).padStart(7)} s  ${phase.padEnd(15)} ${reason}`
}

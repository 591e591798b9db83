import type {Findings} from '#shared/evidence/evidence'
import {begin, type Lost, type Target, takeLeft} from './begin.js'
import {drive, type Journey} from './drive.js'
import {alreadyServing, findingsOf, leftAlone, type Told} from './findings.js'
import {saveRollout} from './ledger.js'
import type {Ports} from './ports.js'
import {isEnd} from './rollout.js'
import {type RolloutPolicy, transition} from './transition.js'

/** Rolls a candidate out on an endpoint: begins, goes on with what a lost run left, or undoes it first when it was another candidate's. */
export async function deploy(ports: Ports, target: Target, policy: RolloutPolicy, names: ReadonlyMap<string, string>): Promise<Findings> {
  const {name, candidate} = target
  const told: Told = {name, candidate, endpoint: ports.endpoint.name, policy, names, command: ports.endpoint.command}
  const start = await begin(ports, target)
  if (start.kind === 'serving') return alreadyServing(told)
  if (start.kind !== 'abandoned') return findingsOf(await drive(ports, target.key, start.kept, policy), told)
  const undone = await undo(ports, target.key, start, policy, ' and another candidate is to be rolled out')
  if (undone.rollout.phase === 'rollback-failed') return findingsOf(undone, {...told, candidate: undone.rollout.candidate})
  return await deploy(ports, target, policy, names)
}

/** Sends back what a lost run left on an endpoint, and begins nothing. A rollout that a run still holds is left alone. */
export async function reconcile(ports: Ports, key: string, policy: RolloutPolicy, told: Omit<Told, 'candidate'>): Promise<Findings> {
  const left = await takeLeft(ports, key)
  if (left.kind !== 'lost') return leftAlone(left.kind === 'held' ? left.rollout : null, told)
  const journey = await undo(ports, key, left, policy)
  return findingsOf(journey, {...told, name: journey.rollout.name, candidate: journey.rollout.candidate})
}

// A first deployment has nothing to go back to: it is finished instead. A way back that was begun is finished too.
async function undo(ports: Ports, key: string, {kept, run}: Lost, policy: RolloutPolicy, because = ''): Promise<Journey> {
  const {rollout} = kept
  const moment = {at: ports.now().toISOString(), elapsedMs: rollout.elapsedMs, aborted: false}
  const reason = `its run ${run} was lost${because}`
  const forward = rollout.lastGood === null && rollout.phase === 'promoting'
  const back = forward ? rollout : transition(rollout, {kind: 'abandoned', reason}, moment, policy)
  const next = {...kept, rollout: back}
  return await drive(ports, key, isEnd(back.phase) ? await saveRollout(ports, key, next) : next, policy)
}

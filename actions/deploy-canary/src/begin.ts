import {UserError} from '#shared/errors'
import type {Approval} from '#shared/registry/approval'
import {fence} from './fence.js'
import {type Kept, readRollout, saveRollout, tellLog} from './ledger.js'
import type {Line} from './lines.js'
import type {Ports} from './ports.js'
import {beginRollout, isEnd, type Release, type Rollout, runOf} from './rollout.js'
import {boundariesMs, countEvents} from './tallies.js'

export interface Target {
  readonly key: string
  readonly name: string
  readonly candidate: Release
  readonly steps: readonly number[]
  readonly lines: readonly Line[]
  readonly deadlineMs: number
  /** who let the candidate go here, asked before anything moves towards it; throws where nobody did */
  readonly permit: () => Promise<readonly Approval[]>
}

/** A rollout that was taken over, and the run that was lost with it. */
export interface Lost {
  readonly kept: Kept
  readonly run: string
}

export type Start =
  | {readonly kind: 'serving'}
  | {readonly kind: 'new' | 'resumed'; readonly kept: Kept}
  /** what a lost run left of another candidate: first back to where that began */
  | ({readonly kind: 'abandoned'} & Lost)

/** Where a run starts: with what it finds. Throws UserError that names the holder while another run has the endpoint. */
export async function begin(ports: Ports, target: Target): Promise<Start> {
  const found = await readRollout(ports, target.key)
  if (found !== null && (await isOpen(ports, found.rollout))) {
    refuseHeld(ports, found.rollout)
    const same = found.rollout.candidate.digest === target.candidate.digest && found.rollout.name === target.name
    if (!same) return {kind: 'abandoned', run: runOf(found.rollout), kept: await takeOver(ports, target.key, found)}
    return {kind: 'resumed', kept: await takeOver(ports, target.key, {...found, rollout: await permitted(found.rollout, target)})}
  }
  const {weights} = await ports.endpoint.weights()
  const lastGood = onlyVersion(ports, Object.entries(weights))
  if (lastGood === target.candidate.digest) return {kind: 'serving'}
  if (lastGood !== null) await checkBoundaries(ports, lastGood, target.lines)
  const approvals = await target.permit()
  const champion = await ports.registry.resolve(target.name, 'champion')
  const rollout = beginRollout({
    ...{endpoint: ports.endpoint.name, name: target.name, candidate: target.candidate, lastGood, weights},
    ...{steps: target.steps, deadlineMs: target.deadlineMs, at: ports.now().toISOString()},
    approvals,
    champion: champion && {version: champion.version, digest: champion.digest, generation: champion.generation ?? 0},
    lease: {...ports.holder, expiresAt: ports.now().toISOString()}
  })
  if (found !== null) await tellLog(ports, found.rollout)
  return {kind: 'new', kept: await saveRollout(ports, target.key, {rollout, tag: found?.tag ?? null})}
}

// The way back is open to everybody.
async function permitted(rollout: Rollout, {permit}: Target): Promise<Rollout> {
  if (rollout.phase === 'rolling-back' || rollout.phase === 'rollback-failed') return rollout
  const approvals = await permit()
  return approvals.length > 0 ? {...rollout, approvals} : rollout
}

export type Left =
  | {readonly kind: 'nothing'}
  | {readonly kind: 'held'; readonly rollout: Rollout}
  /** taken over by this run */
  | ({readonly kind: 'lost'} & Lost)

/** What other runs left on the endpoint; what was lost is this run's from here on. */
export async function takeLeft(ports: Ports, key: string): Promise<Left> {
  const found = await readRollout(ports, key)
  if (found === null || !(await isOpen(ports, found.rollout))) return {kind: 'nothing'}
  if (isHeld(ports, found.rollout)) return {kind: 'held', rollout: found.rollout}
  return {kind: 'lost', run: runOf(found.rollout), kept: await takeOver(ports, key, found)}
}

// A failed way back stays open until somebody has given all traffic to one version.
async function isOpen({endpoint}: Ports, {phase}: Rollout): Promise<boolean> {
  if (phase !== 'rollback-failed') return !isEnd(phase)
  return Object.keys((await endpoint.weights()).weights).length > 1
}

function isHeld({holder, now}: Ports, {lease}: Rollout): boolean {
  const same = lease.holder === holder.holder && lease.attempt < holder.attempt
  return !same && Date.parse(lease.expiresAt) > now().getTime()
}

function refuseHeld(ports: Ports, rollout: Rollout): void {
  if (!isHeld(ports, rollout)) return
  const {lease, endpoint, candidate} = rollout
  throw new UserError(
    `${endpoint}: a rollout of ${candidate.version} is under way in ${runOf(rollout)}, which holds it until ${lease.expiresAt}`,
    {hint: 'Wait for that run, or cancel it. If it was lost, run this again after that time.'}
  )
}

async function takeOver(ports: Ports, key: string, {rollout, tag}: Kept): Promise<Kept> {
  ports.log(`taking over the rollout of ${rollout.candidate.version} from ${runOf(rollout)}: ${rollout.phase}, ${rollout.reason}`)
  const failed = rollout.phase === 'rollback-failed'
  const again: Rollout = failed ? {...rollout, phase: 'rolling-back', applied: false} : rollout
  const kept = await saveRollout(ports, key, {rollout: again.phase === 'promoting' ? {...again, cause: null} : again, tag})
  return await fence(ports, kept)
}

function onlyVersion({endpoint}: Ports, weights: readonly (readonly [string, number])[]): string | null {
  if (weights.length === 0) return null
  if (weights.length === 1) return weights[0][0]
  throw new UserError(
    `${endpoint.name}: traffic is split ${JSON.stringify(Object.fromEntries(weights))} and no rollout is known, so what is stable can't be told`,
    {
      hint: `Give all traffic to one version first: ${endpoint.command({[weights.toSorted((a, b) => b[1] - a[1])[0][0]]: 100})}`
    }
  )
}

/** Before anything moves: a gate on slow requests needs the boundary that it names. */
async function checkBoundaries(ports: Ports, stable: string, lines: readonly Line[]): Promise<void> {
  const slow = lines.filter(line => line.events !== 'errors')
  if (slow.length === 0) return
  const {snapshot} = await ports.telemetry.read()
  const counts = Object.hasOwn(snapshot.versions, stable) ? snapshot.versions[stable] : undefined
  if (counts === undefined)
    throw new UserError(`telemetry: knows nothing of version ${stable.slice(0, 12)}, which takes all traffic`, {
      hint: 'Check the address in telemetry.'
    })
  for (const {gate, events} of slow) {
    if (countEvents({...counts, requests: Math.max(1, counts.requests)}, events) !== null) continue
    throw new UserError(`gate "${gate.id}": the histogram of the endpoint has no such boundary`, {
      kind: 'usage',
      at: gate.at,
      hint: `It has ${
        boundariesMs(counts)
          .map(bound => `${bound}ms`)
          .join(', ') || 'none'
      }: name one of them.`
    })
  }
}

import {messageOf, UserError} from '#shared/errors'
import type {Weights} from '#shared/traffic/endpoint'
import {type Hold, unrenewed} from './hold.js'
import {LostRollout} from './ledger.js'
import type {Ports} from './ports.js'
import {type Rollout, sameWeights} from './rollout.js'
import {NOTHING} from './tallies.js'
import {type Effect, effectOf, type Observation} from './transition.js'

const ATTEMPTS = 4
/** A way back is worth more patience than a way on. */
const ATTEMPTS_BACK = 8

const CARRY_OUT: Readonly<Record<Exclude<Effect, 'end'>, (ports: Ports, rollout: Rollout, hold: Hold) => Promise<Observation>>> = {
  load,
  move,
  watch,
  alias
}

/** Does what the rollout wants next, and says what was seen. Throws nothing but LostRollout. */
export async function carryOut(ports: Ports, rollout: Rollout, hold: Hold): Promise<Observation> {
  const effect = effectOf(rollout)
  return effect === 'end' ? {kind: 'moved'} : await CARRY_OUT[effect](ports, rollout, hold)
}

async function load(ports: Ports, {candidate}: Rollout): Promise<Observation> {
  try {
    await ensureLoaded(ports, candidate)
    return {kind: 'loaded'}
  } catch (error) {
    return {kind: 'refused', reason: fullMessage(error)}
  }
}

async function ensureLoaded({endpoint, modelFile}: Ports, release: Rollout['candidate']): Promise<void> {
  if ((await endpoint.versions()).includes(release.digest)) return
  await endpoint.upload(release.digest, await modelFile(release))
  if (!(await endpoint.versions()).includes(release.digest))
    throw new UserError(`${endpoint.name}: took version ${release.digest} and does not list it`, {hint: 'Look at the log of the server.'})
}

/** Sets the weights until reading them back shows them. Weights that are neither the old nor the new ones are somebody else's: only a way back overrides them. */
async function move(ports: Ports, rollout: Rollout, hold: Hold): Promise<Observation> {
  const back = rollout.phase === 'rolling-back'
  let reason = ''
  for (let attempt = 1; attempt <= (back ? ATTEMPTS_BACK : ATTEMPTS); attempt++) {
    if (attempt > 1) await ports.sleep(ports.pace.retryMs * Math.min(4, attempt - 1))
    if (attempt > 1 && !back && ports.cancelled()) break
    try {
      const {weights, generation} = await ports.endpoint.weights()
      if (sameWeights(weights, rollout.weights)) return {kind: 'moved'}
      if (!back && !sameWeights(weights, rollout.before)) return {kind: 'foreign', reason: foreignMessage(ports, weights)}
      if (back) await restore(ports, rollout)
      const doubt = await unrenewed(hold, back ? 'back' : 'on')
      if (doubt !== undefined && !back) return {kind: 'unsaved', reason: doubt}
      if (doubt !== undefined && !(await hold.lasts()) && !isOurs(rollout, weights))
        return {kind: 'unmoved', reason: `${foreignMessage(ports, weights)}, and ${doubt}`}
      await ports.endpoint.setWeights(rollout.weights, generation)
      const after = await ports.endpoint.weights()
      if (sameWeights(after.weights, rollout.weights)) return {kind: 'moved'}
      reason = `${ports.endpoint.name}: accepted the weights and still has ${JSON.stringify(after.weights)}`
    } catch (error) {
      if (error instanceof LostRollout) throw error
      reason = fullMessage(error)
    }
    ports.log(`the weights are not there yet: ${reason}`)
  }
  return {kind: 'unmoved', reason}
}

/** Whether weights can be of this rollout: nothing but its two versions takes traffic. */
function isOurs({candidate, lastGood}: Rollout, weights: Weights): boolean {
  return Object.keys(weights).every(digest => digest === candidate.digest || digest === lastGood)
}

// The server may have lost the version meanwhile; where the registry knows it, it is loaded again.
async function restore(ports: Ports, {lastGood, name}: Rollout): Promise<void> {
  if (lastGood === null || (await ports.endpoint.versions()).includes(lastGood)) return
  for (const version of await ports.registry.versions(name)) {
    const {digest} = await ports.registry.manifest(name, version)
    if (digest === lastGood) return await ports.endpoint.upload(digest, await ports.modelFile({version, digest}))
  }
}

async function watch(ports: Ports, rollout: Rollout): Promise<Observation> {
  if (rollout.counted !== null) await ports.sleep(ports.pace.lookMs)
  try {
    const {weights} = await ports.endpoint.weights()
    if (!sameWeights(weights, rollout.weights)) return {kind: 'foreign', reason: foreignMessage(ports, weights)}
    const {snapshot, increase} = await ports.telemetry.read(rollout.counted ?? undefined)
    for (const digest of Object.keys(rollout.weights))
      if (!Object.hasOwn(snapshot.versions, digest))
        return await blind(ports, `the telemetry knows nothing of version ${digest.slice(0, 12)}`)
    const of = (digest: string) => (Object.hasOwn(increase, digest) ? increase[digest] : NOTHING)
    return {kind: 'counted', snapshot, canary: of(rollout.candidate.digest), stable: of(String(rollout.lastGood))}
  } catch (error) {
    return await blind(ports, messageOf(error))
  }
}

async function blind(ports: Ports, reason: string): Promise<Observation> {
  ports.log(`holding, blind: ${reason}`)
  await ports.sleep(ports.pace.lookMs)
  return {kind: 'blind', reason}
}

/** The alias champion follows the traffic: to the candidate on promotion, back to where it was when a promotion was undone. */
async function alias(ports: Ports, rollout: Rollout, hold: Hold): Promise<Observation> {
  let reason = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await ports.sleep(ports.pace.retryMs * attempt)
    try {
      await (rollout.phase === 'promoting' ? moveChampion(ports, rollout, hold) : restoreChampion(ports, rollout, hold))
      return {kind: 'aliased'}
    } catch (error) {
      if (error instanceof LostRollout) throw error
      reason = fullMessage(error)
      ports.log(`the alias champion is not moved yet: ${reason}`)
    }
  }
  return {kind: 'unaliased', reason}
}

async function moveChampion({registry}: Ports, {name, candidate, champion, reason, approvals}: Rollout, hold: Hold): Promise<void> {
  await hold.renew('on')
  await registry.moveAlias({
    name,
    alias: 'champion',
    ...candidate,
    expected: champion?.generation ?? null,
    reason: `canary: ${reason}`,
    approvals
  })
}

/** Points the alias champion back where it was, when it points to the candidate; without a hold, by the alias's own generation alone. */
export async function restoreChampion({registry}: Ports, {name, candidate, champion, reason}: Rollout, hold?: Hold): Promise<void> {
  if (champion === null || champion.digest === candidate.digest) return
  const now = await registry.resolve(name, 'champion')
  if (now?.digest !== candidate.digest || now.version !== candidate.version) return
  const {version, digest} = champion
  await hold?.renew('back')
  await registry.moveAlias({name, alias: 'champion', version, digest, expected: now.generation, event: 'rolled-back', reason})
}

function foreignMessage({endpoint}: Ports, weights: Weights): string {
  return `the weights of ${endpoint.name} were moved by somebody else, to ${JSON.stringify(weights)}`
}

function fullMessage(error: unknown): string {
  return error instanceof UserError && error.hint !== undefined ? `${error.message}. ${error.hint}` : messageOf(error)
}

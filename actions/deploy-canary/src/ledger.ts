import {messageOf, UserError} from '#shared/errors'
import type {Ports} from './ports.js'
import {parseRollout} from './record.js'
import type {Rollout} from './rollout.js'

/** A rollout with the tag under which the registry holds it; null: not written yet. */
export interface Kept {
  readonly rollout: Rollout
  readonly tag: string | null
}

const ATTEMPTS = 4

/** The rollout that the registry holds under a key; null when there is none. Throws UserError when it is torn or of another version. */
export async function readRollout(ports: Pick<Ports, 'registry'>, key: string): Promise<(Kept & {readonly tag: string}) | null> {
  const stored = await ports.registry.readState(key)
  return stored && {rollout: parseRollout(key, stored.value), tag: stored.tag}
}

/** Somebody else wrote the state: this run has lost the rollout and must touch nothing any more. */
export class LostRollout extends UserError {}

/**
 * Writes the state by compare-and-swap, under a fresh lease. An answer that never came is settled by reading back.
 * Throws LostRollout when another run wrote, and the last failure when the registry can't be written.
 */
export async function saveRollout(ports: Ports, key: string, {rollout, tag}: Kept, attempts = ATTEMPTS): Promise<Kept> {
  const expiresAt = new Date(ports.now().getTime() + ports.pace.leaseMs).toISOString()
  const next: Rollout = {...rollout, generation: rollout.generation + 1, lease: {...ports.holder, expiresAt}}
  for (let attempt = 1; ; attempt++) {
    try {
      const written = await ports.registry.writeState(key, next, tag)
      if (written !== null) return {rollout: next, tag: written}
      return await readBack(ports, key, next)
    } catch (error) {
      if (error instanceof LostRollout || attempt >= attempts) throw error
      ports.log(`the state could not be written, trying again: ${messageOf(error)}`)
      await ports.sleep(ports.pace.retryMs * attempt)
    }
  }
}

/**
 * Tells the log of a rollout that was rolled back; of any other nothing. A log that can't be written changes nothing: until the next rollout on the
 * endpoint begins, which tells it first, the history is completed from the state.
 */
export async function tellLog({registry, log}: Ports, rollout: Rollout): Promise<void> {
  if (rollout.phase !== 'rolled-back') return
  const {name, candidate, endpoint, reason, startedAt, updatedAt, before} = rollout
  const percent = before[candidate.digest] ?? 0
  try {
    await registry.logUndone({name, ...candidate, endpoint, percent, reason, startedAt, at: updatedAt})
  } catch (error) {
    log(`the log can't be told that ${candidate.version} was rolled back: ${messageOf(error)}`)
  }
}

// An earlier attempt may have been carried out although its answer was lost.
async function readBack(ports: Ports, key: string, wanted: Rollout): Promise<Kept> {
  const found = await readRollout(ports, key)
  if (found !== null && JSON.stringify(found.rollout) === JSON.stringify(wanted)) return found
  throw lost(wanted, found)
}

/** That a rollout is in other hands; null: the registry holds none any more. */
export function lost({endpoint}: Rollout, found: Kept | null): LostRollout {
  const by = found === null ? 'it is gone' : `it was taken over by ${found.rollout.lease.run || found.rollout.lease.holder}`
  return new LostRollout(`rollout on ${endpoint}: ${by}; this run changes nothing any more`, {
    hint: 'Look at the run that goes on with it.'
  })
}

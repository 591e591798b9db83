import {messageOf, UserError} from '#shared/errors'
import {type Kept, LostRollout, lost, readRollout, saveRollout} from './ledger.js'
import type {Ports} from './ports.js'
import type {Rollout} from './rollout.js'

/** A run's hold on its rollout, asked right before each write of what the rollout governs. */
export interface Hold {
  /**
   * Renews the lease. Throws LostRollout when another run took over, and UserError when it could not be renewed with enough of it left for a write.
   * On the way back one attempt must do: what waits for it is live traffic.
   */
  renew(direction: 'on' | 'back'): Promise<void>
  /**
   * Asked when that failed: whether the rollout is still this run's. Where the registry can't be read either, the time of the last lease tells.
   * Throws LostRollout when another run took over.
   */
  lasts(): Promise<boolean>
}

/** A hold on what `held` gives; `kept` gets what the registry holds after each renewal. */
export function holdOn(ports: Ports, key: string, held: () => Kept, kept: (next: Kept) => void): Hold {
  return {
    renew: async direction => {
      kept(await saveRollout(ports, key, held(), direction === 'back' ? 1 : undefined))
      if (isLeased(ports, held().rollout)) return
      throw new UserError(`rollout on ${held().rollout.endpoint}: renewing its lease took nearly as long as it lasts`, {
        hint: 'The registry answers too slowly.'
      })
    },
    lasts: async () => {
      const {rollout} = held()
      const found = await readRollout(ports, key).catch(() => undefined)
      if (found === undefined) return isLeased(ports, rollout)
      if (found === null || !isOurs(ports, found.rollout)) throw lost(rollout, found)
      // A write whose answer was lost: the tag is the newer one.
      kept({rollout: {...rollout, lease: found.rollout.lease, generation: found.rollout.generation}, tag: found.tag})
      return true
    }
  }
}

/** How much of a lease is left at least when a write begins; the write ends within its own time limit, well before. */
const LEFT_SHARE = 1 / 4

function isLeased({now, pace}: Ports, {lease}: Rollout): boolean {
  return Date.parse(lease.expiresAt) - now().getTime() >= pace.leaseMs * LEFT_SHARE
}

function isOurs({holder}: Ports, {lease}: Rollout): boolean {
  return lease.holder === holder.holder && lease.attempt === holder.attempt && lease.run === holder.run
}

/** Why the lease could not be renewed; undefined when it was. Throws LostRollout. */
export async function unrenewed(hold: Hold, direction: 'on' | 'back'): Promise<string | undefined> {
  try {
    await hold.renew(direction)
    return undefined
  } catch (error) {
    if (error instanceof LostRollout) throw error
    return `the lease could not be renewed: ${messageOf(error)}`
  }
}

import {messageOf} from '#shared/errors'
import {restoreChampion} from './effects.js'
import {LostRollout, readRollout} from './ledger.js'
import type {Ports} from './ports.js'
import type {Rollout} from './rollout.js'
import {effectOf} from './transition.js'

/**
 * The last words of a run that lost its rollout while it carried something out: what it wrote may have come after the other run had looked.
 * Weights are the other's, who has fenced them off; an alias is put back, unless the other run promotes the same candidate.
 */
export async function handOver(ports: Ports, key: string, doing: Rollout, {message, hint}: LostRollout): Promise<LostRollout> {
  const effect = effectOf(doing)
  const last = effect === 'move' ? weightsSaid(doing) : effect === 'alias' ? await aliasSaid(ports, key, doing) : undefined
  return new LostRollout(last === undefined ? message : `${message}. ${last}`, {hint})
}

function weightsSaid({weights, endpoint}: Rollout): string {
  return `It was setting the weights of ${endpoint} to ${JSON.stringify(weights)}: see there what takes traffic now`
}

async function aliasSaid(ports: Ports, key: string, doing: Rollout): Promise<string | undefined> {
  const {phase, name, candidate} = doing
  if (phase !== 'promoting') return undefined
  const byHand = `See to which version the alias champion of ${name} points: it must be the one that takes all traffic`
  try {
    const found = await readRollout(ports, key)
    if (found !== null && promotes(found.rollout, doing)) return undefined
    await restoreChampion(ports, doing)
    const now = await ports.registry.resolve(name, 'champion')
    return now?.digest === candidate.digest ? byHand : undefined
  } catch (error) {
    return `${byHand} (${messageOf(error)})`
  }
}

function promotes({name, candidate, phase}: Rollout, doing: Rollout): boolean {
  const forward = phase === 'prepared' || phase === 'step' || phase === 'promoting' || phase === 'promoted'
  return forward && name === doing.name && candidate.digest === doing.candidate.digest
}

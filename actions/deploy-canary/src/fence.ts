import {messageOf, UserError} from '#shared/errors'
import type {Kept} from './ledger.js'
import type {Ports} from './ports.js'

const ATTEMPTS = 4

/**
 * Writes the weights, and in a promotion the alias champion, as what they are. Whoever takes over does it first: a write that the lost run began and
 * that is still under way names the generation before, and is refused. Before the first deployment there is nothing to write. Throws UserError when
 * the endpoint or the registry can't be written.
 */
export async function fence(ports: Ports, kept: Kept): Promise<Kept> {
  await insist(ports, `${ports.endpoint.name}: the weights`, () => fenceWeights(ports))
  return await insist(ports, `${kept.rollout.name}: the alias champion`, () => fenceAlias(ports, kept))
}

async function insist<T>({sleep, pace, log}: Ports, what: string, write: () => Promise<T>): Promise<T> {
  let reason = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await sleep(pace.retryMs * attempt)
    try {
      return await write()
    } catch (error) {
      reason = messageOf(error)
      log(`the rollout can't be taken over yet: ${reason}`)
    }
  }
  throw new UserError(`${what} can't be written, so the rollout that a lost run left stays as it is: ${reason}`, {
    hint: 'Mend that and run this again.'
  })
}

async function fenceWeights({endpoint}: Ports): Promise<void> {
  const {weights, generation} = await endpoint.weights()
  if (Object.keys(weights).length > 0) await endpoint.setWeights(weights, generation)
}

/** Only in a promotion can the lost run be moving it on; where it has, it is moved back by its new generation. */
async function fenceAlias({registry}: Ports, kept: Kept): Promise<Kept> {
  const {phase, name, champion, lease} = kept.rollout
  if (phase !== 'promoting' || champion === null) return kept
  const {version, digest} = champion
  const now = await registry.resolve(name, 'champion')
  if (now?.version !== version || now.digest !== digest) return kept
  const reason = `a lost rollout was taken over by ${lease.run || lease.holder}`
  const again = {name, alias: 'champion', version, digest, expected: now.generation, event: 'moved', again: true, reason} as const
  const {generation} = await registry.moveAlias(again)
  return {...kept, rollout: {...kept.rollout, champion: {...champion, generation}}}
}

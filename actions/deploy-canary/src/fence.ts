import {messageOf, UserError} from '#shared/errors'
import type {Ports} from './ports.js'

const ATTEMPTS = 4

/**
 * Sets the weights to what they are. Whoever takes over does it first: a write that the lost run began and that is still under way names the
 * generation before, and is refused. Before the first deployment there is nothing to set. Throws UserError when the endpoint can't be written.
 */
export async function fence({endpoint, sleep, pace, log}: Ports): Promise<void> {
  let reason = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await sleep(pace.retryMs * attempt)
    try {
      const {weights, generation} = await endpoint.weights()
      if (Object.keys(weights).length > 0) await endpoint.setWeights(weights, generation)
      return
    } catch (error) {
      reason = messageOf(error)
      log(`the endpoint can't be taken over yet: ${reason}`)
    }
  }
  throw new UserError(`${endpoint.name}: the weights can't be written, so the rollout that a lost run left stays as it is: ${reason}`, {
    hint: 'Mend the endpoint and run this again.'
  })
}

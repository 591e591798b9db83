import {join} from 'node:path'
import {messageOf, UserError} from '#shared/errors'
import {Refusal} from './answers.js'
import type {Counters} from './counters.js'
import {failureLog} from './failures.js'
import type {Options} from './options.js'
import type {LoadModel, Row} from './scorer.js'
import {inTurn} from './turns.js'
import {openVersions, type Version, type Versions} from './versions.js'
import {pickVersion, readWeights, storeWeights, type WeightState, type Weights} from './weights.js'

export interface ServingWorld {
  readonly load: LoadModel
  /** uniform in [0, 1) */
  readonly random: () => number
  readonly now: () => Date
  /** milliseconds that never go back */
  readonly monotonicMs: () => number
  readonly log: (line: string) => void
}

export interface Prediction {
  readonly version: string
  readonly scores: Float64Array
}

/** What the server does, without HTTP. Refusals carry the status that HTTP answers with. */
export interface Serving {
  readonly versions: Versions
  weights(): WeightState
  /** throws Refusal 409 when a version is not loaded and 412 when the generation is another */
  move(weights: Weights, expected: number): Promise<WeightState>
  /** unloads the oldest versions beyond the limit; never while weights move, so that none is unloaded that is just being given weight */
  trim(): Promise<void>
  /** by one version, drawn by weight, and counted; `startedMs` is when the request began, on the monotonic clock */
  predict(rows: readonly Row[], startedMs: number): Promise<Prediction>
}

/** Opens the data folder: versions loaded, weights restored. Throws UserError when a version that takes traffic can't be loaded. */
export async function openServing(
  options: Omit<Options, 'port' | 'host' | 'token'>,
  world: ServingWorld,
  counters: Counters
): Promise<Serving> {
  const versions = await openVersions({...options, ...world, counters, folder: join(options.data, 'versions')})
  let state = await readWeights(options.data)
  refuseUnloaded(state, versions)
  const failed = failureLog(world.log)
  // The comparison of the generation and the write are one step.
  const turn = inTurn()
  return {
    versions,
    weights: () => state,
    move: (weights, expected) =>
      turn(async () => {
        refuseMove(weights, expected, state, versions)
        const next = {generation: state.generation + 1, weights}
        await storeWeights(options.data, next)
        world.log(`weights: ${JSON.stringify(weights)}, generation ${next.generation}`)
        state = next
        return next
      }),
    trim: () => turn(() => versions.trim(digest => digest in state.weights)),
    predict: async (rows, startedMs) => {
      const version = versions.get(pickVersion(state.weights, world.random()) ?? '')
      if (version === undefined) throw new Refusal(503, 'weights: no version takes traffic yet')
      const refusal = version.scorer.refusal(rows)
      if (refusal !== undefined && refusedByAll(rows, versions, state.weights)) throw new Refusal(400, refusal)
      const seconds = () => (world.monotonicMs() - startedMs) / 1000
      const scores = await score(version, rows, refusal, {seconds, failed})
      return {version: version.digest, scores}
    }
  }
}

function refuseUnloaded({weights}: WeightState, versions: Versions): void {
  for (const digest in weights)
    if (versions.get(digest) === undefined)
      throw new UserError(`version ${digest}: takes ${weights[digest]}% of the traffic by weights.json and can't be loaded`, {
        hint: 'Put its file back under versions/, or remove weights.json to start without traffic.'
      })
}

function refuseMove(weights: Weights, expected: number, state: WeightState, versions: Versions): void {
  for (const digest in weights)
    if (versions.get(digest) === undefined)
      throw new Refusal(409, `weights: version ${digest} is not loaded; PUT /versions/${digest} first`)
  if (expected !== state.generation)
    throw new Refusal(412, `weights: the generation is ${state.generation}, not ${expected}: somebody else moved them`)
}

// What no version in traffic can take is the client's mistake; what one alone can't take is a failure of that version.
function refusedByAll(rows: readonly Row[], versions: Versions, weights: Weights): boolean {
  return Object.keys(weights).every(digest => versions.get(digest)?.scorer.refusal(rows) !== undefined)
}

interface Scoring {
  readonly seconds: () => number
  readonly failed: (version: string, reason: string) => void
}

async function score(
  version: Version,
  rows: readonly Row[],
  refusal: string | undefined,
  {seconds, failed}: Scoring
): Promise<Float64Array> {
  try {
    if (refusal !== undefined) throw new Error(refusal)
    const scores = await version.scorer.score(rows)
    const bad = scores.findIndex(value => !Number.isFinite(value))
    if (bad >= 0) throw new Error(`rows[${bad}]: the score is ${scores[bad]}`)
    version.counter.count(seconds(), false)
    return scores
  } catch (error) {
    version.counter.count(seconds(), true)
    failed(version.digest, messageOf(error))
    throw new Refusal(500, `model ${version.digest}: ${messageOf(error)}`, {'x-model-version': version.digest})
  }
}

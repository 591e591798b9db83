import {join} from 'node:path'
import {codeOf, UserError} from '#shared/errors'
import {readText, writeAtomic} from '#shared/files'
import {Refusal} from './answers.js'

/** Whole percents by version; they sum to 100, or there are none yet. */
export type Weights = Readonly<Record<string, number>>

export interface WeightState {
  /** grows by one with every change; the ETag */
  readonly generation: number
  readonly weights: Weights
}

export const DIGEST = /^[0-9a-f]{64}$/

/** Weights from a body: throws Refusal 400 unless they are whole percents by digest that sum to 100. Versions of weight 0 are dropped. */
export function parseWeights(body: unknown): Weights {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Refusal(400, 'weights: expected {"<sha256>": percent, …}')
  const entries = Object.entries(body)
  for (const [digest, percent] of entries) {
    if (!DIGEST.test(digest))
      throw new Refusal(400, `weights: expected 64 lower-case hex digits, got ${JSON.stringify(digest.slice(0, 80))}`)
    if (!Number.isInteger(percent) || percent < 0 || percent > 100)
      throw new Refusal(400, `weights: ${digest}: expected a whole percent from 0 to 100, got ${JSON.stringify(percent)?.slice(0, 80)}`)
  }
  const sum = entries.reduce((total, [, percent]) => total + percent, 0)
  if (sum !== 100) throw new Refusal(400, `weights: expected a sum of 100, got ${sum}`)
  return Object.fromEntries(entries.filter(([, percent]) => percent > 0))
}

/** The state kept in the data folder; generation 0 without weights where there is none. Throws UserError when it is not readable as such. */
export async function readWeights(folder: string): Promise<WeightState> {
  const path = join(folder, 'weights.json')
  try {
    const state: unknown = JSON.parse(await readText(path, 1 << 20))
    return parseState(state)
  } catch (error) {
    if (codeOf(error instanceof UserError ? error.cause : error) === 'ENOENT') return {generation: 0, weights: {}}
    throw new UserError(`${path}: expected {"generation", "weights"} (${error instanceof Error ? error.message : String(error)})`, {
      hint: 'Restore the file, or remove it to start without weights.',
      cause: error
    })
  }
}

function parseState(state: unknown): WeightState {
  const {generation, weights} = state as {generation?: unknown; weights?: unknown}
  if (typeof generation !== 'number' || !Number.isSafeInteger(generation) || generation < 0) throw new Error('no generation')
  return {generation, weights: parseWeights(weights)}
}

/** Keeps the state: on disk, whole, before it takes effect. */
export async function storeWeights(folder: string, state: WeightState): Promise<void> {
  await writeAtomic(join(folder, 'weights.json'), `${JSON.stringify(state)}\n`)
}

/** The version for one request: `draw` in [0, 1) falls into each version's share of 100. Undefined without weights. */
export function pickVersion(weights: Weights, draw: number): string | undefined {
  let rest = Math.floor(draw * 100)
  for (const digest in weights) {
    rest -= weights[digest]
    if (rest < 0) return digest
  }
  return undefined
}

/** The generation that `If-Match` names; throws Refusal 428 when it is absent and 400 when it is none of ours. */
export function parseIfMatch(header: string | undefined): number {
  if (header === undefined)
    throw new Refusal(428, 'If-Match: absent; expected the ETag of GET /weights, so that two writers cannot overwrite each other')
  const match = /^"(\d{1,15})"$/.exec(header.trim())
  if (match === null) throw new Refusal(400, 'If-Match: expected the ETag of GET /weights, as "3" with its quotes')
  return Number(match[1])
}

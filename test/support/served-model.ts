import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import type {AddressInfo} from 'node:net'
import type {Options} from '../../runner-images/model-server/src/options.js'
import type {Row, Scorer} from '../../runner-images/model-server/src/scorer.js'
import {createModelServer, type ModelServer} from '../../runner-images/model-server/src/server.js'

export const TOKEN = 'a-token-of-the-tests'

/** What a stand-in for a model does; its bytes are this as JSON. */
export interface Behaviour {
  readonly score: number
  /** share of the calls that fail, spread evenly */
  readonly failing?: number
  /** columns that must hold numbers */
  readonly numbers?: readonly string[]
  readonly delayMs?: number
}

export function modelBytes(behaviour: Behaviour): {bytes: Buffer; digest: string} {
  const bytes = Buffer.from(JSON.stringify(behaviour))
  return {bytes, digest: createHash('sha256').update(bytes).digest('hex')}
}

export async function loadStandIn(path: string): Promise<Scorer> {
  const {score, failing = 0, numbers = [], delayMs = 0}: Behaviour = JSON.parse(await readFile(path, 'utf8'))
  let calls = 0
  return {
    refusal: rows => refusal(rows, numbers),
    score: async rows => {
      if (delayMs > 0) await new Promise(resolve => setTimeout(resolve, delayMs))
      calls += 1
      if (Math.floor(calls * failing) > Math.floor((calls - 1) * failing)) throw new Error('index out of bounds')
      return Float64Array.from(rows, () => score)
    },
    close: async () => undefined
  }
}

function refusal(rows: readonly Row[], numbers: readonly string[]): string | undefined {
  const bad = numbers.find(column => rows.some(row => typeof row[column] === 'string'))
  return bad === undefined ? undefined : `${bad}: expected a number`
}

/** A seeded sequence in [0, 1). */
export function draws(seed = 1): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Served extends ModelServer {
  readonly address: string
  readonly lines: string[]
}

/** The model server over a folder, with stand-ins for models, listening on loopback. */
export async function serve(data: string, options: Partial<Options> = {}, port = 0): Promise<Served> {
  const lines: string[] = []
  const made = await createModelServer(
    {data, token: TOKEN, bodyLimit: 10_000, modelLimit: 100_000, keep: 10, ...options},
    {load: loadStandIn, random: draws(), now: () => new Date(), monotonicMs: () => performance.now(), log: line => lines.push(line)}
  )
  await new Promise<void>(resolve => made.server.listen(port, '127.0.0.1', resolve))
  const bound = made.server.address() as AddressInfo
  return {...made, address: `http://127.0.0.1:${bound.port}`, lines}
}

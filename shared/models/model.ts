import {messageOf, UserError} from '#shared/errors'
import {type Columns, remembered} from './columns.js'
import {type FeedPlan, kindOf, packFeeds, planFeeds, type ReadColumn} from './feeds.js'
import {type Inspected, inspectModel} from './inspect.js'
import {MODEL_LIMITS, type ModelLimits} from './limits.js'
import {chooseOutput, invalidRows, readScores, type Scores} from './scores.js'
import {type EngineName, openSession, type Session} from './session.js'
import type {Slot} from './slots.js'

export interface Signature {
  readonly inputs: readonly Slot[]
  readonly outputs: readonly Slot[]
  /** the metadata property `features` */
  readonly features?: readonly string[]
}

export interface Model {
  readonly name: string
  readonly digest: {readonly sha256: string; readonly size: number}
  readonly signature: Signature
  /** name of the output that is read as the score */
  readonly output: string
  /**
   * Columns that the model reads from a table that has these; `without` (label, key, sensitive columns) are never taken by position.
   * Throws UserError that lists both sides when they don't fit.
   */
  columnsOf(columns: Columns, without?: readonly string[]): readonly string[]
  /** the same with what each is read as */
  reads(columns: Columns, without?: readonly string[]): readonly ReadColumn[]
  /**
   * Scores `n` rows in chunks. An invalid score is reported, not thrown. Throws RejectedRow for the first row at which the graph stops, and
   * UserError with column and row of a value that an input can't hold.
   */
  score(columns: Columns, n: number, without?: readonly string[]): Promise<Scores>
  close(): Promise<void>
}

/** The graph stops at a row, which it would do in production too. */
export class RejectedRow extends UserError {
  constructor(
    model: string,
    /** from 0 */
    readonly row: number,
    readonly reason: string,
    cause: unknown
  ) {
    super(`${model}: the model rejects row ${row + 1}: ${reason}`, {
      hint: 'Its graph stops at a value of this row, and would stop in production too. Export a graph that has an answer for it.',
      cause
    })
  }
}

export interface ModelOptions {
  readonly limits?: Partial<ModelLimits>
  /** WASM by default; `native` for large work */
  readonly engine?: EngineName
  /** rows of one call to the runtime */
  readonly chunkRows?: number
}

/** Opens a model that may be unfit: why it doesn't load is an answer, and only what isn't the model's fault is thrown. */
export async function tryModel(path: string, options?: ModelOptions): Promise<Model | {readonly unloadable: string}> {
  try {
    return await openModel(path, options)
  } catch (error) {
    if (error instanceof UserError && error.kind === 'measure' && error.message.startsWith(path)) return {unloadable: error.message}
    throw error
  }
}

/** Inspects a model under limits and loads it in a thread of its own. Throws UserError when it isn't safe or doesn't load. */
export async function openModel(path: string, {limits, engine = 'wasm', chunkRows = 50_000}: ModelOptions = {}): Promise<Model> {
  const bounds = {...MODEL_LIMITS, ...limits}
  const inspected = await inspectModel(path, bounds)
  const output = chooseOutput(inspected.outline, path)
  const session = await openSession(inspected, engine, bounds)
  const {outline, features, digest, name} = inspected
  return {
    name,
    digest,
    signature: {inputs: outline.inputs, outputs: outline.outputs, features},
    output: output.name,
    columnsOf: (columns, without = []) => planFeeds(inspected, columns, without).columns,
    reads: (columns, without = []) =>
      planFeeds(inspected, columns, without).feeds.flatMap(({names, packer}) => names.map(column => ({column, kind: kindOf(packer)}))),
    score: (columns, n, without = []) => scoreRows({inspected, session, output: output.name, chunkRows}, remembered(columns), n, without),
    close: () => session.close()
  }
}

interface Loaded {
  readonly inspected: Inspected
  readonly session: Session
  readonly output: string
  readonly chunkRows: number
}

async function scoreRows(model: Loaded, columns: Columns, n: number, without: readonly string[]): Promise<Scores> {
  const plan = planFeeds(model.inspected, columns, without)
  const step = Math.min(plan.batch ?? model.chunkRows, model.chunkRows)
  const values = new Float64Array(n)
  let runMs = 0
  let before: Promise<void> = Promise.resolve()
  for (let from = 0; from < n; from += step) {
    const to = Math.min(n, from + step)
    const run = runChunk(model, plan, columns, from, to)
    const chunk = run.then(result => {
      values.set(result.values, from)
      runMs += result.runMs
    })
    // One chunk is packed here while the worker runs the one before it.
    chunk.catch(() => undefined)
    await before
    before = chunk
  }
  await before
  return {values, invalid: invalidRows(values), runMs}
}

async function runChunk(
  model: Loaded,
  plan: FeedPlan,
  columns: Columns,
  from: number,
  to: number
): Promise<{values: Float64Array; runMs: number}> {
  const {session, output, inspected} = model
  const feeds = packFeeds(plan, columns, from, to)
  try {
    const reply = await session.run(feeds, output)
    return {values: readScores(reply.output, to - from, inspected.name), runMs: reply.runMs}
  } catch (error) {
    if (isOurs(error, inspected.name)) throw error
    const row = await firstRejected(model, plan, columns, from, to)
    throw new RejectedRow(inspected.name, row, messageOf(error), error)
  }
}

/** Errors that already begin with the model's name concern no single row. */
function isOurs(error: unknown, name: string): boolean {
  return !(error instanceof UserError) || error.message.startsWith(`${name}: `)
}

/** Halves the rows until one is left. */
async function firstRejected({session, output}: Loaded, plan: FeedPlan, columns: Columns, from: number, to: number): Promise<number> {
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const passes = await session.run(packFeeds(plan, columns, low, middle), output).then(
      () => true,
      () => false
    )
    if (passes) low = middle
    else high = middle
  }
  return low
}

import {UserError} from '#shared/errors'
import type {Columns} from './columns.js'
import type {Inspected} from './inspect.js'
import {PACKERS, type Packer} from './packing.js'
import {renderSlot, type Slot} from './slots.js'
import type {PlainTensor} from './worker.js'

/** How columns become one input: `names` side by side. */
export interface Feed {
  readonly input: string
  readonly names: readonly string[]
  /** false for [N] */
  readonly matrix: boolean
  readonly packer: Packer
}

/** A column of the table, and what the model takes it for; an `integer` input has no missing value. */
export interface ReadColumn {
  readonly column: string
  readonly kind: 'real' | 'integer' | 'text'
}

export function kindOf({type}: Packer): ReadColumn['kind'] {
  return type === 'string' ? 'text' : type.startsWith('float') ? 'real' : 'integer'
}

export interface FeedPlan {
  readonly feeds: readonly Feed[]
  /** columns that the model reads */
  readonly columns: readonly string[]
  /** rows of one call; undefined when any number will do */
  readonly batch?: number
}

/**
 * Which column goes to which input. An input [N] or [N, 1] takes the column of its name; a single wider input takes those that `features`
 * lists, else all columns but `without` when they are exactly as many. Throws UserError that lists both sides.
 */
export function planFeeds(model: Pick<Inspected, 'name' | 'outline' | 'features'>, columns: Columns, without: readonly string[]): FeedPlan {
  const {inputs} = model.outline
  if (inputs.length === 0) throw new UserError(`${model.name}: the model has no input, so it can't score rows`)
  for (const slot of inputs) checkSlot(model.name, slot)
  const feeds = inputs.length === 1 && isMatrix(inputs[0]) ? [planMatrix(model, inputs[0], columns, without)] : planColumns(model, columns)
  return {feeds, columns: [...new Set(feeds.flatMap(feed => feed.names))], batch: batchOf(model.name, inputs)}
}

function isMatrix({shape}: Slot): boolean {
  return shape === undefined || shape.length === 2
}

function checkSlot(name: string, slot: Slot): void {
  const hint = 'Export the model with inputs of the shape [N], [N, 1] or one input [N, F].'
  if (slot.kind !== 'tensor') throw new UserError(`${name}: the input ${renderSlot(slot)} is no tensor`, {hint})
  if (PACKERS[slot.type] === undefined)
    throw new UserError(`${name}: the input ${renderSlot(slot)} has a type that tables don't have`, {hint})
  if (slot.shape !== undefined && (slot.shape.length < 1 || slot.shape.length > 2))
    throw new UserError(`${name}: the input ${renderSlot(slot)} is neither a column nor a table of columns`, {hint})
}

/** A fixed first dimension of 1 is scored row by row. */
function batchOf(name: string, inputs: readonly Slot[]): number | undefined {
  const fixed = inputs.find(({shape}) => typeof shape?.[0] === 'number')
  if (fixed === undefined) return undefined
  if (fixed.shape?.[0] === 1) return 1
  throw new UserError(`${name}: the input ${renderSlot(fixed)} fixes the number of rows`, {
    hint: 'Export with an open first dimension (dynamic_axes, [None, F]).'
  })
}

function planMatrix(model: Pick<Inspected, 'name' | 'features'>, slot: Slot, columns: Columns, without: readonly string[]): Feed {
  const width = typeof slot.shape?.[1] === 'number' ? slot.shape[1] : undefined
  const feed = (names: readonly string[]): Feed => ({input: slot.name, names, matrix: true, packer: PACKERS[slot.type]})
  if (model.features !== undefined) {
    if (width !== undefined && width !== model.features.length) {
      throw new UserError(
        `${model.name}: features lists ${model.features.length} columns (${list(model.features)}), and ${renderSlot(slot)} takes ${width}`,
        {
          hint: 'Write features with one name for each column of the input, in its order.'
        }
      )
    }
    requireColumns(model.name, model.features, columns)
    return feed(model.features)
  }
  if (width === 1 && columns.names.includes(slot.name)) return feed([slot.name])
  const rest = columns.names.filter(name => !without.includes(name))
  if (width === rest.length) return feed(rest)
  const takes = width === undefined ? 'an unknown number of columns' : `${width} columns`
  throw new UserError(`${model.name}: ${renderSlot(slot)} takes ${takes}, and the table has ${rest.length}: ${list(rest)}`, {
    hint: 'Say which they are, in order, in the model: a metadata property features with a JSON array of names.'
  })
}

function planColumns(model: Pick<Inspected, 'name' | 'outline'>, columns: Columns): Feed[] {
  const {inputs} = model.outline
  const wide = inputs.find(({shape}) => shape === undefined || (shape.length === 2 && shape[1] !== 1 && typeof shape[1] === 'number'))
  if (wide !== undefined) {
    throw new UserError(`${model.name}: the input ${renderSlot(wide)} stands beside ${inputs.length - 1} others, so no column is its own`, {
      hint: 'Export one input [N, F], or an input [N, 1] for each column.'
    })
  }
  requireColumns(
    model.name,
    inputs.map(({name}) => name),
    columns
  )
  return inputs.map(({name, type, shape}) => ({input: name, names: [name], matrix: shape?.length === 2, packer: PACKERS[type]}))
}

function requireColumns(model: string, names: readonly string[], columns: Columns): void {
  const missing = names.filter(name => !columns.names.includes(name))
  if (missing.length === 0) return
  throw new UserError(
    `${model}: the table lacks ${missing.length === 1 ? 'the column' : 'the columns'} ${list(missing)} that the model takes`,
    {
      hint: `The model takes ${list(names)}; the table has ${list(columns.names)}.`
    }
  )
}

function list(names: readonly string[]): string {
  return names.length > 20 ? `${names.slice(0, 20).join(', ')} and ${names.length - 20} more` : names.join(', ')
}

/** The tensors of the rows `from` to `to`. Throws UserError that names column and row of a value that the input can't hold. */
export function packFeeds(plan: FeedPlan, columns: Columns, from: number, to: number): Record<string, PlainTensor> {
  const tensors: Record<string, PlainTensor> = {}
  for (const {input, names, matrix, packer} of plan.feeds) {
    const dims = matrix ? [to - from, names.length] : [to - from]
    tensors[input] = {type: packer.type, dims, data: packer.pack(columns, names, from, to)}
  }
  return tensors
}

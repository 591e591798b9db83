import type Pbf from 'pbf'
import {eachField, readInteger, readText, stopOf} from './wire.js'

/** An input or output of a model. */
export interface Slot {
  readonly name: string
  /** what isn't a tensor (`map`, `sequence`, ...) neither runtime can hand out */
  readonly kind: 'tensor' | 'sequence' | 'map' | 'optional' | 'sparse tensor' | 'unknown'
  /** of a tensor's elements: `float32`, `string`, ... */
  readonly type: string
  /** a number, a name, or null for what is open; undefined when even the rank is */
  readonly shape?: readonly (number | string | null)[]
}

/** `TensorProto.DataType`, by number. */
const ELEMENT_TYPES = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64'
]

const KINDS: Readonly<Record<number, Slot['kind']>> = {1: 'tensor', 4: 'sequence', 5: 'map', 8: 'sparse tensor', 9: 'optional'}

/** A `ValueInfoProto` at the reader's place. */
export function parseSlot(pbf: Pbf, end: number): Slot {
  let name = ''
  let kind: Slot['kind'] = 'unknown'
  let tensor: Pick<Slot, 'type' | 'shape'> = {type: 'undefined'}
  const stop = stopOf(pbf, end)
  eachField(pbf, stop, field => {
    if (field === 1) name = readText(pbf, stop)
    if (field !== 2) return
    const typeStop = stopOf(pbf, stop)
    eachField(pbf, typeStop, tag => {
      kind = KINDS[tag] ?? kind
      if (tag === 1) tensor = parseTensorType(pbf, typeStop)
    })
  })
  return {name, kind, ...tensor}
}

function parseTensorType(pbf: Pbf, end: number): Pick<Slot, 'type' | 'shape'> {
  let type = 'undefined'
  let shape: (number | string | null)[] | undefined
  const stop = stopOf(pbf, end)
  eachField(pbf, stop, field => {
    if (field === 1) {
      const number = readInteger(pbf)
      type = ELEMENT_TYPES[number] ?? `type ${number}`
    }
    if (field === 2) shape = parseShape(pbf, stop)
  })
  return {type, shape}
}

function parseShape(pbf: Pbf, end: number): (number | string | null)[] {
  const shape: (number | string | null)[] = []
  const stop = stopOf(pbf, end)
  eachField(pbf, stop, field => {
    if (field !== 1) return
    let dimension: number | string | null = null
    const dimensionStop = stopOf(pbf, stop)
    eachField(pbf, dimensionStop, tag => {
      if (tag === 1) dimension = readInteger(pbf)
      if (tag === 2) dimension = readText(pbf, dimensionStop) || null
    })
    shape.push(typeof dimension === 'number' && dimension < 0 ? null : dimension)
  })
  return shape
}

/** A name from a model in one short line: it may hold anything, and a line of the log may be a command to the runner. */
export function shownName(name: string): string {
  const line = name.replace(/[^\x20-\x7e\xa1-\u{10ffff}]|[\u2028\u2029\ufffd]/gu, '?')
  return line.length > 60 ? `${line.slice(0, 60)}…` : line
}

/** `age: float32 [N, 1]` */
export function renderSlot(slot: Slot): string {
  const name = shownName(slot.name)
  if (slot.kind !== 'tensor') return `${name}: ${slot.kind}`
  const dimensions = slot.shape?.map(dimension => (typeof dimension === 'string' ? shownName(dimension) : (dimension ?? '?')))
  return `${name}: ${slot.type} ${dimensions === undefined ? 'of unknown shape' : `[${dimensions.join(', ')}]`}`
}

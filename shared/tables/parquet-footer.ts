/** Deepest nesting of a row that is read: deeper than this DuckDB's own recursion takes minutes, or the whole process with it. */
export const MAX_DEPTH = 64

type Judgement = 'sound' | 'too deep' | 'damaged'

/** Whether the metadata of a Parquet file, a struct `FileMetaData` in Thrift's compact protocol, can be left to DuckDB. Reads nothing twice and nests nowhere. */
export function judgeFooter(footer: Uint8Array): Judgement {
  const reader = {bytes: footer, at: 0}
  try {
    return walkStruct(reader, 0, (id, type) => {
      if (id === 2 && type === LIST) return walkSchema(reader)
      return skip(reader, type, 1)
    })
  } catch (error) {
    if (error instanceof RangeError) return 'damaged'
    throw error
  }
}

/** A page, from its first bytes: how many it has with its header, and of how many values. Undefined when they are none, or too few. */
export function pageOf(bytes: Uint8Array): {readonly bytes: number; readonly values: number} | undefined {
  const reader = {bytes, at: 0}
  let size = -1
  let values = 0
  const number = (into: (value: number) => void): Judgement => {
    into(zigzag(varint(reader)))
    return 'sound'
  }
  try {
    const judged = walkStruct(reader, 0, (id, type) => {
      if (id === 3 && type === I32) return number(value => (size = value))
      if ((id !== 5 && id !== 8) || type !== STRUCT) return skip(reader, type, 1)
      return walkStruct(reader, 1, (inner, field) =>
        inner === 1 && field === I32 ? number(value => (values += value)) : skip(reader, field, 2)
      )
    })
    return judged === 'sound' && size >= 0 && values >= 0 ? {bytes: reader.at + size, values} : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

const [BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

/** The elements stand in preorder, each with the number of its children: as many are open as the element is deep. */
function walkSchema(reader: Reader): Judgement {
  const {size, type} = listHead(reader)
  if (type !== STRUCT) return 'damaged'
  const open: number[] = []
  for (let element = 0; element < size; element++) {
    let children = 0
    const judged = walkStruct(reader, 1, (id, field) => {
      if (id !== 5 || field !== I32) return skip(reader, field, 2)
      children = zigzag(varint(reader))
      return 'sound'
    })
    if (judged !== 'sound') return judged
    while (open.at(-1) === 0) open.pop()
    if (open.length > 0) open[open.length - 1]--
    if (children > 0) open.push(children)
    if (open.length > MAX_DEPTH) return 'too deep'
  }
  return 'sound'
}

function walkStruct(reader: Reader, depth: number, visit: (id: number, type: number) => Judgement): Judgement {
  if (depth > MAX_DEPTH) return 'too deep'
  let id = 0
  for (;;) {
    const head = byte(reader)
    if (head === 0) return 'sound'
    const delta = head >> 4
    id = delta === 0 ? zigzag(varint(reader)) : id + delta
    const judged = visit(id, head & 15)
    if (judged !== 'sound') return judged
  }
}

function skip(reader: Reader, type: number, depth: number): Judgement {
  if (type === 1 || type === 2) return 'sound'
  if (type === BYTE) return advance(reader, 1)
  if (type === I16 || type === I32 || type === I64) varint(reader)
  else if (type === DOUBLE) return advance(reader, 8)
  else if (type === BINARY) return advance(reader, varint(reader))
  else if (type === LIST || type === SET) return skipList(reader, depth + 1)
  else if (type === MAP) return skipMap(reader, depth + 1)
  else if (type === STRUCT) return walkStruct(reader, depth + 1, (_, field) => skip(reader, field, depth + 1))
  else return 'damaged'
  return 'sound'
}

function skipList(reader: Reader, depth: number): Judgement {
  const {size, type} = listHead(reader)
  return skipAll(reader, depth, [type], size)
}

function skipMap(reader: Reader, depth: number): Judgement {
  const size = varint(reader)
  if (size === 0) return 'sound'
  const types = byte(reader)
  return skipAll(reader, depth, [types >> 4, types & 15], size)
}

function skipAll(reader: Reader, depth: number, types: readonly number[], size: number): Judgement {
  if (depth > MAX_DEPTH) return 'too deep'
  for (let element = 0; element < size; element++) {
    for (const type of types) {
      // In a list a truth value is a byte of its own, in a field it is the type.
      const judged = type === 1 || type === 2 ? advance(reader, 1) : skip(reader, type, depth)
      if (judged !== 'sound') return judged
    }
  }
  return 'sound'
}

function listHead(reader: Reader): {size: number; type: number} {
  const head = byte(reader)
  const short = head >> 4
  return {type: head & 15, size: short === 15 ? varint(reader) : short}
}

function advance(reader: Reader, length: number): Judgement {
  if (length > reader.bytes.length - reader.at) return 'damaged'
  reader.at += length
  return 'sound'
}

function byte(reader: Reader): number {
  if (reader.at >= reader.bytes.length) throw new RangeError('the footer ends early')
  return reader.bytes[reader.at++]
}

function varint(reader: Reader): number {
  let value = 0
  for (let factor = 1; factor < 2 ** 70; factor *= 128) {
    const next = byte(reader)
    value += (next & 127) * factor
    if (next < 128) return value
  }
  throw new RangeError('a number has too many bytes')
}

function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

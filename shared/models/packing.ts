import {UserError} from '#shared/errors'
import type {Columns} from './columns.js'
import type {PlainTensor} from './worker.js'

/** Lays the rows `from` to `to` of columns side by side, row after row, as the elements of one tensor. */
export interface Packer {
  readonly type: PlainTensor['type']
  readonly pack: (columns: Columns, names: readonly string[], from: number, to: number) => PlainTensor['data']
}

/** Rows that are laid out while their place in memory is near. */
const BLOCK_ROWS = 256

type NumberArray = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array

/** By the element type of the input. */
export const PACKERS: Readonly<Record<string, Packer>> = {
  float32: reals('float32', Float32Array),
  float64: reals('float64', Float64Array),
  int8: integers('int8', Int8Array, -128, 127),
  uint8: integers('uint8', Uint8Array, 0, 255),
  int16: integers('int16', Int16Array, -32_768, 32_767),
  uint16: integers('uint16', Uint16Array, 0, 65_535),
  int32: integers('int32', Int32Array, -(2 ** 31), 2 ** 31 - 1),
  uint32: integers('uint32', Uint32Array, 0, 2 ** 32 - 1),
  bool: integers('bool', Uint8Array, 0, 1),
  int64: {type: 'int64', pack: packBig(BigInt64Array, Number.MIN_SAFE_INTEGER)},
  uint64: {type: 'uint64', pack: packBig(BigUint64Array, 0)},
  string: {type: 'string', pack: packText}
}

function reals(type: Packer['type'], Elements: new (length: number) => NumberArray): Packer {
  return {type, pack: (columns, names, from, to) => fill(new Elements((to - from) * names.length), columns, names, from, to)}
}

function integers(type: Packer['type'], Elements: new (length: number) => NumberArray, low: number, high: number): Packer {
  return {
    type,
    pack: (columns, names, from, to) => {
      for (const name of names) checkIntegers(name, numbersOf(columns, name, from, to), from, type, low, high)
      return fill(new Elements((to - from) * names.length), columns, names, from, to)
    }
  }
}

function packBig(
  Elements: {from(values: Float64Array, map: (value: number) => bigint): BigInt64Array | BigUint64Array},
  low: number
): Packer['pack'] {
  return (columns, names, from, to) => {
    const type = low === 0 ? 'uint64' : 'int64'
    for (const name of names) checkIntegers(name, numbersOf(columns, name, from, to), from, type, low, Number.MAX_SAFE_INTEGER)
    return Elements.from(fill(new Float64Array((to - from) * names.length), columns, names, from, to), BigInt)
  }
}

function packText(columns: Columns, names: readonly string[], from: number, to: number): string[] {
  const width = names.length
  const texts = names.map(name => columns.text(name))
  const packed = new Array<string>((to - from) * width)
  for (let column = 0; column < width; column++) {
    for (let row = from, at = column; row < to; row++, at += width) packed[at] = texts[column][row]
  }
  return packed
}

function fill<T extends NumberArray>(packed: T, columns: Columns, names: readonly string[], from: number, to: number): T {
  const width = names.length
  const values = names.map(name => numbersOf(columns, name, from, to))
  for (let start = 0; start < to - from; start += BLOCK_ROWS) {
    const end = Math.min(to - from, start + BLOCK_ROWS)
    for (let column = 0; column < width; column++) {
      const ofColumn = values[column]
      for (let row = start, at = start * width + column; row < end; row++, at += width) packed[at] = ofColumn[row]
    }
  }
  return packed
}

/** A text column is read as numbers, '' as missing. Throws UserError at the first text that is none. */
function numbersOf(columns: Columns, name: string, from: number, to: number): Float64Array {
  const numbers = columns.numeric(name)
  if (numbers !== undefined) return numbers.subarray(from, to)
  return Float64Array.from(columns.text(name).slice(from, to), (text, index) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isNaN(value) && text.trim() !== '') {
      throw new UserError(
        `column ${name}, row ${from + index + 1}: ${JSON.stringify(text.slice(0, 40))} is not a number, and the model takes numbers there`,
        {
          hint: `Give the numbers that the model was trained on, or export it with a text input for ${name}.`
        }
      )
    }
    return value
  })
}

function checkIntegers(name: string, values: Float64Array, from: number, type: string, low: number, high: number): void {
  const index = values.findIndex(value => !(Number.isInteger(value) && value >= low && value <= high))
  if (index < 0) return
  const got = Number.isNaN(values[index]) ? 'is missing' : `${values[index]} does not fit`
  throw new UserError(`column ${name}, row ${from + index + 1}: ${got}, and the model takes ${type} there, which has no missing value`, {
    hint: `Fill the column, or export the model with a float input for ${name}.`
  })
}

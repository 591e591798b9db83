import type Pbf from 'pbf'
import {UserError} from '#shared/errors'

/** What is wrong with the bytes, without the file's name: `parseOutline` puts it in front. */
export function malformed(what: string): UserError {
  return new UserError(what, {hint: 'Export the model anew, and check that the file was copied or fetched whole.'})
}

/**
 * Visits the fields of a message up to `end`. `visit` reads the field's value or leaves it, which skips it; it answers false for a field
 * that it doesn't know. Throws UserError on anything that reaches over `end`: pbf itself reads beyond without a word.
 */
export function eachField(pbf: Pbf, end: number, visit: (field: number) => unknown): number {
  let unknown = 0
  while (pbf.pos < end) {
    const key = pbf.readVarint()
    const start = pbf.pos
    pbf.type = key & 7
    if (key < 8) throw malformed(`not a protobuf message at byte ${start - 1}: field number 0`)
    if (![0, 1, 2, 5].includes(pbf.type)) throw malformed(`not a protobuf message at byte ${start - 1}: wire type ${pbf.type}`)
    if (visit(Math.floor(key / 8)) === false) unknown += 1
    if (pbf.pos === start) skip(pbf, end)
    if (pbf.pos > end) throw malformed(`cut off: a field at byte ${start} ends at byte ${pbf.pos}, and its message at byte ${end}`)
  }
  return unknown
}

function skip(pbf: Pbf, end: number): void {
  if (pbf.type === 2) pbf.pos = stopOf(pbf, end)
  else pbf.skip(pbf.type)
}

/** Where the message, text or bytes that begin here end. */
export function stopOf(pbf: Pbf, end: number): number {
  const start = pbf.pos
  if (pbf.type !== 2) throw malformed(`not an ONNX model: byte ${start} holds a number where a message is expected`)
  const length = pbf.readVarint()
  const stop = pbf.pos + length
  if (!(stop <= end)) throw malformed(`cut off: byte ${start} announces ${length} bytes, and ${Math.max(0, end - pbf.pos)} are left`)
  return stop
}

export function readText(pbf: Pbf, end: number): string {
  const stop = stopOf(pbf, end)
  const text = new TextDecoder().decode(pbf.buf.subarray(pbf.pos, stop))
  pbf.pos = stop
  return text
}

export function readInteger(pbf: Pbf): number {
  if (pbf.type !== 0) throw malformed(`not an ONNX model: byte ${pbf.pos} holds bytes where a number is expected`)
  return pbf.readVarint(true)
}

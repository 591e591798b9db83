import {readFileSync} from 'node:fs'
import {join} from 'node:path'

/** A column of the generated data, `scores.f64` or `labels.u8` or `groups.i32`, as a typed array of its own. */
export function readColumn(folder, name) {
  const bytes = new Uint8Array(readFileSync(join(folder, name)))
  if (name.endsWith('.u8')) return bytes
  return name.endsWith('.i32') ? new Int32Array(bytes.buffer) : new Float64Array(bytes.buffer)
}

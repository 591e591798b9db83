import {UserError} from '#shared/errors'
import type {Outline} from './outline.js'
import {renderSlot, type Slot} from './slots.js'
import type {PlainTensor} from './worker.js'

const NUMBERS = ['float32', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'bool']
const INVALID_ROWS_LISTED = 20

export interface Scores {
  /** of the positive class, one a row, as the model gave them */
  readonly values: Float64Array
  /** outside [0, 1] or not finite; `rows` are the first of them, from 1 */
  readonly invalid: {readonly count: number; readonly rows: readonly number[]}
  /** time in the runtime, all chunks together */
  readonly runMs: number
}

/** The output that holds the score: `score` or `probabilities`, else the only float output. Throws UserError that lists what there is. */
export function chooseOutput({outputs}: Pick<Outline, 'outputs'>, model: string): Slot {
  const named = ['score', 'probabilities'].flatMap(name => outputs.filter(output => output.name === name))
  const floats = outputs.filter(({kind, type}) => kind === 'tensor' && (type === 'float32' || type === 'float64'))
  const chosen = named[0] ?? (floats.length === 1 ? floats[0] : undefined)
  const packed = chosen?.kind === 'tensor' ? undefined : outputs.find(({kind}) => kind !== 'tensor')
  if (packed !== undefined && (chosen === undefined || chosen === packed)) {
    throw new UserError(`${model}: the output ${renderSlot(packed)} is no tensor (ZipMap), which no runtime here reads`, {
      hint: "Export with zipmap=False: to_onnx(…, options={'zipmap': False})."
    })
  }
  if (chosen === undefined || !NUMBERS.includes(chosen.type)) {
    throw new UserError(`${model}: no output is the score; there is ${outputs.map(renderSlot).join('; ') || 'none'}`, {
      hint: 'Name the output with the probability of the positive class score, of the shape [N], [N, 1] or [N, 2].'
    })
  }
  return chosen
}

/** The scores of `n` rows in a tensor [N], [N, 1] or [N, 2], where the positive class is second. */
export function readScores(output: PlainTensor, n: number, model: string): Float64Array {
  const {dims, data} = output
  const width = dims.length === 2 ? dims[1] : 1
  if (dims.length < 1 || dims.length > 2 || dims[0] !== n || width < 1 || width > 2 || data.length !== n * width) {
    throw new UserError(`${model}: the score has the shape [${dims.join(', ')}] for ${n} rows; expected [N], [N, 1] or [N, 2]`, {
      hint: 'Export one probability a row, or two with the positive class second.'
    })
  }
  const values = new Float64Array(n)
  const last = width - 1
  for (let row = 0; row < n; row++) values[row] = Number(data[row * width + last])
  return values
}

export function invalidRows(values: Float64Array): Scores['invalid'] {
  const rows: number[] = []
  let count = 0
  for (let row = 0; row < values.length; row++) {
    if (values[row] >= 0 && values[row] <= 1) continue
    count += 1
    if (rows.length < INVALID_ROWS_LISTED) rows.push(row + 1)
  }
  return {count, rows}
}

import {UserError} from '#shared/errors'

/** Codes into `values`, -1 where missing. */
export interface Coded {
  readonly codes: Int32Array
  readonly values: readonly string[]
}

const POSITIVE = ['1', 'true', 'True', 'TRUE']

export interface Labels {
  /** 1 where a row is of the positive class, else 0 */
  readonly labels: Uint8Array
  readonly positive: string
}

/**
 * The truth of a binary exam; `positive` names the positive class, by default `1` or `true`. Throws UserError when a label is missing
 * (naming the row), when there are more than two classes, or when neither is the positive one.
 */
export function parseLabels({codes, values}: Coded, column: string, positive?: string): Labels {
  const missing = codes.indexOf(-1)
  if (missing >= 0) throw new UserError(`label ${column}: row ${missing + 1} has none`, {hint: 'Every row of an exam needs its truth.'})
  if (values.length > 2) {
    const shown = values.slice(0, 6).join(', ')
    throw new UserError(`label ${column}: expected two classes, got ${values.length} (${shown}${values.length > 6 ? ', …' : ''})`, {
      hint: 'This version judges binary classification.'
    })
  }
  const known = positive === undefined ? values.find(value => POSITIVE.includes(value)) : values.find(value => value === positive)
  const negative = values.every(value => /^(?:0|false)$/i.test(value))
  if (known === undefined && (positive !== undefined || !negative)) {
    const wanted = positive === undefined ? '1 or true' : `"${positive}"`
    throw new UserError(`label ${column}: no row is of the positive class ${wanted}; there is ${values.join(', ') || 'nothing'}`, {
      hint: 'Name the positive class with the input `positive`.'
    })
  }
  const code = known === undefined ? -2 : values.indexOf(known)
  return {labels: whereCode(codes, code), positive: known ?? positive ?? '1'}
}

/** Predicted classes as 0 and 1. Throws UserError on a missing one and on a class that is neither of the exam's. */
export function parsePredictions({codes, values}: Coded, column: string, positive: string, classes: readonly string[]): Uint8Array {
  const missing = codes.indexOf(-1)
  if (missing >= 0) throw new UserError(`${column}: row ${missing + 1} has no prediction`, {hint: 'Predict every row of the exam.'})
  // An exam of one class doesn't tell what the other is called.
  const negatives = classes.filter(value => value !== positive)
  const foreign = values.filter(value => value !== positive && !classes.includes(value))
  if (foreign.length > (negatives.length === 0 ? 1 : 0)) {
    throw new UserError(`${column}: "${foreign[0]}" is no class of the exam (${classes.join(', ')})`, {
      hint: 'Write the classes as the label column does.'
    })
  }
  return whereCode(codes, values.indexOf(positive))
}

/** 1 where a row has the code, else 0. */
function whereCode(codes: Int32Array, code: number): Uint8Array {
  const found = new Uint8Array(codes.length)
  for (let row = 0; row < found.length; row++) found[row] = codes[row] === code ? 1 : 0
  return found
}

/** Predicted classes as the label column writes them, numbers as numbers; the inverse of parsePredictions. */
export function renderPredictions(predictions: Uint8Array, positive: string, classes: readonly string[]): Float64Array | string[] {
  const other = classes.find(value => value !== positive)
  const negative = other ?? (/^[01]$/.test(positive) ? String(1 - Number(positive)) : `not ${positive}`)
  const numbers = [negative, positive].map(Number)
  if (numbers.every((number, index) => String(number) === [negative, positive][index])) {
    const rendered = new Float64Array(predictions.length)
    for (let row = 0; row < rendered.length; row++) rendered[row] = numbers[predictions[row]]
    return rendered
  }
  return Array.from(predictions, one => (one === 1 ? positive : negative))
}

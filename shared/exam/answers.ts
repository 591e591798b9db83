import {UserError} from '#shared/errors'
import {formatNumber} from '#shared/evidence/number'
import {type Coded, type Labels, parsePredictions} from './labels.js'

/** One sitter's answers, in the order of the exam's rows. */
export interface Answers {
  readonly name: string
  readonly kind: 'model' | 'predictions'
  /** digest of the model, or of the predictions file */
  readonly digest: {readonly sha256: string}
  readonly size: number
  /** how much of the file was read, where its digest is the word of its store */
  readonly named?: string
  /** of the positive class; absent: only classes were given */
  readonly scores?: Float64Array
  /** 0 or 1 */
  readonly predictions: Uint8Array
  /** scores outside [0, 1] or not finite; the first rows, from 1 */
  readonly invalid: {readonly count: number; readonly rows: readonly number[]}
}

/** Columns of a predictions file. */
export interface Predicted {
  numeric(name: string): Float64Array | undefined
  categorical(name: string): Coded
}

const INVALID_ROWS_LISTED = 20

/**
 * Scores and classes of a predictions file; `rows` puts them into the exam's order. Where the file has both columns, its classes are taken as they
 * are, else a class is `score >= threshold`. Throws UserError when scores are text or a class is not the exam's.
 */
export function parseAnswers(
  own: Predicted,
  {
    rows,
    columns,
    labels,
    classes,
    threshold,
    file
  }: {
    readonly rows?: Uint32Array
    readonly columns: readonly string[]
    readonly labels: Labels
    readonly classes: readonly string[]
    readonly threshold: number
    readonly file: string
  }
): Pick<Answers, 'scores' | 'predictions' | 'invalid'> {
  const inOrder = (values: Uint8Array) => (rows === undefined ? values : Uint8Array.from(rows, row => values[row]))
  const given = columns.includes('prediction')
    ? inOrder(parsePredictions(own.categorical('prediction'), `${file}: prediction`, labels.positive, classes))
    : undefined
  if (!columns.includes('score')) return {predictions: given ?? new Uint8Array(), invalid: {count: 0, rows: []}}
  const numbers = own.numeric('score')
  if (numbers === undefined)
    throw new UserError(`${file}: score: expected numbers, got text`, {hint: 'Write probabilities between 0 and 1.'})
  const scores = rows === undefined ? numbers : Float64Array.from(rows, row => numbers[row])
  return {scores, predictions: given ?? classesOf(scores, threshold), invalid: invalidOf(scores)}
}

/** 1 where a score is at least the threshold. */
export function classesOf(scores: Float64Array, threshold: number): Uint8Array {
  const classes = new Uint8Array(scores.length)
  for (let row = 0; row < classes.length; row++) classes[row] = scores[row] >= threshold ? 1 : 0
  return classes
}

function invalidOf(scores: Float64Array): Answers['invalid'] {
  const rows: number[] = []
  let count = 0
  for (let row = 0; row < scores.length; row++) {
    if (scores[row] >= 0 && scores[row] <= 1) continue
    count++
    if (rows.length < INVALID_ROWS_LISTED) rows.push(row + 1)
  }
  return {count, rows}
}

/** What is wrong with the scores; undefined when each is a probability. */
export function invalidity({invalid: {count, rows}}: Pick<Answers, 'invalid'>): string | undefined {
  if (count === 0) return undefined
  return `${formatNumber(count)} ${count === 1 ? 'score is' : 'scores are'} not finite or outside 0 to 1 (rows ${rows.slice(0, 5).join(', ')}${count > 5 ? ', …' : ''})`
}

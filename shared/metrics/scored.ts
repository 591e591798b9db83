import {UserError} from '#shared/errors'

/** Rows of an exam with what a model said of them; all arrays hold the whole exam, in the same order. */
export interface Scored {
  /** the truth: 1 for the positive class, 0 otherwise */
  readonly labels: Uint8Array
  /** probability or other score of the positive class; absent where a predictions file holds classes only */
  readonly scores?: Float64Array
  readonly predictions: Uint8Array
  /** row numbers of a slice, ascending and each once; absent: all rows */
  readonly rows?: Uint32Array
}

/** How resampling draws; the same seed gives the same bounds. */
export interface Sampling {
  readonly seed?: number
  /** default 2000 */
  readonly replicates?: number
}

export interface Ranked {
  readonly labels: Uint8Array
  readonly scores: Float64Array
}

/** Labels and scores of the rows asked for. Throws UserError without scores, and for a score that is not finite. */
export function rankedRows(metric: string, scored: Scored): Ranked {
  return rowsWithScores(metric, scored, {least: -Number.MAX_VALUE, most: Number.MAX_VALUE, expected: 'a finite score'})
}

/** The same for metrics of probabilities: throws UserError for a score outside [0, 1] as well. */
export function probableRows(metric: string, scored: Scored): Ranked {
  return rowsWithScores(metric, scored, {least: 0, most: 1, expected: 'a probability in [0, 1]'})
}

interface Demand {
  readonly least: number
  readonly most: number
  readonly expected: string
}

function rowsWithScores(metric: string, {labels, scores, rows}: Scored, {least, most, expected}: Demand): Ranked {
  if (!scores) {
    throw new UserError(`${metric}: expected a score for each row, got predicted classes only`, {
      hint: 'give a predictions file with a column score, or gate accuracy, precision, recall or f1'
    })
  }
  const chosen = rows ? {labels: pick(labels, rows), scores: pick(scores, rows)} : {labels, scores}
  const bad = firstOutside(chosen.scores, least, most)
  if (bad >= 0) {
    throw new UserError(`${metric}: row ${(rows ? rows[bad] : bad) + 1} of the exam: expected ${expected}, got ${chosen.scores[bad]}`, {
      hint: 'the model must give the probability of the positive class; roc_auc and average_precision take any finite score'
    })
  }
  return chosen
}

/** -1 when there is none; NaN is outside. */
function firstOutside(scores: Float64Array, least: number, most: number): number {
  for (let i = 0; i < scores.length; i++) if (!(scores[i] >= least && scores[i] <= most)) return i
  return -1
}

function pick<T extends Uint8Array | Float64Array>(values: T, rows: Uint32Array): T
function pick(values: Uint8Array | Float64Array, rows: Uint32Array): Uint8Array | Float64Array {
  const picked = values instanceof Uint8Array ? new Uint8Array(rows.length) : new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) picked[i] = values[rows[i]]
  return picked
}

/** Whether two models cannot be told apart on the whole exam: equal scores, or equal classes where neither has scores. */
export function sameModel(candidate: Scored, reference: Scored): boolean {
  if (!equal(candidate.predictions, reference.predictions)) return false
  if (!candidate.scores || !reference.scores) return candidate.scores === reference.scores
  return equal(candidate.scores, reference.scores)
}

function equal(first: ArrayLike<number>, second: ArrayLike<number>): boolean {
  if (first.length !== second.length) return false
  for (let i = 0; i < first.length; i++) if (first[i] !== second[i]) return false
  return true
}

/** Throws UserError when two models were not scored on the same rows with the same truth. */
export function requireSameExam(candidate: Scored, reference: Scored): void {
  const [ours, theirs] = [candidate.labels.length, reference.labels.length]
  if (ours !== theirs) throw new UserError(`reference: expected predictions for the ${ours} rows of the exam, got ${theirs}`)
  const row = candidate.labels.findIndex((label, i) => label !== reference.labels[i])
  if (row >= 0)
    throw new UserError(`reference: row ${row + 1} of the exam: expected the label ${candidate.labels[row]}, got ${reference.labels[row]}`)
}

/** Of each row that counts whether it is in the slice, in the order of the rows. */
export function membership(scored: Scored, sliceRows: Uint32Array): Uint8Array {
  const inSlice = new Uint8Array(scored.labels.length)
  for (const row of sliceRows) inSlice[row] = 1
  return scored.rows ? pick(inSlice, scored.rows) : inSlice
}

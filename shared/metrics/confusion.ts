import type {Scored} from './scored.js'

/** Counts of rows by label and prediction. Indices: 2 * label + prediction. */
export const [TN, FP, FN, TP] = [0, 1, 2, 3]

/** True negatives, false positives, false negatives, true positives. */
export function confusion({labels, predictions, rows}: Scored): Uint32Array {
  const cells = new Uint32Array(4)
  if (rows) for (const row of rows) cells[2 * labels[row] + predictions[row]]++
  else for (let row = 0; row < labels.length; row++) cells[2 * labels[row] + predictions[row]]++
  return cells
}

/** Counts of rows by label, prediction of the candidate and of the reference. Index: 4 * label + 2 * candidate + reference. */
export function jointConfusion({labels, predictions, rows}: Scored, reference: Scored): Uint32Array {
  const cells = new Uint32Array(8)
  const n = rows ? rows.length : labels.length
  for (let i = 0; i < n; i++) {
    const row = rows ? rows[i] : i
    cells[4 * labels[row] + 2 * predictions[row] + reference.predictions[row]]++
  }
  return cells
}

/** The confusion of the candidate, or of the reference, from their joint one. */
export function marginOf(joint: ArrayLike<number>, which: 'candidate' | 'reference'): number[] {
  const stride = which === 'candidate' ? 1 : 2
  const step = which === 'candidate' ? 2 : 1
  return [0, 1, 2, 3].map(cell => {
    const first = 4 * (cell >> 1) + step * (cell & 1)
    return joint[first] + joint[first + stride]
  })
}

export function sumOf(cells: ArrayLike<number>, indices: readonly number[]): number {
  return indices.reduce((sum, index) => sum + cells[index], 0)
}

export const ALL: readonly number[] = [TN, FP, FN, TP]

import {type Columns, rowsOf} from './columns.js'
import {type Model, RejectedRow} from './model.js'

const REJECTIONS_FOLLOWED = 20

export interface Answers {
  /** NaN where the model gave no answer */
  readonly values: Float64Array
  /** rows, from 0, at which the graph stopped */
  readonly rejected: readonly {readonly row: number; readonly reason: string}[]
  /** rows that were not tried any more after 20 rejections; their values are NaN too */
  readonly untried: number
}

/** Scores rows and goes on behind a row at which the graph stops. Throws UserError as `score` does for all else. */
export async function answerRows(
  model: Pick<Model, 'score'>,
  columns: Columns,
  n: number,
  without: readonly string[] = []
): Promise<Answers> {
  const values = new Float64Array(n).fill(Number.NaN)
  const rejected: {row: number; reason: string}[] = []
  let from = 0
  while (from < n && rejected.length < REJECTIONS_FOLLOWED) {
    const stop = await scoreUpTo(model, columns, from, n, without)
    values.set(stop.values, from)
    from += stop.values.length
    if (stop.reason !== undefined) {
      rejected.push({row: from, reason: stop.reason})
      from += 1
    }
  }
  return {values, rejected, untried: n - from}
}

/** The scores from `from` to the first row that is rejected, with the reason, or to the end. */
async function scoreUpTo(
  model: Pick<Model, 'score'>,
  columns: Columns,
  from: number,
  to: number,
  without: readonly string[]
): Promise<{values: Float64Array; reason?: string}> {
  const score = (end: number) => model.score(rowsOf(columns, from, end), end - from, without)
  try {
    return {values: (await score(to)).values}
  } catch (error) {
    if (!(error instanceof RejectedRow)) throw error
    const values = error.row === 0 ? new Float64Array() : (await score(from + error.row)).values
    return {values, reason: error.reason}
  }
}

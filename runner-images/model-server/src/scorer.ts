/** One row of a prediction request: a value by column. Columns that the model does not read are ignored. */
export type Row = Readonly<Record<string, string | number | boolean | null>>

/** A loaded model. */
export interface Scorer {
  /** why the model's inputs can't hold these rows (text for a number), or undefined when they can */
  refusal(rows: readonly Row[]): string | undefined
  /** one score a row, in order; throws when the graph fails */
  score(rows: readonly Row[]): Promise<Float64Array>
  close(): Promise<void>
}

/** Loads the model in a file and scores one made-up row, so that the first real request is not the slow one; throws with the reason. */
export type LoadModel = (path: string) => Promise<Scorer>

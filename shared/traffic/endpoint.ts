/** Whole percents by version (64 hex digits) that sum to 100; none before the first deployment. */
export type Weights = Readonly<Record<string, number>>

/** The weights with the generation that a change must name, so that two writers cannot overwrite each other. */
export interface Split {
  readonly weights: Weights
  readonly generation: string
}

/** What traffic can be moved on. Each call has its own time limit; errors are UserErrors that name the host and the next step, never the token. */
export interface Endpoint {
  /** address without path, user or token: what messages and the rollout's state name */
  readonly name: string
  /** digests of the versions that are loaded */
  versions(): Promise<readonly string[]>
  /** loads a model file; a version that is there stays. Throws UserError with the endpoint's reason when the model can't be served. */
  upload(digest: string, path: string): Promise<void>
  weights(): Promise<Split>
  /** one attempt, never repeated by itself: who calls reads back. Throws StaleWeights when the generation is no longer the endpoint's. */
  setWeights(weights: Weights, generation: string): Promise<Split>
  /** the command by which a person sets these weights from a terminal; the token stays a variable */
  command(weights: Weights): string
}

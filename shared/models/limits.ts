export interface ModelLimits {
  /** of all of the model's files together */
  readonly maxBytes: number
  /** over all graphs and functions */
  readonly maxNodes: number
  /** graphs within graphs: the branches of If, the bodies of Loop and Scan */
  readonly maxDepth: number
  /** that the runtime may take for weights and tensors; of the WASM engine only */
  readonly memoryBytes: number
  readonly loadTimeoutMs: number
  /** for one chunk of rows */
  readonly runTimeoutMs: number
}

export const MODEL_LIMITS: ModelLimits = {
  maxBytes: 2 ** 30,
  maxNodes: 1_000_000,
  maxDepth: 64,
  memoryBytes: 3 * 2 ** 30,
  loadTimeoutMs: 60_000,
  runTimeoutMs: 120_000
}

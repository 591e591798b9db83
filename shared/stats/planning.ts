import {normalQuantile} from './normal.js'

/** Chance of a settled answer that plans are made for. */
export const POWER = 0.8

/** Standard error that one side of bounds stands for: `reach` from the value to a bound at one-sided level 1 - alpha. */
export function standardErrorOf(reach: number, alpha: number): number {
  return reach / normalQuantile(1 - alpha)
}

/** The smallest distance from the bound of a gate that a measurement of this standard error settles with power 0.8. */
export function detectableDifference(standardError: number, alpha: number): number {
  return (normalQuantile(1 - alpha) + normalQuantile(POWER)) * standardError
}

export interface Measured {
  /** rows that gave the standard error */
  readonly n: number
  readonly standardError: number
  /** distance between the true value and the bound that is to be settled, above 0 */
  readonly margin: number
}

/** Rows that settle a margin, from a measurement on n rows; Infinity when the margin is 0 or the error unknown. */
export function rowsToSettle({n, standardError, margin}: Measured, alpha: number): number {
  if (standardError === 0) return n
  const rows = n * (detectableDifference(standardError, alpha) / margin) ** 2
  return Number.isFinite(rows) ? Math.ceil(rows) : Number.POSITIVE_INFINITY
}

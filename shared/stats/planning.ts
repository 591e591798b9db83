import type {Bounds} from './estimate.js'
import {normalQuantile} from './normal.js'

/** Chance of a settled answer that plans are made for. */
export const POWER = 0.8

export interface Level {
  /** one side; default 0.05 */
  readonly alpha?: number
  /** default 0.8 */
  readonly power?: number
}

function reach({alpha = 0.05, power = POWER}: Level): number {
  return normalQuantile(1 - alpha) + normalQuantile(power)
}

/** Standard error that one-sided bounds at level 1 - alpha stand for; Infinity when unbounded. */
export function standardErrorOf({low, high}: Bounds, alpha = 0.05): number {
  return (high - low) / (2 * normalQuantile(1 - alpha))
}

/** The smallest distance from the bound of a gate that a measurement of this standard error settles with the given power. */
export function detectableDifference(standardError: number, level: Level = {}): number {
  return reach(level) * standardError
}

export interface Measured {
  /** rows that gave the standard error */
  readonly n: number
  readonly standardError: number
  /** distance between the true value and the bound that is to be settled, above 0 */
  readonly margin: number
}

/** Rows that settle a margin, from a measurement on n rows; Infinity when the margin is 0 or the error unknown. */
export function rowsToSettle({n, standardError, margin}: Measured, level: Level = {}): number {
  if (standardError === 0) return n
  const rows = n * (detectableDifference(standardError, level) / margin) ** 2
  return Number.isFinite(rows) ? Math.ceil(rows) : Number.POSITIVE_INFINITY
}

/** Rows for a paired comparison of two equally good 0/1 results: `discordance` is the share of rows on which they differ. */
export function pairedRows({discordance, margin}: {readonly discordance: number; readonly margin: number}, level: Level = {}): number {
  return rowsToSettle({n: 1, standardError: Math.sqrt(discordance), margin}, level)
}

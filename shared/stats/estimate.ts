/** One-sided bounds, each at level 1 - alpha; infinite where unbounded. */
export interface Bounds {
  readonly low: number
  readonly high: number
}

/** A measured number with its uncertainty. */
export interface Estimate {
  /** null: not defined, as `reason` says (a denominator of 0) */
  readonly value: number | null
  /** rows, groups or requests in the denominator */
  readonly n: number
  /** rows that were looked at, where the denominator may be fewer; absent: `n` */
  readonly rows?: number
  /** one-sided bounds at level 1 - alpha each, for alpha in (0, 0.5]; absent: `value` is exact */
  readonly bounds?: (alpha: number) => Bounds
  /** name of the bounds' method: `Wilson`, `DeLong`, `paired bootstrap, B = 2000` */
  readonly method?: string
  /** why no verdict can be drawn from it: too few rows, a denominator of 0. The check is inconclusive. */
  readonly reason?: string
  /** what a person wants to read beside it: the groups that make a disparity */
  readonly detail?: string
  /** two-sided p-value of "no disparity"; only disparities between groups have one */
  readonly pNull?: number
}

export interface Proportion {
  readonly successes: number
  readonly n: number
}

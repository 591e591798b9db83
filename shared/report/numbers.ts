import type {Check, Interval} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'

/** A signed difference: `+0.033`, `-0.021`, `0`. */
export function signed(value: number): string {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value)
}

/** Two numbers and what the first has more than the second, all to as many decimals as the one that needs most: `0.7600`, `0.7512`, `+0.0088`. */
export function alike(first: number, second: number): {readonly first: string; readonly second: string; readonly difference: string} {
  const texts = [formatNumber(first), formatNumber(second)]
  // Beyond what is written plainly each stands for itself.
  if (!texts.every(text => /^-?[\d,]+(?:\.\d+)?$/.test(text)))
    return {first: texts[0], second: texts[1], difference: signed(first - second)}
  const decimals = Math.max(...texts.map(text => text.split('.')[1]?.length ?? 0))
  const write = (value: number) => value.toLocaleString('en-US', {minimumFractionDigits: decimals, maximumFractionDigits: decimals})
  const difference = write(first - second).replace(/^-(?=[0.]+$)/, '')
  return {
    first: write(first),
    second: write(second),
    difference: /[1-9]/.test(difference) && first > second ? `+${difference}` : difference
  }
}

/** A number with its unit where that is one that is written: `250 ms`. A share stays a share. */
export function quantity(value: number, unit?: string): string {
  return unit === undefined || ['share', 'count', 'number'].includes(unit) ? formatNumber(value) : `${formatNumber(value)} ${unit}`
}

/** `0.7 to 0.78`; an open side reads `at least 0.7` or `at most 0.78`. */
export function range(interval: Pick<Interval, 'low' | 'high'>): string {
  const {low, high} = interval
  if (low !== null && high !== null) return `${formatNumber(low)} to ${formatNumber(high)}`
  if (low !== null) return `at least ${formatNumber(low)}`
  return high === null ? 'unbounded' : `at most ${formatNumber(high)}`
}

/** Heads a column of bounds. */
export const BOUNDS = '95% bounds'
/** Said once where bounds are shown: together the two are a 90% interval. */
export const ONE_SIDED = `${BOUNDS}: each one-sided.`

/** The bounds of a check; against a reference they are those of the difference, against stable of the ratio, and say so. */
export function intervalOf(check: Check): string {
  if (check.interval === undefined) return ''
  if (check.reference === undefined) return range(check.interval)
  return `${isRatio(check) ? 'ratio' : 'difference'} ${range(check.interval)}`
}

/** Whether the bounds are of a ratio: a rollout holds the candidate's rate against that of stable. */
export function isRatio({reference}: Pick<Check, 'reference'>): boolean {
  return reference?.name === 'stable'
}

/** `>= 0.7`, or nothing when the check has no bound. */
export function boundOf(check: Check): string {
  return check.bound === undefined ? '' : `${check.operator ?? ''} ${quantity(check.bound, check.unit)}`.trim()
}

/** `1 check`, `14 checks`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`
}

import {formatNumber} from '#shared/evidence/number'
import {quoted} from './sql.js'

/** Which rows quantiles are taken from: those whose hash over the cells of `keys` is in the lowest `share` of its range. */
export interface Sample {
  readonly share: number
  readonly keys: readonly string[]
}

export const LEVELS = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]

const ROWS = 16_384
const MOST_KEYS = 8
/** a sample of less, out of more rows, or of more than these is taken again */
const [FEWEST, MOST] = [ROWS / 4, ROWS * 4]

/** About 16,384 of the rows, or all of twice as many; the keys are the columns of the most values. */
export function sampleOf(rows: number, distinct: ReadonlyMap<string, number>): Sample {
  const keys = [...distinct].sort((a, b) => b[1] - a[1]).slice(0, MOST_KEYS)
  return {share: rows <= 2 * ROWS ? 1 : ROWS / rows, keys: keys.map(([name]) => name)}
}

/** The sample to take where the one that was taken came out much smaller or larger than it was meant to. */
export function resample({share, keys}: Sample, sampled: number, rows: number): Sample | undefined {
  const enough = sampled >= Math.min(rows, FEWEST)
  return enough && isWhole(sampled) ? undefined : {share: Math.min(1, (share * ROWS) / Math.max(1, sampled)), keys}
}

/** Whether all the cells of a sample were kept: else quantiles were those of some of them by chance. */
export function isWhole(sampled: number): boolean {
  return sampled <= MOST
}

/** SQL that is a cell on the rows of a sample, else NULL. */
export function sampledSql(cell: string, {share, keys}: Sample): string {
  const most = BigInt(Math.floor(share * 2 ** 53)) << 11n
  return share === 1 ? cell : `CASE WHEN hash(${keys.map(quoted).join(', ')}) < ${most}::UBIGINT THEN ${cell} END`
}

/** A reservoir that never overflows: it takes no more memory than the sample, and never much. */
export function quantilesSql(cell: string, sample: Sample): string {
  const finite = `CASE WHEN isfinite(${cell}::DOUBLE) THEN ${cell}::DOUBLE END`
  return `reservoir_quantile(${sampledSql(finite, sample)}, ${JSON.stringify(LEVELS)}, ${MOST})`
}

/** The same from every value with its cells, in rising order. */
export function quantilesOfCounts(counts: readonly (readonly [value: number, n: number])[]): readonly (number | undefined)[] {
  const finite = counts.filter(([value]) => Number.isFinite(value))
  const n = finite.reduce((sum, [, some]) => sum + some, 0)
  return LEVELS.map(level => {
    const place = Math.floor((n - 1) * level)
    let passed = 0
    for (const [value, some] of finite) {
      passed += some
      if (passed > place) return value
    }
    return undefined
  })
}

/** How the quantiles were found, in words. */
export function quantilesMethod({share, keys}: Sample, sampled: number, rows: number): string {
  const what = 'of n cells in rising order the one at level * (n - 1), rounded down and counted from 0'
  if (share === 1) return what
  const whose = `whose hash over ${keys.join(', ')} is in the lowest ${formatNumber(share)} of its range`
  return `${what}, of the ${formatNumber(sampled)} of ${formatNumber(rows)} rows ${whose}; of all rows where a column has few values`
}

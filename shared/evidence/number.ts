/** A number for people: 4 significant digits, thousands separated, no trailing zeros; whole numbers whole. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value > 0 ? 'infinity' : '-infinity'
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en-US')
  const size = Math.abs(value)
  if (size >= 1e15 || size < 1e-4) return String(Number(value.toPrecision(4)))
  return Number(value.toPrecision(4)).toLocaleString('en-US', {maximumFractionDigits: 8})
}

/** A table of `key, label, score, gender`, drawn without chance: of n rows half are positive, and `right` of each half are scored on their side. */
export function predictions(n: number, right: number): string {
  const half = n / 2
  const rows = Array.from({length: n}, (_, row) => {
    const label = row < half ? 1 : 0
    const place = row % half
    const met = place < right
    const score = (label === 1) === met ? 0.6 + 0.3 * (place / half) : 0.1 + 0.3 * (place / half)
    return `${row},${label},${score.toFixed(4)},${row % 2 === 0 ? 'female' : 'male'}`
  })
  return `key,label,score,gender\n${rows.join('\n')}\n`
}

import {UserError} from '#shared/errors'

/**
 * For each row of the exam the row of the other table with the same key. Throws UserError when a key is missing or twice on either side, or
 * when the two sides don't hold the same keys: another exam is no comparison.
 */
export function joinRows(
  exam: readonly string[],
  other: readonly string[],
  names: {readonly exam: string; readonly other: string; readonly key: string}
): Uint32Array {
  const places = indexOf(other, names.other, names.key)
  const own = indexOf(exam, names.exam, names.key)
  const missing = exam.filter(key => !places.has(key))
  const extra = other.filter(key => !own.has(key))
  if (missing.length > 0 || extra.length > 0) {
    const parts = [
      missing.length > 0 && `${missing.length} rows of the exam are missing (${shown(missing)})`,
      extra.length > 0 && `${extra.length} are not in the exam (${shown(extra)})`
    ]
    throw new UserError(`${names.other}: not the same rows as ${names.exam}: ${parts.filter(part => part !== false).join('; ')}`, {
      hint: 'Predict exactly the rows of the exam; results on other rows are not comparable.'
    })
  }
  return Uint32Array.from(exam, key => places.get(key) ?? 0)
}

function indexOf(keys: readonly string[], table: string, column: string): Map<string, number> {
  const places = new Map<string, number>()
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row]
    if (key === '') throw new UserError(`${table}: row ${row + 1} has no key in ${column}`, {hint: 'A key names every row.'})
    const before = places.get(key)
    if (before !== undefined)
      throw new UserError(`${table}: rows ${before + 1} and ${row + 1} have the same key ${column} ${key}`, {hint: 'A key names one row.'})
    places.set(key, row)
  }
  return places
}

function shown(keys: readonly string[]): string {
  return `${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', …' : ''}`
}

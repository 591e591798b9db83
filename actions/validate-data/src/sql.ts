/** A column's name in a query. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text in a query. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A column of numbers, however it is stored; NULL where a text is no number. */
export function numberOf({name, kind}: {readonly name: string; readonly kind: string}): string {
  const cell = quoted(name)
  if (kind === 'number') return cell
  return kind === 'text' ? `CASE WHEN regexp_full_match(${cell}, ${literal(NUMBER)}) THEN TRY_CAST(${cell} AS DOUBLE) END` : 'NULL::DOUBLE'
}

export const NUMBER = '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?'

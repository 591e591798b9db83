/** A name of a column or relation, quoted. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function list(items: readonly string[]): string {
  return `[${items.join(', ')}]`
}

/** Cells are Markdown already; only their pipes are escaped here, so that one in a code span stays in its cell. Columns without content are left out. */
export function table(all: readonly Column[], cells: readonly (readonly string[])[]): string {
  const full = all.map((_, index) => index === 0 || cells.some(row => row[index] !== ''))
  const head = all.filter((_, index) => full[index])
  const line = (row: readonly string[]) => `| ${row.map(cell).join(' | ')} |`
  const rows = cells.map(row => line(row.filter((_, index) => full[index])))
  return [line(head.map(({name}) => name)), `|${head.map(({right}) => (right ? '--:' : '---')).join('|')}|`, ...rows].join('\n')
}

export interface Column {
  readonly name: string
  /** numbers stand to the right */
  readonly right?: boolean
}

function cell(text: string): string {
  return text.replace(/\\(?=\|)/g, '\\\u200d').replace(/\|/g, '\\|')
}

/** A folded section; `summary` is Markdown-free text that is safe as HTML. */
export function folded(summary: string, body: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`
}

export function list(items: readonly string[]): string {
  return items.map(item => `- ${item}`).join('\n')
}

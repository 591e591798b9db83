/** Cells are Markdown already; only their pipes are escaped here, so that one in a code span stays in its cell. */
export function table(head: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [
    line(head.map(column => column.name)),
    `|${head.map(column => (column.right ? '--:' : '---')).join('|')}|`,
    ...rows.map(line)
  ].join('\n')
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

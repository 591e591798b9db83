import {html} from '../inert.js'

export interface Column {
  readonly name: string
  readonly kind?: 'number' | 'interval'
}

/** A table that scrolls in itself, or on a phone, with the look `stack`, is a list of its rows; cells are HTML already, the first of a row is its heading. Columns without content are left out; `caption` is read aloud. */
export function tableOf(caption: string, all: readonly Column[], cells: readonly (readonly string[])[], look = ''): string {
  const full = all.map((_, index) => index === 0 || cells.some(row => row[index] !== ''))
  const columns = all.filter((_, index) => full[index])
  const rows = cells.map(row => row.filter((_, index) => full[index]))
  const head = columns.map(({name, kind}) => `<th scope="col"${kind === 'number' ? ' class="number"' : ''}>${html(name)}</th>`).join('')
  const body = rows.map(row => `<tr>${row.map((cell, index) => cellOf(cell, index, columns[index])).join('')}</tr>`).join('\n')
  const label = html(caption)
  return `<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table${look === '' ? '' : ` class="${look}"`}><caption>${label}</caption><thead><tr>${head}</tr></thead>\n<tbody>${body}</tbody></table></div>`
}

function cellOf(cell: string, index: number, {name, kind}: Column): string {
  if (index === 0) return `<th scope="row">${cell}</th>`
  return `<td data-name="${html(name)}"${kind === undefined ? '' : ` class="${kind}"`}>${cell}</td>`
}

export function codeOf(text: string, limit?: number): string {
  return `<code>${html(text, limit)}</code>`
}

import {visible} from '#shared/report/inert'

const GAP = '  '

/** A table for terminals: columns as wide as their widest cell, the last one free. Text from data can't move the cursor. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const shown = [head, ...rows.map(row => row.map(cell => visible(cell, 1000)))]
  const widths = head.map((_, index) => Math.max(...shown.map(row => [...(row[index] ?? '')].length)))
  return shown.map(row =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : padded(cell, widths[index])))
      .join(GAP)
      .trimEnd()
  )
}

function padded(cell: string, width: number): string {
  return cell + ' '.repeat(width - [...cell].length)
}

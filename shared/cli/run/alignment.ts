interface Item {
  readonly indent: number
  readonly sign: string
}

const MOST_COLUMNS = 3
const NUMBERS = ['no', 'one', 'two', 'three']

/** How an item (`-`) or a key stands beside those above it: undefined when it stands below them, or too far to be a slip. `line` counts from 1. */
export function alignmentOf(lines: readonly string[], line: number): {column: number; what: string; advice: string} | undefined {
  const own = itemsOf(lines[line - 1] ?? '').at(0)
  if (own === undefined) return undefined
  let nearest: number | undefined
  for (let index = line - 2; index >= 0; index--) {
    const text = lines[index]
    if (!/^\s*[^\s#]/.test(text)) continue
    if (text.search(/\S/) < own.indent - MOST_COLUMNS + 1) break
    const peers = itemsOf(text).filter(item => (item.sign === '-') === (own.sign === '-'))
    for (const {indent} of peers) if (nearest === undefined || distance(indent, own) < distance(nearest, own)) nearest = indent
  }
  if (nearest === undefined || nearest === own.indent || distance(nearest, own) > MOST_COLUMNS) return undefined
  const count = distance(nearest, own)
  const where = `${NUMBERS[count]} column${count === 1 ? '' : 's'} ${own.indent < nearest ? 'left' : 'right'}`
  return {
    column: own.indent + 1,
    what: `this \`${own.sign}\` stands ${where} of those above`,
    advice: `put ${nearest} space${nearest === 1 ? '' : 's'} before it`
  }
}

/** What begins in a line: `  - uses: x` is a `-` and the key `uses`. */
function itemsOf(text: string): Item[] {
  const [, indent, dash = '', key] = /^( *)(- +)?(?:([\w-]+):(?:\s|$))?/.exec(text) ?? []
  if (indent === undefined) return []
  return [
    ...(dash === '' ? [] : [{indent: indent.length, sign: '-'}]),
    ...(key === undefined ? [] : [{indent: indent.length + dash.length, sign: key}])
  ]
}

function distance(indent: number, own: Item): number {
  return Math.abs(indent - own.indent)
}

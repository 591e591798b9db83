import {readFileSync, writeFileSync} from 'node:fs'

/** Reads a CSV file without quotes: its column names, and a map from column to text for every row. */
export function readTable(path) {
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/)
  const columns = header.split(',')
  const rows = lines.map((line, index) => {
    const cells = line.split(',')
    if (line.includes('"') || cells.length !== columns.length)
      throw new Error(`${path} line ${index + 2}: expected ${columns.length} plain cells`)
    return Object.fromEntries(columns.map((column, place) => [column, cells[place]]))
  })
  return {columns, rows}
}

export function writeTable(path, {columns, rows}) {
  writeFileSync(path, `${[columns, ...rows.map(row => columns.map(column => row[column]))].map(cells => cells.join(',')).join('\n')}\n`)
}

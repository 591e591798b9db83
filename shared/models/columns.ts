/** Columns of a table as a model reads them. */
export interface Columns {
  /** in the table's order */
  readonly names: readonly string[]
  /** one number a row, NaN where missing; undefined when the column is absent or holds text */
  numeric(name: string): Float64Array | undefined
  /** one text a row, '' where missing */
  text(name: string): readonly string[]
}

/** Columns over arrays at hand: numbers or texts by name. */
export function columnsOf(data: Readonly<Record<string, readonly number[] | Float64Array | readonly string[]>>): Columns {
  const arrays = new Map<string, Float64Array | readonly (number | string)[]>(Object.entries(data))
  return {
    names: [...arrays.keys()],
    numeric: name => {
      const values = arrays.get(name)
      if (values instanceof Float64Array) return values
      return values?.every(value => typeof value === 'number') ? Float64Array.from(values, Number) : undefined
    },
    text: name => Array.from(arrays.get(name) ?? [], textOf)
  }
}

/** The rows `from` (included) to `to` (excluded), without a copy of what is typed. */
export function rowsOf(columns: Columns, from: number, to: number): Columns {
  return {
    names: columns.names,
    numeric: name => columns.numeric(name)?.subarray(from, to),
    text: name => columns.text(name).slice(from, to)
  }
}

/** The same columns, each built once: a table may make its texts anew at every call. */
export function remembered(columns: Columns): Columns {
  const numbers = new Map<string, Float64Array | undefined>()
  const texts = new Map<string, readonly string[]>()
  return {
    names: columns.names,
    numeric: name => {
      if (!numbers.has(name)) numbers.set(name, columns.numeric(name))
      return numbers.get(name)
    },
    text: name => {
      const known = texts.get(name) ?? columns.text(name)
      texts.set(name, known)
      return known
    }
  }
}

function textOf(value: number | string): string {
  return Number.isNaN(value) ? '' : String(value)
}

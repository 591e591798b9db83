import type {Columns} from '#shared/models/columns'
import {type Model, openModel, type Signature} from '#shared/models/model'
import type {Row, Scorer} from './scorer.js'

/** Loads an ONNX model in a thread of its own and warms it up. Throws with the reason when it can't be served. */
export async function loadModel(path: string): Promise<Scorer> {
  const model = await openModel(path, {limits: {runTimeoutMs: 10_000}})
  try {
    await warmUp(model)
  } catch (error) {
    await model.close()
    throw error
  }
  const numbers = numericColumns(model.signature)
  const named = columnNames(model.signature)
  return {
    refusal: rows => refusal(rows, numbers),
    score: async rows => {
      const {values, invalid} = await model.score(columnsOfRows(rows, named ?? Object.keys(rows[0])), rows.length)
      if (invalid.count > 0)
        throw new Error(`rows[${invalid.rows[0] - 1}]: the score ${values[invalid.rows[0] - 1]} is not between 0 and 1`)
      return values
    },
    close: () => model.close()
  }
}

// A made-up text may be one that the graph rightly rejects; made-up numbers are not.
async function warmUp(model: Model): Promise<void> {
  const {inputs} = model.signature
  const names = columnNames(model.signature) ?? Array.from({length: Number(inputs[0].shape?.[1] ?? 1)}, (_, index) => `${index}`)
  const row = Object.fromEntries(names.map(name => [name, 0]))
  const run = model.score(columnsOfRows([row], names), 1)
  await (inputs.some(({type}) => type === 'string') ? run.catch(() => undefined) : run)
}

/** Columns that the model reads; undefined when it takes whatever columns there are by their position. */
function columnNames({inputs, features}: Signature): readonly string[] | undefined {
  if (features !== undefined) return features
  const [first] = inputs
  const byPosition = inputs.length === 1 && (first.shape === undefined || (first.shape.length === 2 && first.shape[1] !== 1))
  return byPosition ? undefined : inputs.map(({name}) => name)
}

function numericColumns(signature: Signature): readonly string[] {
  const {inputs, features} = signature
  if (features !== undefined) return inputs[0].type === 'string' ? [] : features
  return inputs.filter(({type}) => type !== 'string').map(({name}) => name)
}

function refusal(rows: readonly Row[], numbers: readonly string[]): string | undefined {
  for (const name of numbers) {
    const index = rows.findIndex(
      row => Object.hasOwn(row, name) && typeof row[name] === 'string' && Number.isNaN(numberOf(row[name])) && row[name].trim() !== ''
    )
    if (index >= 0) return `rows[${index}].${name}: expected a number, got text`
  }
  return undefined
}

function columnsOfRows(rows: readonly Row[], names: readonly string[]): Columns {
  const cellOf = (row: Row, name: string) => (Object.hasOwn(row, name) ? row[name] : null)
  return {
    names,
    numeric: name => {
      const values = new Float64Array(rows.length)
      for (let index = 0; index < rows.length; index++) {
        const value = cellOf(rows[index], name)
        values[index] = numberOf(value)
        if (typeof value === 'string' && Number.isNaN(values[index]) && value.trim() !== '') return undefined
      }
      return values
    },
    text: name => rows.map(row => String(cellOf(row, name) ?? ''))
  }
}

function numberOf(value: Row[string]): number {
  if (value === null || (typeof value === 'string' && value.trim() === '')) return Number.NaN
  return Number(value)
}

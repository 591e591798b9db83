import {LineCounter, parseDocument} from 'yaml'
import {throwAll, UserError} from '#shared/errors'

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/

/**
 * A JSON object of finite numbers by name, `{"rmse": 1.2}`. Strict: throws one UserError that names every key that is twice, is no name of a
 * metric, or whose value is not a finite number; NaN and Infinity are not JSON. `file` is how messages name it.
 */
export function parseMetrics(text: string, file: string): Readonly<Record<string, number>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw notJson(text, file, error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(
      `${file}: expected an object of numbers, got ${Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`}`,
      {hint: 'Write {"name": number}.'}
    )
  }
  const lines = new LineCounter()
  const document = parseDocument(text, {schema: 'json', uniqueKeys: true, lineCounter: lines})
  const errors = document.errors.map(error => {
    const line = lines.linePos(error.pos[0]).line
    const key = /^\s*("(?:[^"\\]|\\.)*")/.exec(text.slice(error.pos[0]))?.[1] ?? 'a key'
    return new UserError(`${file} line ${line}: ${key} is given twice`, {hint: 'Write each metric once.', at: {file, line}})
  })
  const found = Object.create(null) as Record<string, number>
  for (const [name, number] of Object.entries(value)) {
    const wrong = wrongness(name, number)
    if (wrong === undefined) found[name] = number as number
    else errors.push(new UserError(`${file}: metric ${name} ${wrong}`, {hint: 'Write finite numbers under plain names.'}))
  }
  if (Object.keys(value).length === 0) errors.push(new UserError(`${file}: no metrics`, {hint: 'Write {"name": number}.'}))
  throwAll(errors)
  return found
}

function wrongness(name: string, value: unknown): string | undefined {
  if (!NAME.test(name)) return 'is no name that a gate can hold (letters, digits and _)'
  if (typeof value !== 'number')
    return `is ${value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : JSON.stringify(value)}, not a number`
  return Number.isFinite(value) ? undefined : 'is not finite'
}

const NOT_NUMBERS = /(?<=[:[,\s])-?(?:NaN|Infinity|nan|inf)\b/

function notJson(text: string, file: string, cause: unknown): UserError {
  const outside = text.replace(/"(?:[^"\\\n]|\\.)*"/g, quoted => ' '.repeat(quoted.length))
  const match = NOT_NUMBERS.exec(outside)
  if (match === null)
    return new UserError(`${file}: not JSON (${cause instanceof Error ? cause.message : 'malformed'})`, {
      hint: 'Write {"name": number}.',
      cause
    })
  const line = text.slice(0, match.index).split('\n').length
  const metric = /"((?:[^"\\\n]|\\.)*)"\s*:\s*$/.exec(text.slice(0, match.index))?.[1]
  return new UserError(`${file} line ${line}: ${match[0]} is not JSON${metric === undefined ? '' : `; metric ${metric} is not a number`}`, {
    hint: 'A metric that could not be computed is left out of the file.',
    at: {file, line},
    cause
  })
}

import {parseDocument} from 'yaml'
import {messageOf, UserError} from '#shared/errors'

export interface Parameter {
  /** keys joined by dots */
  readonly name: string
  readonly value: string | number | boolean | null
}

const MOST = 100

/** What a file of parameters (YAML or JSON) sets, one entry a leaf, lists as text; at most 100. Throws UserError when it is neither. A text that is no mapping sets nothing. */
export function parseParameters(text: string, file: string): readonly Parameter[] {
  const document = parseDocument(text, {uniqueKeys: true})
  const [error] = document.errors
  if (error) {
    const line = error.linePos?.[0].line
    throw new UserError(`${file}${line ? ` line ${line}` : ''}: ${error.message.split('\n')[0]}`, {
      hint: 'Write YAML or JSON.',
      at: {file, line}
    })
  }
  try {
    return flatten(document.toJS({maxAliasCount: 100}), '').slice(0, MOST)
  } catch (cause) {
    throw new UserError(`${file}: ${messageOf(cause)}`, {hint: 'Write the values out.', at: {file}, cause})
  }
}

function flatten(value: unknown, name: string): Parameter[] {
  if (Array.isArray(value))
    return [{name, value: value.map(one => (typeof one === 'object' ? JSON.stringify(one) : String(one))).join(', ')}]
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => flatten(inner, name === '' ? key : `${name}.${key}`))
  }
  if (name === '') return []
  if (typeof value === 'number') return [{name, value: Number.isFinite(value) ? value : String(value)}]
  return [{name, value: typeof value === 'string' || typeof value === 'boolean' ? value : null}]
}

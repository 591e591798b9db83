import {UserError} from '#shared/errors'

export type Fields = Readonly<Record<string, unknown>>

/** Readers of one stored JSON document; every throw names the document and the field. */
export interface Reader {
  readonly text: (fields: Fields, key: string) => string
  readonly sha256: (fields: Fields, key: string) => string
  /** a whole number of at least 0 */
  readonly count: (fields: Fields, key: string) => number
  readonly time: (fields: Fields, key: string) => string
  readonly fields: (value: unknown, key: string) => Fields
  readonly list: (fields: Fields, key: string) => readonly Fields[]
  readonly fail: (key: string, expected: string) => never
}

/** The fields of a stored document of this schema. Throws UserError when it is torn, of another kind or of another major version. */
export function parseDocument(where: string, bytes: Uint8Array, schema: string): {fields: Fields; read: Reader} {
  const read = readerOf(where)
  const fields = read.fields(parseJson(where, bytes), 'document')
  if (fields.schema !== schema)
    throw new UserError(`${where}: expected the schema ${schema}, got ${JSON.stringify(fields.schema)}`, {
      hint: 'Another version of Trainyard wrote it: use that one, or a newer one.'
    })
  return {fields, read}
}

/** Any JSON value of a stored document. Throws UserError when it is torn. */
export function parseJson(where: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes))
  } catch (error) {
    throw new UserError(`${where}: not a whole JSON document`, {hint: 'Something other than Trainyard wrote or cut it.', cause: error})
  }
}

/** The bytes under which a document is stored. */
export function renderDocument(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}

function readerOf(where: string): Reader {
  const fail = (key: string, expected: string): never => {
    throw new UserError(`${where}: ${key}: expected ${expected}`, {hint: 'Something other than Trainyard wrote it.'})
  }
  const text = (fields: Fields, key: string): string => {
    const value = fields[key]
    return typeof value === 'string' ? value : fail(key, 'text')
  }
  const fieldsOf = (value: unknown, key: string): Fields =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : fail(key, 'an object')
  return {
    fail,
    text,
    fields: fieldsOf,
    sha256: (fields, key) => (/^[0-9a-f]{64}$/.test(text(fields, key)) ? text(fields, key) : fail(key, '64 lower-case hex digits')),
    time: (fields, key) => (Number.isFinite(Date.parse(text(fields, key))) ? text(fields, key) : fail(key, 'a time')),
    count: (fields, key) => {
      const value = fields[key]
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : fail(key, 'a whole number')
    },
    list: (fields, key) => {
      const value: unknown = fields[key]
      return Array.isArray(value) ? value.map((item, index) => fieldsOf(item, `${key}[${index}]`)) : fail(key, 'a list')
    }
  }
}

import {closeSync, createReadStream, openSync, readSync} from 'node:fs'
import {createInterface} from 'node:readline'
import {UserError} from '#shared/errors'
import {encodingFault} from './csv-fault.js'
import {refuseEncoding} from './csv-head.js'

interface JsonlFile {
  readonly path: string
  readonly name: string
}

const CHUNK_BYTES = 1 << 20
const MAX_DEPTH = 64
const [TAB, LF, CR, BLANK, QUOTE, BACKSLASH] = [9, 10, 13, 32, 34, 92]
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [91, 93, 123, 125]

/**
 * Throws UserError, with the line, where a file is not one JSON object a line, closed on its line and not nested so deep that DuckDB's recursion
 * would end the process. What stands inside the objects is DuckDB's to judge. Memory does not grow with the file.
 */
export function refuseJsonl({path, name}: JsonlFile): void {
  const descriptor = openSync(path, 'r')
  try {
    const walk = walker(name)
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    let first = true
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer)) {
      if (first) refuseStart(buffer.subarray(0, read), name)
      first = false
      walk.take(buffer, read)
    }
    walk.end()
  } finally {
    closeSync(descriptor)
  }
}

/** The first line that is not UTF-8 or no JSON, for an error of DuckDB that names it less well; undefined when there is none. */
export async function jsonlFault(file: JsonlFile): Promise<UserError | undefined> {
  const encoding = encodingFault(file)
  if (encoding) return encoding
  let line = 0
  for await (const text of createInterface({input: createReadStream(file.path), crlfDelay: Number.POSITIVE_INFINITY})) {
    line++
    if (text.trim() !== '' && !isJson(text)) return fault(file.name, line, 'no JSON')
  }
  return undefined
}

// NaN and Infinity are no JSON, and DuckDB reads them all the same.
function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/(?<=[:[,\s])-?(?:NaN|Infinity)\b/g, 'null'))
    return true
  } catch {
    return false
  }
}

function refuseStart(bytes: Buffer, name: string): void {
  refuseEncoding(bytes, name)
  if (bytes.subarray(0, 3).toString('latin1') === '\xef\xbb\xbf')
    throw new UserError(`${name} line 1: begins with a byte order mark`, {
      hint: 'Save it as UTF-8 without the mark.',
      at: {file: name, line: 1}
    })
}

function walker(name: string) {
  const walk = {line: 1, depth: 0, quoted: false, escaped: false, closed: false, objects: 0}
  // What every byte needs stands in local variables, as in scanCsv.
  const take = (buffer: Buffer, length: number): void => {
    let {line, depth, quoted, escaped, closed, objects} = walk
    for (let index = 0; index < length; index++) {
      const byte = buffer[index]
      if (byte === LF) {
        if (depth > 0) throw fault(name, line, 'an object that is not closed on its line')
        line++
        closed = false
      } else if (quoted) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) quoted = false
      } else if (depth === 0) {
        if (byte === BLANK || byte === TAB || byte === CR) continue
        if (closed) throw fault(name, line, 'text after the object')
        if (byte !== BRACE) throw fault(name, line, 'no JSON object')
        depth = 1
        objects++
      } else if (byte === QUOTE) quoted = true
      else if (byte === BRACE || byte === BRACKET) {
        if (++depth > MAX_DEPTH) throw fault(name, line, `nested deeper than ${MAX_DEPTH} levels`)
      } else if (byte === BRACE_END || byte === BRACKET_END) closed = --depth === 0
    }
    Object.assign(walk, {line, depth, quoted, escaped, closed, objects})
  }
  const end = (): void => {
    if (walk.depth > 0) throw fault(name, walk.line, 'an object that is not closed: the file is cut short')
    if (walk.objects === 0) throw new UserError(`${name}: holds no object`, {hint: 'Expected a JSON object a line.', at: {file: name}})
  }
  return {take, end}
}

function fault(name: string, line: number, what: string): UserError {
  return new UserError(`${name} line ${line}: ${what}`, {hint: 'Expected a JSON object a line.', at: {file: name, line}})
}

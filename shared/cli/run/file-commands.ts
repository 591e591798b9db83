import {readFile} from 'node:fs/promises'
import {UserError} from '#shared/errors'

/** Names and values of a file such as GITHUB_OUTPUT: `name=value` lines and `name<<END` … `END` blocks. A later name wins. Throws UserError on anything else. */
export function parseFileCommands(text: string, variable: string): Map<string, string> {
  const values = new Map<string, string>()
  const lines = text.split(/\r?\n/)
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]
    if (line === '') continue
    const equals = line.indexOf('=')
    const block = line.indexOf('<<')
    if (block > 0 && (equals < 0 || block < equals)) {
      const end = lines.indexOf(line.slice(block + 2), at + 1)
      if (end < 0 || line.slice(block + 2) === '')
        throw broken(variable, at, `the block of ${line.slice(0, block)} is not closed by a line ${line.slice(block + 2)}`)
      values.set(line.slice(0, block), lines.slice(at + 1, end).join('\n'))
      at = end
    } else if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1))
    else throw broken(variable, at, `expected name=value or name<<END, got ${JSON.stringify(line.slice(0, 100))}`)
  }
  return values
}

/** The text that a step left in one of its files; nothing when it removed it. */
export async function readStepFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

function broken(variable: string, index: number, what: string): UserError {
  return new UserError(`${variable} line ${index + 1}: ${what}`, {hint: `write echo "name=value" >> "$${variable}"`})
}

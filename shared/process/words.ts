import {UserError} from '#shared/errors'

const SHELL_ONLY = '$;&<>*`|()'

/**
 * The words of a command line, split as a POSIX shell splits quotes and backslashes. Nothing is expanded, so whatever a shell would expand or
 * obey (`$`, backtick, `; & | < > *`, parentheses, a comment, an assignment before the command) is a UserError that says how to ask for a shell.
 */
export function splitCommand(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; ) {
    const char = text[at]
    if (/\s/.test(char)) {
      if (char === '\n' && text.slice(at).trim() !== '' && (words.length > 0 || word !== undefined))
        throw shellNeeded(text, at, 'a second line')
      if (word !== undefined) words.push(word)
      word = undefined
      at++
      continue
    }
    if (char === '#' && word === undefined) throw shellNeeded(text, at, 'a comment')
    const part = readPart(text, at)
    if (part.value !== undefined) word = (word ?? '') + part.value
    at = part.next
  }
  if (word !== undefined) words.push(word)
  if (words.length === 0)
    throw new UserError('command is empty', {kind: 'usage', hint: 'write the program and its arguments: node train.mjs'})
  if (/^[A-Za-z_]\w*=/.test(words[0])) throw shellNeeded(text, text.indexOf(words[0][0]), `the assignment ${words[0].split('=')[0]}=`)
  return words
}

function readPart(text: string, at: number): {value: string | undefined; next: number} {
  const char = text[at]
  if (char === "'") return readSingle(text, at)
  if (char === '"') return readDouble(text, at)
  if (char === '\\') {
    if (at + 1 >= text.length) throw unfinished(text, at, 'a backslash at the end')
    return {value: text[at + 1] === '\n' ? undefined : text[at + 1], next: at + 2}
  }
  if (SHELL_ONLY.includes(char)) throw shellNeeded(text, at, char)
  return {value: char, next: at + 1}
}

function readSingle(text: string, at: number): {value: string; next: number} {
  const end = text.indexOf("'", at + 1)
  if (end < 0) throw unfinished(text, at, "a single quote (') that is not closed")
  return {value: text.slice(at + 1, end), next: end + 1}
}

function readDouble(text: string, start: number): {value: string; next: number} {
  let value = ''
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]
    if (char === '"') return {value, next: at + 1}
    if (char === '$' || char === '`') throw shellNeeded(text, at, `${char} in double quotes`)
    if (char === '\\' && at + 1 < text.length && '$`"\\\n'.includes(text[at + 1])) {
      at++
      if (text[at] !== '\n') value += text[at]
    } else value += char
  }
  throw unfinished(text, start, 'a double quote (") that is not closed')
}

function shellNeeded(text: string, at: number, what: string): UserError {
  return new UserError(`command has ${what} at column ${at + 1}, which only a shell obeys; the words are run as they stand: ${text}`, {
    kind: 'usage',
    hint: `ask for a shell: bash -c '${text.trim().replaceAll("'", `'\\''`)}', or put the character into single quotes to mean it literally`
  })
}

function unfinished(text: string, at: number, what: string): UserError {
  return new UserError(`command has ${what} (column ${at + 1}): ${text}`, {
    kind: 'usage',
    hint: 'close the quote, or escape it with a backslash'
  })
}

import {LineCounter, parseDocument, type YAMLParseError} from 'yaml'
import {UserError} from '#shared/errors'
import {alignmentOf} from './alignment.js'

interface Slip {
  /** from 1 */
  readonly line: number
  readonly column: number
  readonly what: string
  readonly advice?: string
}

/** The first slip of a YAML text, its line quoted, with what to do. Only the first: one tab makes five errors, four of which follow from it. */
export function firstSlip(text: string, file: string): UserError | undefined {
  const lineCounter = new LineCounter()
  const {errors} = parseDocument(text, {prettyErrors: false, uniqueKeys: false, lineCounter})
  const first = errors.find(({code}) => code === 'TAB_AS_INDENT') ?? errors.toSorted((a, b) => a.pos[0] - b.pos[0]).at(0)
  if (first === undefined) return undefined
  const {line, col} = lineCounter.linePos(first.pos[0])
  const lines = text.split(/\r?\n/)
  const slip = judgeSlip(first, lines, line) ?? {line, column: col, what: first.message}
  const place = {file, line: slip.line, column: slip.column}
  return new UserError(`${file} line ${slip.line}: ${slip.what}\n${quote(lines, slip)}`, {kind: 'usage', hint: slip.advice, at: place})
}

/** What a person would call it, where they would look for it; undefined where the parser's own words must do. */
function judgeSlip({code, message}: YAMLParseError, lines: readonly string[], line: number): Slip | undefined {
  const text = lines[line - 1] ?? ''
  if (code === 'TAB_AS_INDENT')
    return {line, column: text.indexOf('\t') + 1, what: 'a tab stands where the line is indented', advice: 'indent with spaces'}
  if (message.startsWith('Flow')) return unclosed(lines, line)
  if (code === 'MISSING_CHAR' && message.startsWith('Missing closing')) return undefined
  const column = text.search(/\S/) + 1
  const at = code === 'BLOCK_AS_IMPLICIT_KEY' ? followerOf(lines, line) : line
  if (at === line && message.startsWith('Nested'))
    return {line, column, what: 'the value holds a colon and a blank', advice: 'put the value in quotes'}
  const aligned = alignmentOf(lines, at)
  if (aligned !== undefined) return {line: at, ...aligned}
  if (code === 'MULTILINE_IMPLICIT_KEY' && !/:(?:\s|$)/.test(text))
    return {line, column, what: `expected name: value, got ${text.trim()}`, advice: 'write a colon and a blank after the name'}
  return undefined
}

/** A value with something deeper below it: that line is the one that is out of place. */
function followerOf(lines: readonly string[], line: number): number {
  const next = lines.findIndex((text, index) => index >= line && /\S/.test(text) && !/^\s*#/.test(text))
  return next > 0 && /\S:\s+\S/.test(lines[line - 1]) && lines[next].search(/\S/) > lines[line - 1].search(/[^\s-]/) ? next + 1 : line
}

function unclosed(lines: readonly string[], line: number): Slip | undefined {
  for (let index = line - 1; index >= 0; index--) {
    for (const [open, close] of ['{}', '[]']) {
      const text = lines[index] ?? ''
      if (text.split(open).length <= text.split(close).length) continue
      return {line: index + 1, column: text.lastIndexOf(open) + 1, what: `the ${open} is not closed`, advice: `close it with ${close}`}
    }
  }
  return undefined
}

function quote(lines: readonly string[], {line, column}: Slip): string {
  const width = String(line).length
  const shown = (number: number) => `    ${String(number).padStart(width)} | ${(lines[number - 1] ?? '').replaceAll('\t', '→')}`
  const caret = `    ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`
  return [...(line > 1 ? [shown(line - 1)] : []), shown(line), caret].join('\n')
}

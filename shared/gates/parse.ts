import {throwAll, UserError} from '#shared/errors'
import type {Operator} from '#shared/evidence/evidence'
import {type Cursor, cursor, GateSyntaxError} from './cursor.js'
import {type Bound, type Condition, conditionText, type Gate, type GateLine, gateText, REFERENCES, type ReferenceName} from './gate.js'

/**
 * Parses gates, one a line; blank lines and comments are left out. Throws one UserError of kind `usage` that names every bad line with
 * file, line, column and a caret, and every gate that is given twice.
 */
export function parseGates(lines: readonly GateLine[]): Gate[] {
  const gates: Gate[] = []
  const errors: UserError[] = []
  for (const line of lines) {
    try {
      const gate = parseGate(line)
      if (gate === undefined) continue
      const twin = gates.find(other => meaningOf(other) === meaningOf(gate))
      if (twin === undefined) gates.push(gate)
      else
        errors.push(
          new UserError(`${place(line, 0)}gate "${gate.id}" is given twice`, {
            kind: 'usage',
            hint: 'Remove one of the two lines.',
            at: line.at
          })
        )
    } catch (error) {
      if (!(error instanceof GateSyntaxError)) throw error
      errors.push(explain(line, error))
    }
  }
  throwAll(errors)
  return gates
}

/** What two gates have in common that ask the same, however the number is written. */
function meaningOf({metric, items, slice, operator, bound: {reference, change, number}}: Gate): string {
  return JSON.stringify([metric, items, slice.map(conditionText), operator, reference, change, number])
}

function parseGate(line: GateLine): Gate | undefined {
  const at = cursor(withoutComment(line.text))
  at.blanks()
  if (at.done()) return undefined
  const warn = at.take(/^warn\s*:/i) !== undefined
  at.blanks()
  const metric = at.expect(/^[A-Za-z][A-Za-z0-9_]*/, 'the name of a metric')
  at.blanks()
  const items = at.take(/^\(/) === undefined ? [] : list(at, ')', parseItem)
  at.blanks()
  const slice = at.take(/^\[/) === undefined ? [] : list(at, ']', parseCondition)
  at.blanks()
  const operator = at.expect(/^(?:>=|<=|==|!=|>|<)(?![=<>])/, 'an operator (>=, <=, >, <, ==, !=)') as Operator
  at.blanks()
  const {bound, boundText} = parseBound(at)
  at.blanks()
  if (at.take(/^,(?=\d)/) !== undefined)
    throw at.error('expected a point before decimals, and nothing between thousands (0.7, 1000), got a comma', 1)
  if (!at.done()) throw at.error(`expected the end of the line: one gate is one comparison (a range is two lines; no and, or, arithmetic)`)
  const gate = {warn, metric, items, slice, operator, bound, boundText, at: line.at}
  return {id: gateText(gate), ...gate}
}

function list<T>(at: Cursor, close: ')' | ']', item: (at: Cursor) => T): T[] {
  const found: T[] = []
  for (;;) {
    at.blanks()
    found.push(item(at))
    at.blanks()
    if (at.take(/^,/) === undefined) break
  }
  at.expect(close === ')' ? /^\)/ : /^\]/, `"," or "${close}"`)
  return found
}

function parseItem(at: Cursor): string {
  return at.quoted() ?? at.expect(/^[^,()[\]"#\n]+/, 'a column, "*" or a duration').trim()
}

function parseCondition(at: Cursor): Condition {
  const column = at.quoted() ?? at.expect(/^[^,()[\]"#\n=!<>]+/, 'a column').trim()
  at.blanks()
  const operator = at.expect(/^(?:!=|>=|<=|=|>|<)(?![=<>])/, 'one of = != >= <= > <') as Condition['operator']
  at.blanks()
  const quoted = at.quoted()
  const value = quoted ?? at.expect(/^[^,()[\]"#\n]+/, 'a value').trim()
  const any = quoted === undefined && value === '*'
  if (any && operator !== '=') throw at.error('"*" stands for each value and goes with "=" only')
  return {column, operator, value, any}
}

const NUMBER = /^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/

function parseBound(at: Cursor): {bound: Bound; boundText: string} {
  const word = at.take(/^[A-Za-z_]\w*/)
  if (word === undefined) {
    const sign = at.take(/^-/) ?? ''
    at.blanks()
    const {text, number, percent} = parseNumber(at)
    return {bound: {change: 'none', number: sign === '' ? number : -number, percent}, boundText: `${sign}${text}`}
  }
  if (!isReference(word)) throw at.error(`expected a number or a reference (${REFERENCES.join(', ')}), got "${word}"`, word.length)
  at.blanks()
  const operator = at.take(/^[+\-*]/)
  if (operator === undefined) return {bound: {reference: word, change: 'none', number: 0, percent: false}, boundText: ''}
  at.blanks()
  const {text, number, percent} = parseNumber(at)
  if (operator === '*' && percent) throw at.error('a factor is a plain number: champion * 1.02', text.length)
  const change = operator === '*' ? 'times' : 'plus'
  return {bound: {reference: word, change, number: operator === '-' ? -number : number, percent}, boundText: `${operator} ${text}`}
}

function parseNumber(at: Cursor): {text: string; number: number; percent: boolean} {
  const digits = at.expect(NUMBER, 'a number')
  const number = Number(digits)
  if (!Number.isFinite(number)) throw at.error(`${digits} is not finite`, digits.length)
  at.blanks()
  const percent = at.take(/^%/) !== undefined
  return {text: `${digits}${percent ? '%' : ''}`, number: percent ? number / 100 : number, percent}
}

function isReference(word: string): word is ReferenceName {
  return (REFERENCES as readonly string[]).includes(word)
}

function withoutComment(text: string): string {
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '"') quoted = !quoted
    else if (text[index] === '#' && !quoted && (index === 0 || /\s/.test(text[index - 1]))) return text.slice(0, index)
  }
  return text
}

function place(line: GateLine, offset: number): string {
  if (line.at === undefined) return ''
  const {file, line: row, column} = line.at
  return `${file}${row === undefined ? '' : `:${row}:${(column ?? 1) + offset}`}: `
}

function explain(line: GateLine, error: GateSyntaxError): UserError {
  const shown = line.text.replace(/\t/g, ' ')
  return new UserError(`${place(line, error.offset)}gate: ${error.message}\n    ${shown}\n    ${' '.repeat(error.offset)}^`, {
    kind: 'usage',
    at: line.at && {...line.at, column: (line.at.column ?? 1) + error.offset},
    hint: 'A gate reads: metric operator bound, for example  roc_auc >= champion - 0.01'
  })
}

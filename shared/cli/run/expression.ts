import {data, Evaluator, Lexer, Parser} from '@actions/expressions'
import {isBasicExpression, isBoolean, isMapping, isNumber, isString} from '@actions/workflow-parser'
import type {TemplateToken} from '@actions/workflow-parser/templates/tokens/template-token'
import {messageOf, UserError} from '#shared/errors'

type Value = data.ExpressionData
type Implementation = {
  readonly name: string
  readonly minArgs: number
  readonly maxArgs: number
  readonly call: (...given: Value[]) => Value
}

/** What an expression may read: contexts as plain JSON, and what the status functions answer. */
export interface Scope {
  readonly contexts: Readonly<Record<string, unknown>>
  readonly status: {readonly success: boolean; readonly failure: boolean; readonly cancelled: boolean}
}

const CONTEXTS = ['github', 'env', 'vars', 'secrets', 'needs', 'steps', 'runner', 'job', 'inputs', 'strategy', 'matrix', 'jobs']

/** The value of an expression (without `${{ }}`), as plain JSON. Throws UserError that quotes the expression. */
export function evaluate(expression: string, scope: Scope): unknown {
  return JSON.parse(JSON.stringify(evaluateData(expression, scope), data.replacer))
}

/** Text of a scalar of the workflow file; numbers and booleans as GitHub writes them, null as nothing. */
export function textOf(token: TemplateToken | undefined, scope: Scope): string {
  if (token === undefined) return ''
  if (isBasicExpression(token)) return at(token, () => evaluateData(token.expression, scope).coerceString())
  if (isString(token) || isNumber(token) || isBoolean(token)) return String(token.value)
  if (token.isLiteral) return ''
  throw misplaced(token, 'expected a text')
}

/** A mapping of the workflow file with its values as texts. */
export function mapOf(token: TemplateToken | undefined, scope: Scope): Record<string, string> {
  if (token === undefined) return {}
  if (!isMapping(token)) throw misplaced(token, 'expected names with values, written out')
  return Object.fromEntries([...token].map(({key, value}) => [textOf(key, scope), textOf(value, scope)]))
}

/** Whether an `if:` holds, by GitHub's rules of truth; an absent one is `success()`. */
export function conditionHolds(condition: TemplateToken | undefined, scope: Scope): boolean {
  if (condition === undefined) return scope.status.success
  if (!isBasicExpression(condition)) return truthy(textOf(condition, scope))
  return at(condition, () => truthy(evaluate(condition.expression, scope)))
}

/** `true` or `false` of a scalar such as `continue-on-error`. */
export function flagOf(token: TemplateToken | undefined, scope: Scope): boolean {
  const text = textOf(token, scope)
  if (text === '' || text === 'false') return false
  if (text === 'true') return true
  throw misplaced(token, `expected true or false, got "${text}"`)
}

/** Milliseconds of a `timeout-minutes`; undefined when it is absent. */
export function minutesOf(token: TemplateToken | undefined, scope: Scope): number | undefined {
  const text = textOf(token, scope)
  if (text === '') return undefined
  const minutes = Number(text)
  if (!(minutes > 0 && minutes <= 100_000)) throw misplaced(token, `timeout-minutes: expected a number above 0, got "${text}"`)
  return minutes * 60_000
}

/** Replaces each `${{ }}` of a text that stands in no workflow file, such as a default of an action. */
export function evaluateText(text: string, scope: Scope): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => evaluateData(expression, scope).coerceString())
}

function evaluateData(expression: string, {contexts, status}: Scope): Value {
  const functions = implementations(status)
  try {
    const tree = new Parser(new Lexer(expression).lex().tokens, CONTEXTS, functions).parse()
    return new Evaluator(tree, dictionaryOf(contexts), new Map(functions.map(one => [one.name.toLowerCase(), one]))).evaluate()
  } catch (error) {
    throw new UserError(`\${{ ${expression.trim()} }}: ${messageOf(error)}`, {kind: 'usage', cause: error})
  }
}

function implementations({success, failure, cancelled}: Scope['status']): Implementation[] {
  const constant = (name: string, value: boolean): Implementation => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value)
  })
  const hashFiles = (): Value => {
    throw new Error('hashFiles() is not available on this machine')
  }
  return [
    constant('success', success),
    constant('failure', failure),
    constant('cancelled', cancelled),
    constant('always', true),
    {name: 'hashFiles', minArgs: 1, maxArgs: 255, call: hashFiles}
  ]
}

function dictionaryOf(contexts: Scope['contexts']): data.Dictionary {
  const every = {...Object.fromEntries(CONTEXTS.map(name => [name, null])), ...contexts}
  return new data.Dictionary(
    ...Object.entries(every).map(([key, value]) => ({key, value: JSON.parse(JSON.stringify(value ?? null), data.reviver) as Value}))
  )
}

function truthy(value: unknown): boolean {
  return !(value === null || value === undefined || value === false || value === '' || value === 0 || Number.isNaN(value))
}

function at<T>(token: TemplateToken, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`line ${token.line}: ${error.message}`, {hint: error.hint, kind: error.kind, cause: error})
  }
}

function misplaced(token: TemplateToken | undefined, text: string): UserError {
  return new UserError(`line ${token?.line}: ${text}`, {kind: 'usage'})
}

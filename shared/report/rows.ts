import type {Check, Evidence, Fact} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {code, prose} from './inert.js'
import {table} from './markdown.js'
import {BOUNDS, boundOf, count, intervalOf, quantity} from './numbers.js'
import {shownId, sign} from './verdicts.js'

/** Every check with its numbers; beyond `most` rows it says how many are left out. */
export function checkTable(checks: readonly Check[], most: number): string {
  const head = [
    {name: 'Check'},
    {name: 'Verdict'},
    {name: 'Measured', right: true},
    {name: 'Bound', right: true},
    {name: BOUNDS},
    {name: 'n', right: true}
  ]
  return withRest(table(head, checks.slice(0, most).map(checkRow)), checks.length - most, 'check')
}

function checkRow(check: Check): readonly string[] {
  return [
    code(shownId(check)),
    sign(check.verdict),
    check.measured === undefined ? '' : prose(quantity(check.measured, check.unit)),
    prose(boundOf(check)),
    prose(intervalOf(check)),
    check.n === undefined ? '' : formatNumber(check.n)
  ]
}

export function factTable(facts: readonly Fact[], most: number): string {
  return withRest(table([{name: 'Fact'}, {name: 'Value', right: true}], facts.slice(0, most).map(factRow)), facts.length - most, 'fact')
}

function factRow(fact: Fact): readonly string[] {
  return [prose(fact.name), typeof fact.value === 'string' ? code(fact.value) : prose(factValue(fact))]
}

export function factValue({value, unit}: Fact): string {
  if (value === null) return 'none'
  return typeof value === 'number' ? quantity(value, unit) : String(value)
}

function withRest(text: string, rest: number, one: string): string {
  return rest > 0 ? `${text}\n\n${count(rest, one)} more in the evidence.` : text
}

/** What the evidence is about, named and by its first 12 digits: ` Model \`model.onnx\` \`a1b2…\`.` */
export function identity({subjects}: Pick<Evidence, 'subjects'>, most = 3): string {
  const named = subjects.slice(0, most).map(({kind, name, digest}) => `${kind} ${code(name)} ${code(digest.sha256.slice(0, 12))}`)
  if (named.length === 0) return ''
  return ` ${[...named, ...(subjects.length > most ? [`${count(subjects.length - most, 'more', 'more')}`] : [])].join(', ')}.`
}

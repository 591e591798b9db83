import {closest, distance} from 'fastest-levenshtein'
import {UserError} from '#shared/errors'
import {CATALOGUE} from './catalogue.js'
import {type Gate, metricText} from './gate.js'
import type {Measured, Metric} from './metric.js'

/** Whether a gate can be asked of what is measured: metric, items, columns, reference and bound. Gives a UserError of kind `usage` or nothing. */
export function invalidity(gate: Gate, {metrics, columns}: Measured, action: string): UserError | undefined {
  const metric = Object.hasOwn(metrics, gate.metric) ? metrics[gate.metric] : undefined
  if (metric === undefined) return wrong(gate, `unknown metric ${gate.metric}`, unknownMetric(gate.metric, Object.keys(metrics), action))
  return (
    itemsError(gate, metric, columns) ??
    sliceError(gate, metric, columns) ??
    referenceError(gate, metric, action) ??
    boundError(gate, metric)
  )
}

function wrong(gate: Gate, message: string, hint: string): UserError {
  const place = gate.at === undefined ? '' : `${gate.at.file}${gate.at.line === undefined ? '' : `:${gate.at.line}`}: `
  return new UserError(`${place}gate "${gate.id}": ${message}`, {kind: 'usage', hint, at: gate.at})
}

function unknownMetric(name: string, known: readonly string[], action: string): string {
  const owner = Object.keys(CATALOGUE).find(other => other !== action && CATALOGUE[other].includes(name))
  if (owner !== undefined) return `${name} belongs to ${owner}: move the gate there.`
  return `Did you mean ${nearest(name, known).join(', ')}? ${action} knows: ${known.join(', ')}.`
}

/** Up to three of the known words, nearest first; those that hold the word whole, such as roc_auc for auc or row_count for rows, before the rest. */
export function nearest(word: string, known: readonly string[]): string[] {
  if (known.length === 0) return []
  const words = word.length > 2 ? [word, word.replace(/s$/, '')] : []
  const whole = known.filter(other => other !== word && other.split(/[_-]/).some(part => words.includes(part)))
  const first = closest(word, [...known])
  const others = known.filter(other => other !== first && distance(word, other) <= Math.max(2, distance(word, first)))
  const near = [first, ...others.sort((a, b) => distance(word, a) - distance(word, b))]
  return [...new Set([...whole, ...near])].slice(0, 3)
}

function itemsError(gate: Gate, metric: Metric, columns: readonly string[]): UserError | undefined {
  const [least, most] = metric.items
  const count = gate.items.length
  if (count < least || count > most) {
    const expected =
      most === 0
        ? 'nothing in parentheses'
        : least === most
          ? `${least} in parentheses`
          : `${least} to ${most === Infinity ? 'any number' : most} in parentheses`
    return wrong(gate, `${gate.metric} takes ${expected}, got ${count}`, exampleOf(gate.metric, metric))
  }
  if (metric.takes === 'duration') {
    const bad = gate.items.find(item => !/^\d+(?:ms|s)$/.test(item))
    return bad === undefined ? undefined : wrong(gate, `"${bad}" is not a duration`, `Write it as ${gate.metric}(250ms).`)
  }
  const known = metric.takes === 'columns' ? [...columns, '*'] : metric.takes === 'nothing' ? [] : metric.takes
  const bad = gate.items.find(item => !known.includes(item))
  if (bad === undefined) return undefined
  return wrong(
    gate,
    metric.takes === 'columns' ? `there is no column "${bad}"` : `${gate.metric} does not know "${bad}"`,
    `There is: ${known.filter(word => word !== '*').join(', ')}.`
  )
}

function exampleOf(name: string, metric: Metric): string {
  if (metric.takes === 'nothing') return `Write it as ${name}.`
  const item = metric.takes === 'columns' ? 'column' : metric.takes === 'duration' ? '250ms' : metric.takes[0]
  return `Write it as ${metricText(name, [item])}.`
}

function sliceError(gate: Gate, metric: Metric, columns: readonly string[]): UserError | undefined {
  if (gate.slice.length > 0 && !metric.slices) return wrong(gate, `${gate.metric} can't be cut to a slice`, 'Remove the brackets.')
  const bad = gate.slice.find(condition => !columns.includes(condition.column))
  return bad && wrong(gate, `there is no column "${bad.column}"`, `There is: ${columns.join(', ')}.`)
}

function referenceError(gate: Gate, metric: Metric, action: string): UserError | undefined {
  const {reference} = gate.bound
  if (reference === undefined || metric.references.includes(reference)) {
    if (reference === 'overall' && gate.slice.length === 0)
      return wrong(gate, 'overall is what a slice is held against', `Name a slice: ${gate.metric}[column=*] ${gate.operator} overall.`)
    return undefined
  }
  const known = metric.references.length === 0 ? 'a number' : `a number, ${metric.references.join(', ')}`
  return wrong(gate, `${gate.metric} can't be held against ${reference} in ${action}`, `Its bound is ${known}.`)
}

function boundError(gate: Gate, {unit}: Metric): UserError | undefined {
  const {reference, change, number, percent} = gate.bound
  const equality = gate.operator === '==' || gate.operator === '!='
  if (equality && unit !== 'count') return wrong(gate, `${gate.operator} goes with counts only`, 'Use >= or <=.')
  if (change === 'times' && number <= 0) return wrong(gate, 'a factor must be above 0', `Write ${reference} * 1.02.`)
  if (percent && unit !== 'share') {
    const factor = 1 + number
    return wrong(
      gate,
      `% is a hundredth and ${gate.metric} is not a share`,
      reference === undefined ? `Write the number itself.` : `Write ${reference} * ${Number(factor.toPrecision(6))}.`
    )
  }
  if (unit === 'share' && change !== 'times') return shareError(gate)
  return undefined
}

/** A share lies between 0 and 1, and so does what is asked of it; a margin of 1 could never be missed. */
function shareError(gate: Gate): UserError | undefined {
  const {reference, change, number} = gate.bound
  const size = Math.abs(number)
  const suggestion = size >= 1 && size <= 100 ? `${size}% or ${size / 100}?` : 'Write a number between 0 and 1.'
  if (change === 'plus' && size >= 1)
    return wrong(gate, `${gate.metric} is a share, so a margin of ${size} could never be missed`, suggestion)
  const vacuous = reference === undefined && ((gate.operator === '<=' && number === 1) || (gate.operator === '>=' && number === 0))
  if (vacuous)
    return wrong(
      gate,
      `every share is at ${number === 1 ? 'most 1' : 'least 0'}, so this could never fail`,
      number === 1 ? '1% or 0.01?' : 'Write what must hold.'
    )
  if (reference !== undefined || (number >= 0 && number <= 1)) return undefined
  return wrong(gate, `${gate.metric} is a share between 0 and 1, the bound is ${gate.boundText}`, suggestion)
}

import {conditionText, type Gate} from './gate.js'

/** What of before asks less now, nothing, or something else. */
export interface Loosening {
  readonly id: string
  readonly message: string
}

const LOOSENED =
  /^(?:gate_loosened|gate_removed|policy_loosened|policy_changed|contract_changed|contract_removed|[a-z-]+_dropped): |^(?:base_not_compared|config_moved)$/

/** Whether a check says that less is asked than before, or that nobody knows. */
export function isLoosening({id, verdict}: {readonly id: string; readonly verdict: string}): boolean {
  return verdict === 'warn' && LOOSENED.test(id)
}

/** Which gates of before are relaxed, only warn, or are gone now; `where` is how people call before, such as `main`. A gate that asks more is none. */
export function loosenedGates(before: readonly Gate[], now: readonly Gate[], where: string): Loosening[] {
  return before.flatMap(gate => {
    const likes = now.filter(other => comparable(gate, other))
    if (likes.some(other => !looser(gate, other) && (gate.warn || !other.warn))) return []
    const [like] = likes.toSorted((a, b) => Number(looser(gate, a)) - Number(looser(gate, b)))
    return [like === undefined ? removed(gate, now, where) : relaxed(gate, like, where)]
  })
}

function relaxed(gate: Gate, like: Gate, where: string): Loosening {
  const bound = looser(gate, like) ? ` is now ${like.id}` : ''
  const warns = like.warn && !gate.warn ? `${bound && ' and'} only warns now` : ''
  return {id: `gate_loosened: ${gate.id}`, message: `${gate.id} of ${where}${bound}${warns}`}
}

function removed(gate: Gate, now: readonly Gate[], where: string): Loosening {
  const instead = now.filter(other => about(other) === about(gate)).map(({id, warn}) => `${warn ? 'warn: ' : ''}${id}`)
  const there = instead.length === 0 ? '' : `; there is now ${instead.join(', ')}`
  return {id: `gate_removed: ${gate.id}`, message: `${gate.warn ? 'warn: ' : ''}${gate.id} of ${where} is gone${there}`}
}

function about({metric, items, slice}: Gate): string {
  return JSON.stringify([metric, items, slice.map(conditionText).toSorted()])
}

function comparable(gate: Gate, other: Gate): boolean {
  if (about(gate) !== about(other) || gate.bound.reference !== other.bound.reference) return false
  if (gate.operator === '==' || gate.operator === '!=') return gate.operator === other.operator && gate.bound.number === other.bound.number
  if (gate.operator[0] !== other.operator[0] || other.operator === '==' || other.operator === '!=') return false
  const changes = [gate.bound.change, other.bound.change]
  return gate.bound.reference === undefined || !(changes.includes('plus') && changes.includes('times'))
}

/** Of two comparable gates: whether the other lets through what this one does not. */
function looser(gate: Gate, other: Gate): boolean {
  const times = gate.bound.change === 'times' || other.bound.change === 'times'
  const [was, is] = [gate, other].map(({bound}) => (times && bound.change === 'none' ? 1 : bound.number))
  if (was === is) return gate.operator.length === 1 && other.operator.length === 2 && other.operator[1] === '='
  return gate.operator[0] === '>' ? is < was : is > was
}

import {UserError} from '#shared/errors'
import type {Condition, Gate} from './gate.js'
import type {Measured} from './metric.js'

/** The most slices that one gate with `*` comes to. */
const MOST_SLICES = 1000

/** One slice of a gate. */
export interface ExpandedSlice {
  readonly slice: readonly Condition[]
  /** from `[column=*]` */
  readonly watched: boolean
  /** a value that was named and is not there, in words */
  readonly missing?: string
}

/** The slices that a gate asks about: itself, or one for each value of a `[column=*]`. Throws UserError when there are more than 1,000. */
export async function expandSlices(gate: Gate, measured: Measured): Promise<readonly ExpandedSlice[]> {
  let slices: ExpandedSlice[] = [{slice: [], watched: false}]
  for (const condition of gate.slice) {
    const named = condition.operator === '=' || condition.operator === '!='
    const known = named ? ((await measured.values?.(condition.column)) ?? []).map(({value}) => value) : []
    const next = condition.any && known.length > 0 ? known.map(value => ({...condition, value, any: false})) : [condition]
    if (slices.length * next.length > MOST_SLICES) throw tooMany(gate, condition, known.length)
    const absent = condition.any ? known.length === 0 : named && !known.includes(condition.value)
    const missing = absent ? `no row has ${condition.column} ${condition.value}; there is: ${listed(known)}` : undefined
    slices = slices.flatMap(({slice, watched, missing: before}) =>
      next.map(one => ({slice: [...slice, one], watched: watched || condition.any, missing: before ?? missing}))
    )
  }
  return slices
}

function tooMany(gate: Gate, {column}: Condition, values: number): UserError {
  return new UserError(
    `gate "${gate.id}": ${column} has ${values.toLocaleString('en-US')} values, and one gate watches at most ${MOST_SLICES.toLocaleString('en-US')} slices`,
    {
      kind: 'usage',
      hint: 'Watch a column of few values, or name the slices that matter.',
      at: gate.at
    }
  )
}

function listed(values: readonly string[]): string {
  return values.length <= 12 ? values.join(', ') || 'nothing' : `${values.slice(0, 12).join(', ')} and ${values.length - 12} more`
}

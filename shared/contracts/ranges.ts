import type {CellType, Contract, Rule} from './rule.js'

/** What a contract says a column's cells may be: the edges of what a model must bear. */
export interface Range {
  readonly column: string
  readonly type?: CellType
  readonly minimum?: number
  readonly maximum?: number
  readonly categories?: readonly string[]
  /** no rule forbids missing cells */
  readonly nullable: boolean
}

/** One range for each column, in the contract's order. Exclusive bounds count as bounds. */
export function ranges(contract: Contract): readonly Range[] {
  return contract.columns.map(({name, type}) => {
    const strict = contract.rules.filter(rule => isNever(rule))
    const validities = strict.flatMap(({measure}) => (measure.kind === 'invalid' && measure.column === name ? [measure.validity] : []))
    const low = validities.flatMap(({minimum, exclusiveMinimum}) => numbers(minimum, exclusiveMinimum))
    const high = validities.flatMap(({maximum, exclusiveMaximum}) => numbers(maximum, exclusiveMaximum))
    const categories = validities.find(validity => validity.values)?.values
    return {
      column: name,
      ...(type && {type}),
      ...(low.length > 0 && {minimum: Math.max(...low)}),
      ...(high.length > 0 && {maximum: Math.min(...high)}),
      ...(categories && {categories}),
      nullable: !strict.some(({measure}) => measure.kind === 'missing' && measure.column === name)
    }
  })
}

/** Whether a rule lets no row break it. */
function isNever({expect}: Rule): boolean {
  return expect.operator === '=='
    ? expect.value === 0
    : (expect.operator === '<' && expect.value <= 1) || (expect.operator === '<=' && expect.value < 1)
}

function numbers(...values: readonly (number | string | undefined)[]): number[] {
  return values.filter(value => typeof value === 'number')
}

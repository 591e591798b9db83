import {type Determinism, measureDeterminism} from './determinism.js'
import {edgeRows, edgesOf, type Range} from './edges.js'
import {flipsOf} from './flips.js'
import {type Direction, measureMonotone} from './monotone.js'
import {PERTURBATIONS} from './perturbations.js'
import {type Answer, isValid, type Rows} from './rows.js'

/** One model with the rows that it is tried on. */
export interface Probe {
  readonly rows: Rows
  readonly answer: Answer
  /** time in the runtime for one row, in milliseconds */
  readonly call: (row: number) => Promise<number>
  /** of the model's files */
  readonly bytes: number
}

export interface Setting {
  readonly threshold: number
  readonly ranges: readonly Range[]
  readonly directions: readonly Direction[]
  /** a stream of its own for each purpose, the same for candidate and champion */
  readonly random: (purpose: string) => () => number
}

export interface Invalid {
  readonly count: number
  /** rows and edge inputs that were tried */
  readonly n: number
  readonly edges: number
  /** the first of them, in words */
  readonly examples: readonly string[]
}

/** What can be measured of one model, each once and only when asked for. */
export interface Measurements {
  determinism(): Promise<Determinism>
  invalid(): Promise<Invalid>
  /** 1 for each row whose prediction changed, 2 where none was valid; undefined when the model reads nothing that would change */
  flips(perturbation: string): Promise<Uint8Array | undefined>
  /** 1 for each row that steps against a direction, of one column or of any */
  violations(column?: string): Promise<Uint8Array | undefined>
}

const EXAMPLES = 5
/** Rows that are tried against a monotone direction, ten times each. */
const MONOTONE_ROWS = 5000

export function measurementsOf({rows, answer}: Probe, {threshold, ranges, directions, random}: Setting): Measurements {
  const base = once(() => answer(rows.columns, rows.n))
  const flips = remember(async word => {
    const changed = PERTURBATIONS[word](rows, random(word))
    return changed && flipsOf((await base()).values, (await answer(changed.columns, changed.n)).values, threshold)
  })
  const violations = remember(async column => {
    const direction = directions.find(one => one.column === column && rows.reads.some(read => read.column === column))
    return direction && measureMonotone({...rows, n: Math.min(rows.n, MONOTONE_ROWS)}, direction, answer)
  })
  return {
    determinism: once(async () => measureDeterminism(rows, (await base()).values, answer, random('order'))),
    invalid: once(async () => measureInvalid(rows, await base(), ranges, answer)),
    flips,
    violations: async column => {
      const each = await Promise.all((column === undefined ? directions.map(one => one.column) : [column]).map(violations))
      return each
        .filter(events => events !== undefined)
        .reduce<Uint8Array | undefined>((all, events) => (all ? either(all, events) : events), undefined)
    }
  }
}

/** A violation of either; not counted where either is not. */
function either(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((event, row) => (event === 2 || b[row] === 2 ? 2 : Math.max(event, b[row])))
}

async function measureInvalid(rows: Rows, base: Awaited<ReturnType<Answer>>, ranges: readonly Range[], answer: Answer): Promise<Invalid> {
  const {edges} = edgesOf(rows, ranges)
  const atEdges = edgeRows(rows, edges)
  const answered = await Promise.all(edges.map((_, at) => answer(oneRow(atEdges, at), 1)))
  const found = [
    ...wrongRows(base).map(({row, text}) => `row ${row + 1}: ${text}`),
    ...answered.flatMap((one, at) => wrongRows(one).map(({text}) => `${edges[at].name}: ${text}`))
  ]
  return {count: found.length, n: rows.n + edges.length, edges: edges.length, examples: found.slice(0, EXAMPLES)}
}

function oneRow({columns}: Rows, at: number): Rows['columns'] {
  return {
    names: columns.names,
    numeric: name => columns.numeric(name)?.subarray(at, at + 1),
    text: name => columns.text(name).slice(at, at + 1)
  }
}

function wrongRows({values, rejected}: Awaited<ReturnType<Answer>>): {row: number; text: string}[] {
  const reasons = new Map(rejected.map(({row, reason}) => [row, reason]))
  return Array.from(values, (value, row) => ({row, text: reasons.has(row) ? `rejected (${reasons.get(row)})` : `score ${value}`})).filter(
    ({row}) => !isValid(values[row])
  )
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined
  return () => {
    done ??= work()
    return done
  }
}

function remember<T>(work: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return key => {
    const found = known.get(key) ?? work(key)
    known.set(key, found)
    return found
  }
}

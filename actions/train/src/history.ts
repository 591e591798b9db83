import {UserError} from '#shared/errors'
import type {Figure, Series} from '#shared/evidence/evidence'

const STEPS = ['step', 'global_step', 'iteration', 'iter', 'epoch']
const MOST_FIGURES = 8
const MOST_POINTS = 500
const PART = /^(?:(train|training)|(val|valid|validation|eval|test|held_out))_(.+)$/

type Row = Readonly<Record<string, number>>

/** The curves of a training history: JSONL, one object a step. Its first key among step, iteration and epoch is x, else the line's number; every other number is a curve, those of one metric (`loss`, `val_loss`) in one figure. Throws UserError with the line. */
export function parseHistory(text: string, file: string): readonly Figure[] {
  const rows = text.split(/\r?\n/).flatMap((line, index) => (line.trim() === '' ? [] : [parseRow(line, `${file} line ${index + 1}`)]))
  if (rows.length === 0) throw new UserError(`${file}: holds no step`, {hint: 'Write one JSON object a line: {"step": 1, "loss": 0.7}.'})
  const xName = STEPS.find(name => rows.every(row => Object.hasOwn(row, name)))
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))].filter(name => !STEPS.includes(name))
  const kept = thinned(rows.map((row, index) => ({row, x: xName === undefined ? index + 1 : row[xName]})))
  const groups = groupsOf(names)
  return [...groups].slice(0, MOST_FIGURES).map(([metric, keys]) => ({
    kind: 'curve',
    id: `history(${metric})`,
    title: `Training history: ${metric.replaceAll('_', ' ')}`,
    xLabel: xName ?? 'line',
    yLabel: metric.replaceAll('_', ' '),
    series: keys.map(key => seriesOf(key, keys.length > 1, kept))
  }))
}

function parseRow(line: string, place: string): Row {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    const wrong = /(?<=[:[,\s])-?(?:NaN|Infinity|nan|inf)\b/.exec(line)
    throw new UserError(
      wrong ? `${place}: ${wrong[0]} is not JSON: the training has diverged, or a metric could not be computed` : `${place}: is not JSON`,
      {
        hint: 'Write one JSON object a line, and leave out what could not be computed.',
        cause: error
      }
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`${place}: expected an object, got ${JSON.stringify(value)?.slice(0, 40)}`, {hint: 'Write one JSON object a line.'})
  const numbers = Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  const infinite = numbers.find(([, number]) => !Number.isFinite(number))
  if (infinite) throw new UserError(`${place}: ${infinite[0]} is not finite`, {hint: 'Leave out what could not be computed.'})
  return Object.assign(Object.create(null), Object.fromEntries(numbers))
}

function metricOf(name: string): string {
  return PART.exec(name)?.[3] ?? name
}

function groupsOf(names: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const name of names) groups.set(metricOf(name), [...(groups.get(metricOf(name)) ?? []), name])
  return groups
}

function seriesOf(key: string, beside: boolean, rows: readonly {row: Row; x: number}[]): Series {
  const [, train, held] = PART.exec(key) ?? []
  const name = train ? 'train' : held ? (held.startsWith('val') ? 'validation' : held.replaceAll('_', ' ')) : beside ? 'train' : key
  const own = rows.filter(({row}) => Object.hasOwn(row, key))
  return {name, x: own.map(({x}) => x), y: own.map(({row}) => row[key])}
}

/** At most 500 points, evenly, the first and the last among them. */
function thinned<T>(all: readonly T[]): readonly T[] {
  if (all.length <= MOST_POINTS) return all
  return Array.from({length: MOST_POINTS}, (_, index) => all[Math.round((index * (all.length - 1)) / (MOST_POINTS - 1))])
}

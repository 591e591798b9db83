import type {Database} from './database.js'
import type {Source} from './source.js'
import {identifier, literal} from './sql.js'

export const NUMBER = 'DOUBLE'

const SAMPLE_CELLS = 500_000
const SAMPLE_ROWS = 20_000
const PATTERN = '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?|[nN][aA][nN]|[+-]?[iI]nf(inity)?'
/** cells that a double would change: `007` is a name, and past 15 digits whole numbers lose their ends */
const NAMES = '[+-]?(0[0-9].*|[0-9]{16,})'
const BATCH = 256

/** The type by which each column of a CSV is read, from its first rows: a number where every cell is one, else text. Later cells may prove it wrong. */
export async function sniffTypes(
  source: Source,
  database: Database,
  kinds: ReadonlyMap<string, 'number' | 'text'>
): Promise<Map<string, string>> {
  const types = new Map<string, string>()
  const rows = Math.max(100, Math.min(SAMPLE_ROWS, Math.floor(SAMPLE_CELLS / source.names.length)))
  const open = source.names.filter(name => !kinds.has(name))
  for (const [name, kind] of kinds) if (source.names.includes(name) && kind === 'number') types.set(name, NUMBER)
  for (let start = 0; start < open.length; start += BATCH) {
    const names = open.slice(start, start + BATCH)
    const counts = names.map((name, index) => {
      const cell = identifier(name)
      const number = `regexp_full_match(${cell}, ${literal(PATTERN)}) AND NOT regexp_full_match(${cell}, ${literal(NAMES)})`
      return `count(${cell}) AS n${index}, count(*) FILTER (${number}) AS m${index}`
    })
    const sample = `(SELECT ${names.map(identifier).join(', ')} FROM ${source.relation(new Map())} LIMIT ${rows})`
    const [found] = await explained(source, () => database.rows(`SELECT ${counts.join(', ')} FROM ${sample}`))
    names.forEach((name, index) => {
      if (Number(found[`n${index}`]) > 0 && found[`n${index}`] === found[`m${index}`]) types.set(name, NUMBER)
    })
  }
  return types
}

async function explained<T>(source: Source, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await source.surveys
    throw source.explain(error) ?? error
  }
}

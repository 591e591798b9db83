import type {Fact} from '#shared/evidence/evidence'
import type {Database} from './database.js'
import {type Chunk, readChunks} from './parquet-chunks.js'
import type {Partial} from './partial.js'
import type {Table} from './table.js'

/** What is here of files that lie elsewhere, by columns of their table. */
export interface Demand {
  has(column: string): boolean
  /** Brings these columns of all files, where they are not here. */
  need(columns: readonly string[]): Promise<void>
}

/** Reads where the columns lie. A file that does not tell plainly is brought whole at once. */
export async function openDemand(
  partials: readonly Partial[],
  names: readonly string[],
  database: Database,
  log: (line: string) => void = () => {}
): Promise<Demand> {
  const chunks = new Map<Partial, readonly Chunk[]>()
  for (const partial of partials) {
    const known = await readChunks(database, partial.path, partial.footerAt).catch(() => undefined)
    if (known === undefined) await partial.bring('all')
    else chunks.set(partial, known)
  }
  const here = new Set<string>()
  const whole = () => partials.every(partial => partial.here() === partial.size)
  return {
    has: column => here.has(column) || whole(),
    need: async columns => {
      const wanted = new Set(columns.filter(column => names.includes(column) && !here.has(column)))
      if (wanted.size === 0 || whole()) return
      const all = names.every(name => here.has(name) || wanted.has(name))
      for (const partial of partials) {
        await partial.bring(all ? 'all' : (chunks.get(partial) ?? []).filter(({column}) => wanted.has(column)))
        log(`${partial.name}: ${megabytes(partial.here())} of ${megabytes(partial.size)} MB brought`)
      }
      for (const column of wanted) here.add(column)
    }
  }
}

/** The table, each of its questions asked when what it needs is here. */
export function onDemand(table: Table, {need}: Demand): Table {
  const {names} = table
  return {
    ...table,
    fetch: async (wanted = names) => {
      await need(wanted)
      return await table.fetch(wanted)
    },
    rowHashes: async wanted => {
      await need(wanted)
      return await table.rowHashes(wanted)
    },
    measure: async build => {
      await need(names)
      return await table.measure(build)
    },
    select: async (build, options) => {
      await need(names)
      return await table.select(build, options)
    },
    writePredictions: async (...request) => {
      await need(names)
      return await table.writePredictions(...request)
    }
  }
}

/** Says of which files the digest is the store's word, not that of bytes that were read. */
export function namedFacts(digests: readonly {readonly name: string; readonly named?: string}[]): Fact[] {
  return digests.flatMap(({name, named}) =>
    named === undefined ? [] : [{name: `digest of ${name}`, value: `as its store names it; ${named} were read`}]
  )
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

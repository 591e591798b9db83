import {messageOf, UserError} from '#shared/errors'
import {type Column, kindOf} from './column.js'
import type {Database, Row} from './database.js'
import type {Source} from './source.js'
import {identifier} from './sql.js'
import {NUMBER} from './types-of-cells.js'

/** A source as it is read: with the kinds of its columns as far as cells have proven them, and with what counts as read. */
export interface Reading {
  columns(): readonly Column[]
  /** columns of numbers whose cells have not all been read as such */
  unchecked(): readonly string[]
  checked(names: readonly string[]): void
  /** all rows; with `numbered` they have a column `#` */
  relation(numbered: boolean): string
  /**
   * Does work that reads the source, again where a cell proves the kind of a column wrong; done only when the source's own walk has ended well.
   * Throws UserError, first of all what that walk found. `early` doesn't wait for its end.
   */
  attempt<T>(work: () => Promise<T>, early?: boolean): Promise<T>
  /** Throws UserError unless as many rows were read as the source's own walk passed. */
  confirmed(count: number): number
  /** rows, where some reading has counted them or the walk does */
  rows(): Promise<number | undefined>
  select(build: (relation: string, columns: readonly Column[]) => string, options?: SelectOptions): Promise<readonly Row[]>
  /** Begins to copy all rows into the database, where whatever is asked from now on reads them; where they don't fit, the files. */
  hold(): void
}

export interface SelectOptions {
  /** with a column `#`, the row's number from 1 */
  readonly numbered?: boolean
  /** for an answer that only decides how to ask on: what the walk over the bytes would refuse, it doesn't wait for */
  readonly early?: boolean
}

/** `types`: DuckDB's type by column; it changes as cells prove it wrong. */
export function openReading(source: Source, database: Database, types: Map<string, string>): Reading {
  const sure = new Set<string>(source.format === 'csv' ? [] : source.names)
  let walked: number | undefined
  let counted: number | undefined
  let holding: Promise<void> | undefined
  let held = false
  const typeOf = (name: string) => types.get(name) ?? 'VARCHAR'
  const columns = () => source.names.map(name => ({name, type: typeOf(name), kind: kindOf(typeOf(name))}))
  const survey = async () => {
    if (source.surveys) walked = (await source.surveys).reduce((sum, {rows}) => sum + rows, 0)
  }
  const tried = async <T>(work: () => Promise<T>, early: boolean): Promise<T> => {
    try {
      const done = await work()
      if (!early) await survey()
      return done
    } catch (error) {
      await survey()
      if (error instanceof UserError) throw error
      if (/^Conversion Error/.test(messageOf(error)) && (await demote(source, database, types))) return work()
      throw source.explain(error) ?? error
    }
  }
  const attempt = async <T>(work: () => Promise<T>, early = false): Promise<T> => {
    await holding
    return tried(work, early)
  }
  // Columns whose cells are not here are not there, so that no hole is ever read as a cell.
  const here = () => columns().filter(({name}) => source.has?.(name) ?? true)
  const cells = () => (here().length > 0 ? here().map(cellOf).join(', ') : 'true')
  const relation = (numbered: boolean) =>
    `(SELECT ${numbered ? NUMBERED : ''}${held ? '*' : cells()} FROM ${held ? HELD : source.relation(types)})`
  const confirmed = (count: number) => {
    if (walked !== undefined && count !== walked) throw unlike(source, walked, count)
    counted = count
    return count
  }
  const hold = async () => {
    try {
      const [{n}] = await tried(async () => {
        await database.rows(`CREATE TABLE ${HELD} AS SELECT * FROM ${relation(false)}`)
        return database.rows(`SELECT count(*) AS n FROM ${HELD}`)
      }, false)
      confirmed(Number(n))
      for (const name of source.names) sure.add(name)
      held = true
    } catch {
      await survey()
      // Too large for memory and disk, or broken: whatever is asked then reads the files, and says what is wrong with them.
    }
  }
  return {
    columns,
    unchecked: () =>
      columns()
        .filter(({name, kind}) => kind === 'number' && !sure.has(name))
        .map(({name}) => name),
    checked: names => {
      for (const name of names) sure.add(name)
    },
    relation,
    attempt,
    confirmed,
    rows: async () => {
      await survey()
      return counted ?? walked
    },
    select: (build, {numbered = false, early} = {}) => attempt(() => database.rows(build(relation(numbered), columns())), early),
    hold: () => {
      holding = hold()
      holding.catch(() => undefined)
    }
  }
}

/** The table of the rows that are held. */
const HELD = 'held'

const NUMBERED = 'row_number() OVER () AS "#", '

function cellOf({name, type}: Column): string {
  return /^(DOUBLE|FLOAT)$/.test(type) ? `nullif(${identifier(name)}, 'NaN'::${type}) AS ${identifier(name)}` : identifier(name)
}

/** Reads as text the columns that hold a cell which is no number; true when there was one. */
async function demote(source: Source, database: Database, types: Map<string, string>): Promise<boolean> {
  const open = source.names.filter(name => types.get(name) === NUMBER)
  if (source.format !== 'csv' || open.length === 0) return false
  const bad = open.map(
    (name, index) => `count(*) FILTER (${identifier(name)} IS NOT NULL AND TRY_CAST(${identifier(name)} AS DOUBLE) IS NULL) AS b${index}`
  )
  const [row] = await database.rows(`SELECT ${bad.join(', ')} FROM ${source.relation(new Map())}`)
  const wrong = open.filter((_, index) => Number(row[`b${index}`]) > 0)
  for (const name of wrong) types.set(name, 'VARCHAR')
  return wrong.length > 0
}

/** DuckDB 1.5 can drop a record that is longer than its buffers without a word: two readings of a file must agree. */
function unlike({files}: Source, walked: number, count: number): UserError {
  return new UserError(`${files.map(file => file.name).join(', ')}: two readings differ, ${walked} rows and ${count}`, {
    hint: 'Write the file as plain CSV: quotes only around whole cells, doubled inside, one kind of line end.',
    at: {file: files[0].name}
  })
}

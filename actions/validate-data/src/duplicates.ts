import type {Table} from '#shared/tables/table'
import {quoted} from './sql.js'

export interface Duplicates {
  /** rows that repeat an earlier one */
  readonly surplus: number
  /** sets of equal rows */
  readonly groups: number
}

/**
 * Rows that repeat an earlier one in `columns`, counted exactly. Hashes first: where no two are equal no two rows are, and that takes little memory.
 * Rows that lack a cell are left out, unless `missing` counts them as equal.
 */
export async function countDuplicates(
  table: Table,
  columns: readonly string[],
  {where = 'true', missing = false} = {}
): Promise<Duplicates> {
  const names = columns.map(quoted)
  const condition = missing ? where : [where, ...names.map(name => `${name} IS NOT NULL`)].join(' AND ')
  const count = async (keys: string) => {
    const [row] = await table.select(
      from =>
        `SELECT coalesce(sum(n - 1), 0)::DOUBLE AS surplus, count(*) AS groups FROM (SELECT count(*) AS n FROM ${from} WHERE ${condition} GROUP BY ${keys} HAVING count(*) > 1)`
    )
    return {surplus: Number(row.surplus), groups: Number(row.groups)}
  }
  const hashed = await count(`hash(${names.join(', ')})`)
  return hashed.groups === 0 ? hashed : count(names.join(', '))
}

/** Numbers of the first rows that repeat an earlier one. */
export async function firstDuplicates(table: Table, columns: readonly string[], most: number): Promise<readonly number[]> {
  const names = columns.map(quoted)
  const there = names.map(name => `${name} IS NOT NULL`).join(' AND ')
  const same = names.map(name => `t.${name} = g.${name}`).join(' AND ')
  const rows = await table.select(
    from =>
      `SELECT t."#" AS row FROM ${from} t JOIN (SELECT ${names.join(', ')}, min("#") AS first FROM ${from} WHERE ${there} GROUP BY ALL HAVING count(*) > 1) g ON ${same} AND t."#" > g.first ORDER BY 1 LIMIT ${most}`,
    {numbered: true}
  )
  return rows.map(row => Number(row.row))
}

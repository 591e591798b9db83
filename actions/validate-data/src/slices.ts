import {UserError} from '#shared/errors'
import {type Condition, conditionText} from '#shared/gates/gate'
import type {Column} from '#shared/tables/column'
import {literal, quoted} from './sql.js'

/** SQL that is true on the rows of a slice; `true` for all rows. A missing cell meets no condition but `!=`. */
export function sliceSql(slice: readonly Condition[], columns: readonly Column[]): string {
  return slice.length === 0 ? 'true' : slice.map(condition => conditionSql(condition, columns)).join(' AND ')
}

function conditionSql(condition: Condition, columns: readonly Column[]): string {
  const {operator, value} = condition
  const column = columns.find(one => one.name === condition.column)
  if (!column) throw unfit(condition, 'there is no such column')
  const cell = quoted(column.name)
  if (column.kind === 'number') {
    const number = value.trim() === '' ? Number.NaN : Number(value)
    if (!Number.isFinite(number)) throw unfit(condition, `"${value}" is no number`)
    return compare(cell, operator, String(number))
  }
  if (operator !== '=' && operator !== '!=' && column.kind !== 'date' && column.kind !== 'timestamp')
    throw unfit(condition, `${column.name} holds text`)
  return compare(`${cell}::VARCHAR`, operator, literal(value))
}

function compare(cell: string, operator: Condition['operator'], value: string): string {
  return operator === '!=' ? `${cell} IS DISTINCT FROM ${value}` : `coalesce(${cell} ${operator} ${value}, false)`
}

function unfit(condition: Condition, reason: string): UserError {
  return new UserError(`slice [${conditionText(condition)}]: ${reason}`, {
    hint: 'Compare numbers with >= <= > <, text with = and !=.',
    kind: 'usage'
  })
}

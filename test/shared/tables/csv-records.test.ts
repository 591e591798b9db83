import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {duckdb} from '#shared/engines'
import {random} from '#shared/stats/random'
import {scanCsv} from '#shared/tables/csv-records'

const path = join(mkdtempSync(join(tmpdir(), 'trainyard-records-')), 'd.csv')

function recordsOf(text: string | Buffer, columns: number) {
  writeFileSync(path, text)
  const records: [number, number, number][] = []
  const fault = scanCsv(path, ',', columns, (row, line, fields) => records.push([row, line, fields]) > 0)
  return {records, fault}
}

describe('scanCsv', () => {
  test('numbers rows and lines, cells of several lines and blank lines included', () => {
    expect(recordsOf('a,b\n1,"x\n""y"""\n\n2,z', 2)).toEqual({
      records: [
        [0, 1, 2],
        [1, 2, 2],
        [2, 5, 2]
      ],
      fault: undefined
    })
  })

  test('a blank line is a row where there is one column', () => {
    expect(recordsOf('a\n1\n\n3\n', 1).records.map(([row]) => row)).toEqual([0, 1, 2, 3])
  })

  test('a CRLF that two chunks share is one line end', () => {
    const first = `a,b\r\n1,${'x'.repeat((1 << 20) - 8)}\r`
    expect(first.length).toBe(1 << 20)
    expect(recordsOf(`${first}\n2,y\r\n`, 2)).toMatchObject({
      records: [
        [0, 1, 2],
        [1, 2, 2],
        [2, 3, 2]
      ],
      fault: undefined
    })
  })

  test.each(Array.from({length: 9}, (_, pad) => pad))('reads the same where four bytes begin %i later', pad => {
    const cell = 'x'.repeat(pad)
    for (const separator of [',', '\t', '|']) {
      const lines = [
        ['a', 'b'],
        [cell, `"y${separator}""\n""z"`],
        ['', ''],
        ['\u00e9 !', ';x'],
        [`"${cell}"`, '""']
      ]
      writeFileSync(path, lines.map(fields => fields.join(separator)).join('\n'))
      const records: [number, number, number][] = []
      const fault = scanCsv(path, separator, 2, (row, line, fields) => records.push([row, line, fields]) > 0)
      expect(records).toEqual([
        [0, 1, 2],
        [1, 2, 2],
        [2, 4, 2],
        [3, 5, 2],
        [4, 6, 2]
      ])
      expect(fault).toBeUndefined()
    }
    expect(recordsOf(`a,b\n${cell},1\n"${cell}"x,1\n`, 2).fault).toEqual({kind: 'text after quote', line: 3})
    expect(recordsOf(`a,b\n${cell},1\n${cell}\0,1\n`, 2).fault).toEqual({kind: 'NUL', line: 3})
    expect(recordsOf(`a,b\n${cell},1\n${cell},"1\n`, 2).fault).toEqual({kind: 'unclosed quote', line: 3})
    expect(recordsOf(`a,b\n${cell},1\n${cell},1\r\n${cell},1\n`, 2).fault).toEqual({kind: 'line ends', line: 3})
  })

  test('never counts other rows than DuckDB where both read a file', async () => {
    const engine = await duckdb()
    const connection = await (await engine.DuckDBInstance.create(':memory:')).connect()
    const next = random(11)
    const pick = <T>(items: readonly T[]) => items[Math.floor(next() * items.length)]
    let agreed = 0
    for (let round = 0; round < 400; round++) {
      const end = pick(['\n', '\n', '\n', '\r\n', '\r'])
      const columns = pick(['a', 'a,b'])
      const body = Array.from({length: Math.floor(next() * 14)}, () => pick(['x', ',', '"', end, '1', ' ', '""', end, '"x"'])).join('')
      const {records, fault} = recordsOf(`${columns}${end}${body}`, columns === 'a' ? 1 : 2)
      const mine = fault || records.some(([, , fields]) => fields !== columns.split(',').length) ? undefined : (records.at(-1)?.[0] ?? 0)
      const types = columns
        .split(',')
        .map(name => `'${name}': 'VARCHAR'`)
        .join(', ')
      const sql = `SELECT count(*)::INTEGER FROM read_csv('${path}', auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', strict_mode = true, columns = {${types}})`
      const theirs = await connection.runAndReadAll(sql).then(
        result => Number(result.getRows()[0][0]),
        () => undefined
      )
      if (mine === undefined || theirs === undefined) continue
      expect([body, mine]).toEqual([body, theirs])
      agreed++
    }
    expect(agreed).toBeGreaterThan(50)
    connection.closeSync()
  })
})

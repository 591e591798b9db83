import {createHash} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {run} from './run.js'

const HEAD = 'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\nschema:\n  - name: t\n    properties:\n'
const contract = (...lines: readonly string[]) => `${HEAD}${lines.map(line => `      - ${line}\n`).join('')}`
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('rules of a contract', () => {
  test('with an id of their own name the column, and say why they are there when they fail', async () => {
    const rule =
      '{id: members, metric: invalidValues, arguments: {validValues: [0]}, mustBeLessOrEqualTo: 40, unit: percent, description: The study counts a third.}'
    const document = contract(`{name: c, quality: [${rule}]}`)
    const broken = await run({'t.csv': 'c\n1\n1\n0\n', 'c.yml': document}, {data: 't.csv', contract: 'c.yml'})
    expect(broken.check('members')?.message).toBe(
      'members: c: 2 of 3 are not 0 (66.67%), expected at most 40%: rows 1 and 2. The study counts a third.'
    )
    const kept = await run({'t.csv': 'c\n1\n0\n0\n', 'c.yml': document}, {data: 't.csv', contract: 'c.yml'})
    expect(kept.check('members')).toMatchObject({verdict: 'pass', message: expect.not.stringContaining('study') as string})
  })

  test.each([
    ['type integer', '{name: c, logicalType: integer}', '1\n2.5\nx\n""', 'c.type', 2, 'c.type: 2 of 4 are not whole numbers: rows 2 and 3'],
    [
      'type number',
      '{name: c, logicalType: number}',
      '1\n1,5\n2'.replace('1,5', '"1,5"'),
      'c.type',
      1,
      'c.type: 1 of 3 is not a number: row 2'
    ],
    ['infinity is no number', '{name: c, logicalType: number}', '1\ninf\n2', 'c.type', 1, 'row 2'],
    ['type boolean', '{name: c, logicalType: boolean}', 'true\nFalse\nyes', 'c.type', 1, 'row 3'],
    [
      'dates',
      '{name: c, logicalType: date}',
      '2026-01-31\n2026-02-30\n10000-01-01\n1700000000\n31.01.2026',
      'c.type',
      4,
      'rows 2, 3, 4 and 5'
    ],
    ['times', '{name: c, logicalType: timestamp}', '2026-01-31T09:00:00Z\n2026-01-31 09:00\n2026-01-31T25:00:00', 'c.type', 1, 'row 3'],
    ['required', '{name: c, required: true}', 'x\n""\ny', 'c.required', 1, 'c.required: 1 of 3 is missing: row 2'],
    [
      'unique, missing cells apart',
      '{name: c, unique: true}',
      'x\n""\n""\ny\nx\nx',
      'c.unique',
      2,
      'c.unique: 2 of 6 rows repeat an earlier one in c: rows 5 and 6'
    ],
    [
      'minimum',
      '{name: c, logicalType: integer, logicalTypeOptions: {minimum: 0}}',
      '0\n-1\n5',
      'c.minimum',
      1,
      'c.minimum: 1 of 3 is not at least 0: row 2'
    ],
    [
      'exclusiveMaximum',
      '{name: c, logicalType: number, logicalTypeOptions: {exclusiveMaximum: 1}}',
      '0.5\n1',
      'c.exclusiveMaximum',
      1,
      'is not below 1: row 2'
    ],
    [
      'a bound over text that is mostly numbers',
      '{name: c, logicalType: number, logicalTypeOptions: {maximum: 10}}',
      '1\n11\nx',
      'c.maximum',
      1,
      'row 2'
    ],
    ['multipleOf', '{name: c, logicalType: number, logicalTypeOptions: {multipleOf: 0.1}}', '0.3\n0.25', 'c.multipleOf', 1, 'row 2'],
    [
      'pattern keeps leading zeros',
      '{name: c, logicalType: string, logicalTypeOptions: {pattern: "^[0-9]{5}$"}}',
      '01234\n1234',
      'c.pattern',
      1,
      'is not like ^[0-9]{5}$: row 2'
    ],
    ['length in characters', '{name: c, logicalType: string, logicalTypeOptions: {maxLength: 2}}', 'äö\nabc', 'c.maxLength', 1, 'row 2'],
    ['email', '{name: c, logicalType: string, logicalTypeOptions: {format: email}}', 'a@b.org\nab.org', 'c.format', 1, 'row 2'],
    [
      'a date before its minimum',
      '{name: c, logicalType: date, logicalTypeOptions: {minimum: "2026-01-01"}}',
      '2026-01-01\n2025-12-31',
      'c.minimum',
      1,
      'row 2'
    ],
    [
      'valid values',
      '{name: c, quality: [{metric: invalidValues, arguments: {validValues: [free, pro]}, mustBe: 0}]}',
      'free\nPro\n""',
      'c.invalidValues',
      1,
      'c.invalidValues: 1 of 3 is not one of free, pro: row 2'
    ],
    [
      'valid values that are numbers',
      '{name: c, quality: [{metric: invalidValues, arguments: {validValues: [0, 1]}, mustBe: 0}]}',
      '0\n1.0\n2',
      'c.invalidValues',
      1,
      'row 3'
    ],
    [
      'missing values',
      '{name: c, quality: [{metric: missingValues, arguments: {missingValues: [N/A]}, mustBe: 0}]}',
      '1\nN/A\n""',
      'c.missingValues',
      2,
      'rows 2 and 3'
    ]
  ])('%s', async (_, property, cells, id, measured, message) => {
    const {check, code} = await run(
      {
        'd.csv': `c,k\n${cells
          .split('\n')
          .map((cell, index) => `${cell},${index}`)
          .join('\n')}\n`,
        'c.yml': contract(property, '{name: k}')
      },
      {data: 'd.csv', contract: 'c.yml'}
    )
    expect(check(id)).toMatchObject({verdict: 'fail', measured})
    expect(check(id)?.message).toContain(message)
    expect(code).toBe(1)
  })

  test('what the contract calls missing is not of a wrong type', async () => {
    const property =
      '{name: c, logicalType: integer, quality: [{metric: missingValues, arguments: {missingValues: [N/A]}, mustBeLessThan: 50, unit: percent}]}'
    const {check} = await run({'d.csv': 'c\n1\nN/A\n3\n', 'c.yml': contract(property)}, {data: 'd.csv', contract: 'c.yml'})
    expect([check('c.type')?.verdict, check('c.missingValues')?.verdict]).toEqual(['pass', 'pass'])
    expect(check('c.missingValues')).toMatchObject({measured: 100 / 3, operator: '<', bound: 50, unit: 'percent', n: 3})
  })

  test('between has both ends, percent is of the rows, a warning does not fail', async () => {
    const property =
      '{name: c, quality: [{id: ends, metric: nullValues, mustBeBetween: [25, 50], unit: percent}, {id: soft, metric: nullValues, mustBe: 0, severity: warning}]}'
    const {check, code} = await run(
      {'d.csv': 'c,k\n,1\nx,2\nx,3\nx,4\n', 'c.yml': contract(property, '{name: k}')},
      {data: 'd.csv', contract: 'c.yml'}
    )
    expect(check('ends')).toMatchObject({verdict: 'pass', measured: 25})
    expect(check('soft')).toMatchObject({verdict: 'warn', measured: 1})
    expect(code).toBe(0)
  })

  test('sets of several columns and the row count', async () => {
    const text = `${contract('{name: a, primaryKey: true}', '{name: b, primaryKey: true}')}    quality:\n      - {metric: rowCount, mustBeGreaterOrEqualTo: 10}\n`
    const {check} = await run({'d.csv': 'a,b\n1,x\n1,y\n1,x\n,x\n,x\n', 'c.yml': text}, {data: 'd.csv', contract: 'c.yml'})
    expect(check('a+b.primaryKey')).toMatchObject({
      verdict: 'fail',
      measured: 1,
      message: 'a+b.primaryKey: 1 of 5 rows repeats an earlier one in a, b: row 3'
    })
    expect(check('rowCount')).toMatchObject({
      verdict: 'fail',
      measured: 5,
      operator: '>=',
      bound: 10,
      message: 'rowCount: 5 rows, expected at least 10'
    })
  })

  test('a dropped, a new and an all-missing column are each reported', async () => {
    const {check} = await run(
      {'d.csv': 'b,new\n,1\n,2\n', 'c.yml': contract('{name: a, required: true}', '{name: b, required: true}')},
      {data: 'd.csv', contract: 'c.yml'}
    )
    expect(check('a.present')).toMatchObject({
      verdict: 'fail',
      message: 'a.present: the data has no column a',
      at: {file: 'c.yml', line: 9}
    })
    expect(check('a.required')).toBeUndefined()
    expect(check('b.required')).toMatchObject({verdict: 'fail', measured: 2})
    expect(check('columns')).toMatchObject({verdict: 'warn', message: 'columns: the contract does not name new'})
  })

  test('what is not understood is an error, and red even when observed', async () => {
    const files = {'d.csv': 'a\n1\n', 'c.yml': contract('{name: a, quality: [{type: sql, query: select 1, mustBe: 0}]}')}
    const {check, evidence, code} = await run(files, {data: 'd.csv', contract: 'c.yml', mode: 'observe'})
    expect(check('a.sql')).toMatchObject({
      verdict: 'error',
      message: expect.stringContaining('a quality rule of type sql is not understood here'),
      at: {file: 'c.yml', line: 9}
    })
    expect([evidence?.verdict, evidence?.outcome, code]).toEqual(['error', 'red', 3])
  })

  test('no rows measure nothing, unless the contract means an empty table, and then with a warning', async () => {
    const none = await run({'d.csv': 'a\n', 'c.yml': contract('{name: a, required: true}')}, {data: 'd.csv', contract: 'c.yml'})
    expect(none.check('a.required')).toMatchObject({verdict: 'error', message: 'a.required: there are no rows, so nothing was measured'})
    const text = `${contract('{name: a, required: true}')}    quality: [{metric: rowCount, mustBeGreaterOrEqualTo: 0}]\n`
    const allowed = await run({'d.csv': 'a\n', 'c.yml': text}, {data: 'd.csv', contract: 'c.yml'})
    expect([allowed.check('a.required')?.verdict, allowed.code]).toEqual(['warn', 0])
    const limited = text.replace('mustBeGreaterOrEqualTo: 0', 'mustBeLessThan: 1000000')
    const upper = await run({'d.csv': 'a\n', 'c.yml': limited}, {data: 'd.csv', contract: 'c.yml'})
    expect([upper.check('a.required')?.verdict, upper.code]).toEqual(['error', 3])
  })
})

describe('offending rows', () => {
  test('the first ten by number, with the line where a quoted cell moved it, annotated on the file', async () => {
    const rows = ['"two\nlines",1', ...Array.from({length: 30}, (_, index) => `x,${index % 2 === 0 ? -1 : 1}`)]
    const {check} = await run(
      {
        'd.csv': `a,b\n${rows.join('\n')}\n`,
        'c.yml': contract('{name: a}', '{name: b, logicalType: integer, logicalTypeOptions: {minimum: 0}}')
      },
      {data: 'd.csv', contract: 'c.yml'}
    )
    expect(check('b.minimum')).toMatchObject({measured: 15, at: {file: 'd.csv', line: 4}})
    expect(check('b.minimum')?.message).toBe(
      'b.minimum: 15 of 31 are not at least 0: rows 2 (line 4), 4 (line 6), 6 (line 8), 8 (line 10), 10 (line 12), 12 (line 14), 14 (line 16), 16 (line 18), 18 (line 20), 20 (line 22) and 5 more'
    )
  })

  test('of several files, by file', async () => {
    const {check} = await run(
      {'1.csv': 'a\n1\n2\n', '2.csv': 'a\n3\n-4\n', 'c.yml': contract('{name: a, logicalType: integer, logicalTypeOptions: {minimum: 0}}')},
      {data: '*.csv', contract: 'c.yml'}
    )
    expect(check('a.minimum')).toMatchObject({message: 'a.minimum: 1 of 4 is not at least 0: 2.csv row 2', at: {file: '2.csv', line: 3}})
  })

  test('of several files, the rows of each together, and how many more', async () => {
    const rows = Array.from({length: 11}, () => '-1')
    const {check} = await run(
      {
        '1.csv': 'a\n-1\n1\n-1\n',
        '2.csv': `a\n${rows.join('\n')}\n`,
        'c.yml': contract('{name: a, logicalType: integer, logicalTypeOptions: {minimum: 0}}')
      },
      {data: '*.csv', contract: 'c.yml'}
    )
    expect(check('a.minimum')?.message).toBe(
      'a.minimum: 13 of 14 are not at least 0: 1.csv rows 1, 3; 2.csv rows 1, 2, 3, 4, 5, 6, 7, 8 and 3 more'
    )
  })

  test('show-rows shows values as inert text', async () => {
    const cells = ['=cmd|calc', '@SUM(A1)', '<img src=x onerror=alert(1)>', '`x`', 'a|b', '"l1\nl2"', 'ok']
    const property = '{name: a, quality: [{metric: invalidValues, arguments: {validValues: [ok]}, mustBe: 0}]}'
    const {check} = await run(
      {'d.csv': `a,b\n${cells.map(cell => `${cell},1`).join('\n')}\n`, 'c.yml': contract(property, '{name: b}')},
      {data: 'd.csv', contract: 'c.yml', 'show-rows': '6'}
    )
    expect(check('a.invalidValues')?.message).toContain(
      'there stands `=cmd|calc`, `@SUM(A1)`, `<img src=x onerror=alert(1)>`, `` `x` ``, `a|b`, `l1 l2`'
    )
  })

  test('show-rows shows numbers as they are written', async () => {
    const files = {'d.csv': 'a\n-1\n-2.5\n3\n', 'c.yml': contract('{name: a, logicalType: number, logicalTypeOptions: {minimum: 0}}')}
    const {check} = await run(files, {data: 'd.csv', contract: 'c.yml', 'show-rows': '2'})
    expect(check('a.minimum')?.message).toBe('a.minimum: 2 of 3 are not at least 0: rows 1 and 2; there stands `-1`, `-2.5`')
  })

  test('values stay out of sight unless asked for', async () => {
    const {lines} = await run(
      {'d.csv': 'a\nsecret-person\n', 'c.yml': contract('{name: a, logicalType: integer}')},
      {data: 'd.csv', contract: 'c.yml'}
    )
    expect(lines.join('\n')).toContain('a.type: 1 of 1 is not a whole number: row 1')
    expect(lines.filter(line => line.includes('a.type')).join('\n')).not.toContain('secret-person')
  })
})

describe('gates', () => {
  const data = 'id,age,plan\n1,20,a\n2,,a\n3,40,b\n3,40,b\n'
  test.each([
    ['row_count >= 4', 'pass', 4],
    ['row_count[plan=a] == 2', 'pass', 2],
    ['row_count[age>=30] == 2', 'pass', 2],
    ['duplicate_rows == 0', 'fail', 1],
    ['duplicate_rows[plan=a] == 0', 'pass', 0],
    ['null_count(age) <= 1', 'pass', 1],
    ['null_share(age) <= 20%', 'fail', 0.25],
    ['null_share(age)[plan=b] == 0', 'pass', 0],
    ['distinct_count(plan) == 2', 'pass', 2],
    ['duplicate_count(id) == 0', 'fail', 1],
    ['duplicate_count(id, plan) == 1', 'pass', 1],
    ['mean(age) >= 33.3', 'pass', 100 / 3],
    ['min(age) >= 18', 'pass', 20],
    ['max(age) < 40', 'fail', 40]
  ])('%s', async (gate, verdict, measured) => {
    const share = gate.includes('== 0') && gate.startsWith('null_share') ? gate.replace('==', '<=') : gate
    const {evidence} = await run({'d.csv': data}, {data: 'd.csv', gates: [share]})
    expect(evidence?.checks).toHaveLength(1)
    expect(evidence?.checks[0]).toMatchObject({verdict, measured})
    expect(evidence?.checks[0].interval).toBeUndefined()
  })

  test('each value of a column is a check', async () => {
    const {evidence} = await run({'d.csv': data}, {data: 'd.csv', gates: ['row_count[plan=*] >= 2']})
    expect(evidence?.checks.map(({slice, verdict, measured}) => [slice, verdict, measured])).toEqual([
      ['plan=a', 'pass', 2],
      ['plan=b', 'pass', 2]
    ])
  })

  test('no rows is an error', async () => {
    const {code, evidence} = await run({'d.csv': 'a\n'}, {data: 'd.csv', gates: ['row_count >= 0', 'null_share(a) <= 0.5']})
    expect([code, evidence?.outcome, evidence?.checks.map(({verdict, message}) => [verdict, message])]).toEqual([
      3,
      'red',
      [
        ['error', 'row_count >= 0: no rows, so nothing was measured'],
        ['error', 'null_share(a) <= 0.5: no rows, so nothing was measured']
      ]
    ])
  })

  test.each([
    ['mean(plan) >= 1', 'mean(plan): the column holds text, not only numbers'],
    ['null_count(nope) == 0', 'there is no column "nope"'],
    ['roc_auc >= 0.7', 'unknown metric roc_auc']
  ])('%s is refused', async (gate, message) => {
    const {code, lines} = await run({'d.csv': data}, {data: 'd.csv', gates: [gate]})
    expect(lines.join('\n')).toContain(message)
    expect(code).toBe(2)
  })

  test('neither contract nor gates would judge nothing', async () => {
    const {code, lines} = await run({'d.csv': data}, {data: 'd.csv'})
    expect(lines.join('\n')).toContain('neither contract nor gates are given')
    expect(code).toBe(2)
  })
})

describe('reference', () => {
  const files = {'old.csv': 'a,b\n1,x\n2,y\n3,z\n4,w\n', 'new.csv': 'b,a\nx,1\nq,9\n,5\n'}
  const gates = [
    'row_count >= reference * 0.5',
    'mean(a) <= reference + 3',
    'null_share(b) <= reference',
    'distinct_count(b) >= reference * 0.5'
  ]

  test('a table', async () => {
    const {evidence, check} = await run(files, {data: 'new.csv', reference: 'old.csv', gates: [...gates, 'overlap_rows == 0']})
    expect(evidence?.checks.map(({id, verdict, reference}) => [id, verdict, reference?.value])).toEqual([
      ['row_count >= reference * 0.5', 'pass', 4],
      ['mean(a) <= reference + 3', 'pass', 2.5],
      ['null_share(b) <= reference', 'fail', 0],
      ['distinct_count(b) >= reference * 0.5', 'pass', 4],
      ['overlap_rows == 0', 'fail', undefined]
    ])
    expect(check('overlap_rows == 0')?.measured).toBe(1)
    expect(evidence?.materials.find(({kind}) => kind === 'data')).toMatchObject({
      name: 'old.csv',
      digest: {sha256: sha256(files['old.csv'])}
    })
  })

  test('the stored profile of one gives the same', async () => {
    const first = await run({'old.csv': files['old.csv']}, {data: 'old.csv', gates: ['row_count >= 1']})
    const profile = readFileSync(join(first.cwd, 'trainyard-out', first.evidence?.files.profile ?? ''), 'utf8')
    const {evidence} = await run({...files, 'old.json': profile}, {data: 'new.csv', reference: 'old.json', gates})
    expect(evidence?.checks.map(({verdict, reference}) => [verdict, reference?.value])).toEqual([
      ['pass', 4],
      ['pass', 2.5],
      ['fail', 0],
      ['pass', 4]
    ])
  })

  test('tells new categories from known ones, of a table and of a profile, and shows none of them', async () => {
    const was = {'was.csv': 'plan,n\nbasic,1\nplus,2\n', 'now.csv': 'plan,n\nbasic,1\ngold,2\ngold,3\n'}
    const {evidence: old} = await run(was, {data: 'was.csv', gates: 'row_count >= 1'})
    const {cwd} = await run(was, {data: 'was.csv', gates: 'row_count >= 1'})
    const profile = readFileSync(join(cwd, 'trainyard-out', old?.files.profile ?? ''))
    for (const [name, bytes] of [
      ['was.csv', was['was.csv']],
      ['was.json', profile]
    ]) {
      const found = await run(
        {...was, [String(name)]: bytes},
        {data: 'now.csv', reference: String(name), gates: 'new_categories(plan) == 0'}
      )
      expect(found.check('new_categories(plan) == 0')).toMatchObject({
        verdict: 'fail',
        measured: 1,
        message: expect.not.stringContaining('gold')
      })
    }
    const unknown = await run({...was, 'was.json': profile}, {data: 'now.csv', reference: 'was.json', gates: 'new_categories(n) == 0'})
    expect(unknown.check('new_categories(n) == 0')).toMatchObject({
      verdict: 'inconclusive',
      message: expect.stringContaining('the reference profile lists no values of n')
    })
  })

  test.each(['overlap_rows == 0', 'new_categories(a) == 0'])('%s without one is an error', async gate => {
    const {check} = await run(files, {data: 'new.csv', gates: gate})
    expect(check(gate)).toMatchObject({verdict: 'error', message: expect.stringContaining('no reference was given')})
  })

  test('of overlapping rows must be a table', async () => {
    const {code, lines} = await run(
      {...files, 'p.json': '{"schema": "urn:trainyard:profile:v1", "rows": 0, "columns": []}'},
      {data: 'new.csv', reference: 'p.json', gates: 'overlap_rows == 0'}
    )
    expect([code, lines.join('\n')]).toEqual([2, expect.stringContaining('overlap_rows: needs a reference that is a table')])
  })

  test('none given is an error, and a file that is no profile is refused', async () => {
    const none = await run(files, {data: 'new.csv', gates: gates.slice(0, 1)})
    expect(none.check(gates[0])).toMatchObject({verdict: 'error', message: expect.stringContaining('no reference was given')})
    const strange = {name: 'a', missing: 0, values: {x: 1}}
    const odd = JSON.stringify({schema: 'urn:trainyard:profile:v1', rows: 3, columns: [strange]})
    expect((await run({...files, 'p.json': odd}, {data: 'new.csv', reference: 'p.json', gates})).lines.join()).toContain(
      'p.json: is no profile'
    )
    const other = await run({...files, 'p.json': '{"rows": 3}'}, {data: 'new.csv', reference: 'p.json', gates})
    expect(other.lines.join('\n')).toContain('p.json: is no profile')
  })
})

describe('evidence', () => {
  test('each file is a subject, contract and gates are materials, the profile lies beside', async () => {
    const files = {'1.csv': 'a,b\n1,x\n2,\n', '2.csv': 'a,b\n3,y\n', 'c.yml': contract('{name: a, logicalType: integer}', '{name: b}')}
    const {evidence, lines, cwd} = await run(files, {data: '*.csv', contract: 'c.yml', gates: ['row_count >= 1']})
    expect(evidence?.subjects).toEqual(
      ['1.csv', '2.csv'].map(name => ({
        kind: 'data',
        name,
        digest: {sha256: sha256(files[name as '1.csv'])},
        size: files[name as '1.csv'].length
      }))
    )
    expect(evidence?.materials).toEqual([
      {kind: 'contract', name: 'c.yml', digest: {sha256: sha256(files['c.yml'])}, size: files['c.yml'].length},
      {kind: 'gates', name: 'gates', digest: {sha256: sha256('row_count >= 1\n')}, size: 15}
    ])
    const digest = sha256(`trainyard-data/v1\n1.csv\0${sha256(files['1.csv'])}\n2.csv\0${sha256(files['2.csv'])}\n`)
    expect(lines).toEqual(expect.arrayContaining(['rows: 3', `digest: ${digest}`]))
    const profile: unknown = JSON.parse(readFileSync(join(cwd, 'trainyard-out', evidence?.files.profile ?? ''), 'utf8'))
    expect(profile).toMatchObject({
      schema: 'urn:trainyard:profile:v1',
      rows: 3,
      columns: [
        {name: 'a', kind: 'number', missing: 0, distinct: 3, min: 1, max: 3, mean: 2, sd: 1, quantiles: {'0.01': 1, '0.5': 2, '0.99': 2}},
        {
          name: 'b',
          kind: 'text',
          missing: 1,
          distinct: 2,
          values: [
            {value: 'x', n: 1},
            {value: 'y', n: 1}
          ]
        }
      ]
    })
    expect(evidence?.facts.map(({name, value}) => [name, value])).toContainEqual(['a', 'number, 1 to 3, mean 2, 3 distinct, none missing'])
    expect(evidence?.figures[0]).toMatchObject({id: 'missing', series: [{x: ['b'], y: [1 / 3]}]})
  })
})

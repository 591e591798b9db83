import {describe, expect, test} from 'vitest'
import {parseContract} from '#shared/contracts/contract'
import {ranges} from '#shared/contracts/ranges'

const HEAD = 'apiVersion: v3.1.0\nkind: DataContract\nid: churn\nversion: 1.0.0\nstatus: active\n'

function properties(...lines: readonly string[]): string {
  return `${HEAD}schema:\n  - name: train\n    properties:\n${lines.map(line => `      - ${line}\n`).join('')}`
}

const parse = (text: string) => parseContract(text, 'data/contract.yml')
const rulesOf = (text: string) => parse(text).rules.filter(rule => rule.measure.kind !== 'present')

describe('an ODCS document becomes rules', () => {
  test('types, required, unique and options, each with its line', () => {
    const text = properties(
      '{name: id, logicalType: string, required: true, unique: true, logicalTypeOptions: {pattern: "^C[0-9]+$", minLength: 2}}',
      '{name: age, logicalType: integer, logicalTypeOptions: {minimum: 0, exclusiveMaximum: 120, multipleOf: 1}}'
    )
    expect(parse(text).rules.map(({id, at}) => [id, at.line])).toEqual([
      ['id.present', 9],
      ['id.type', 9],
      ['id.required', 9],
      ['id.unique', 9],
      ['id.pattern', 9],
      ['id.minLength', 9],
      ['age.present', 10],
      ['age.type', 10],
      ['age.minimum', 10],
      ['age.exclusiveMaximum', 10],
      ['age.multipleOf', 10]
    ])
    const [, , , unique, pattern] = parse(text).rules
    expect(unique).toMatchObject({measure: {kind: 'duplicates', columns: ['id']}, expect: {operator: '==', value: 0}, severity: 'error'})
    expect(pattern.measure).toEqual({kind: 'invalid', column: 'id', validity: {pattern: '^C[0-9]+$'}})
  })

  test.each([
    ['mustBe: 0', {operator: '==', value: 0}],
    ['mustNotBe: 3', {operator: '!=', value: 3}],
    ['mustBeGreaterThan: 1', {operator: '>', value: 1}],
    ['mustBeGreaterOrEqualTo: 1', {operator: '>=', value: 1}],
    ['mustBeLessThan: 1.5', {operator: '<', value: 1.5}],
    ['mustBeLessOrEqualTo: 1', {operator: '<=', value: 1}],
    ['mustBeBetween: [1, 3]', {operator: 'between', low: 1, high: 3}],
    ['mustNotBeBetween: [1, 3]', {operator: 'not between', low: 1, high: 3}]
  ])('reads the operator %s', (operator, expectation) => {
    const [rule] = rulesOf(properties(`{name: a, quality: [{metric: nullValues, ${operator}, unit: percent, severity: warning}]}`))
    expect(rule).toMatchObject({id: 'a.nullValues', expect: expectation, unit: 'percent', severity: 'warning'})
  })

  test('quality metrics, the old name of metric, ids given and ids that stand twice', () => {
    const text = `${properties(
      '{name: a, quality: [{rule: nullValues, mustBe: 0}, {metric: nullValues, mustBe: 1}, {id: domain, metric: invalidValues, arguments: {validValues: [1, x, true]}, mustBe: 0}, {metric: missingValues, arguments: {missingValues: [null, "", N/A]}, mustBe: 0}, {metric: duplicateValues, mustBe: 0}]}',
      '{name: b}'
    )}    quality:
      - {metric: rowCount, mustBeGreaterOrEqualTo: 10}
      - {metric: duplicateValues, arguments: {properties: [a, b]}, mustBe: 0}
`
    expect(rulesOf(text).map(({id, measure}) => [id, measure])).toEqual([
      ['a.nullValues', {kind: 'missing', column: 'a', tokens: []}],
      ['a.nullValues#2', {kind: 'missing', column: 'a', tokens: []}],
      ['domain', {kind: 'invalid', column: 'a', validity: {values: ['1', 'x', 'true']}}],
      ['a.missingValues', {kind: 'missing', column: 'a', tokens: ['', 'N/A']}],
      ['a.duplicateValues', {kind: 'duplicates', columns: ['a']}],
      ['rowCount', {kind: 'rows'}],
      ['duplicateValues', {kind: 'duplicates', columns: ['a', 'b']}]
    ])
  })

  test('a primary key in its positions, whose columns are required', () => {
    const text = properties(
      '{name: a, primaryKey: true, primaryKeyPosition: 2, required: true}',
      '{name: b, primaryKey: true, primaryKeyPosition: 1}'
    )
    expect(rulesOf(text).map(({id, measure}) => [id, measure])).toEqual([
      ['a.required', {kind: 'missing', column: 'a', tokens: []}],
      ['b+a.primaryKey', {kind: 'duplicates', columns: ['b', 'a']}],
      ['b.required', {kind: 'missing', column: 'b', tokens: []}]
    ])
  })

  test('the physical name is the column', () => {
    expect(parse(properties('{name: Age in years, physicalName: age, required: true}')).rules.map(rule => rule.id)).toEqual([
      'age.present',
      'age.required'
    ])
  })

  test('formats of texts, integers and dates', () => {
    const text = properties(
      '{name: mail, logicalType: string, logicalTypeOptions: {format: email}}',
      '{name: n, logicalType: integer, logicalTypeOptions: {format: u8}}',
      "{name: d, logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd, minimum: '2020-01-01'}}"
    )
    const measured = Object.fromEntries(rulesOf(text).map(rule => [rule.id, rule.measure]))
    expect(measured['n.format']).toEqual({kind: 'invalid', column: 'n', validity: {type: 'integer', minimum: 0, exclusiveMaximum: 256}})
    expect(measured['d.minimum']).toEqual({kind: 'invalid', column: 'd', validity: {type: 'date', minimum: '2020-01-01'}})
    expect(measured['mail.format']).toMatchObject({validity: {pattern: expect.stringContaining('@')}})
  })
})

describe('what nobody here understands is listed', () => {
  test.each([
    ['{name: a, quality: [{type: sql, query: select 1, mustBe: 0}]}', 'a.sql', 'a quality rule of type sql'],
    ['{name: a, quality: [{id: mine, type: custom, engine: soda, implementation: x}]}', 'mine', 'a quality rule of type custom'],
    ['{name: a, quality: [{metric: median, mustBe: 0}]}', 'a.median', 'the metric median'],
    ['{name: a, logicalType: object}', 'a.logicalType', 'the logical type object'],
    ['{name: a, logicalType: string, logicalTypeOptions: {format: password}}', 'a.format', 'the format password'],
    ['{name: a, logicalType: string, logicalTypeOptions: {pattern: "(?=x)y"}}', 'a.pattern', 'the pattern (?=x)y: look-around'],
    ['{name: a, logicalType: string, logicalTypeOptions: {pattern: "(a)\\\\1"}}', 'a.pattern', 'the pattern (a)\\1: back-references'],
    ['{name: a, logicalType: timestamp, logicalTypeOptions: {timezone: true}}', 'a.timezone', 'the option timezone'],
    ['{name: a, relationships: [{to: b.c}]}', 'a.relationships', 'relationships'],
    ['{name: a, logicalTypeOptions: {minimum: 1}}', 'a.logicalTypeOptions', 'options without a logical type']
  ])('%s', (property, id, what) => {
    expect(parse(properties(property)).unsupported).toMatchObject([{id, what, at: {file: 'data/contract.yml', line: 9}}])
  })

  test('service levels about time, but not those about the service', () => {
    const text = `${properties('{name: a}')}slaProperties: [{property: latency, value: 2, unit: d}, {property: retention, value: 1, unit: y}]\n`
    expect(parse(text).unsupported.map(item => item.id)).toEqual(['sla.latency'])
  })

  test('a text rule is prose and asks nothing', () => {
    const contract = parse(properties('{name: a, quality: [{type: text, description: looks fine}]}'))
    expect([contract.unsupported, contract.rules.map(rule => rule.id)]).toEqual([[], ['a.present']])
  })
})

describe('a document that is wrong', () => {
  test.each([
    ['a missing key', HEAD.replace('status: active\n', ''), 'data/contract.yml line 1: status is missing'],
    ['another kind', HEAD.replace('DataContract', 'Data'), 'data/contract.yml line 2: kind: expected DataContract, got Data'],
    ['an older version', HEAD.replace('v3.1.0', 'v2.2.0'), 'line 1: apiVersion: version v2.2.0 is not read here'],
    ['no table', HEAD, 'schema has no table'],
    ['two tables', `${HEAD}schema: [{name: a}, {name: b}]\n`, 'schema[1]: 2 tables, but the data is one'],
    ['an unknown key', properties('{name: a, requird: true}'), 'line 9: schema[0].properties[0]: unknown key requird'],
    [
      'a pattern beside its arguments',
      properties('{name: a, quality: [{metric: invalidValues, pattern: x, mustBe: 0}]}'),
      'unknown key pattern'
    ],
    ['an unknown type', properties('{name: a, logicalType: text}'), 'unknown logical type text'],
    [
      'a text for a number',
      properties('{name: a, logicalType: integer, logicalTypeOptions: {minimum: "1"}}'),
      'minimum: expected a number, got "1"'
    ],
    ['no operator', properties('{name: a, quality: [{metric: nullValues}]}'), 'no operator says what is expected'],
    [
      'two operators',
      properties('{name: a, quality: [{metric: nullValues, mustBe: 1, mustNotBe: 2}]}'),
      'two operators, mustBe and mustNotBe'
    ],
    ['ends the wrong way round', properties('{name: a, quality: [{metric: nullValues, mustBeBetween: [3, 1]}]}'), 'the lower first'],
    ['a required that is a word', properties('{name: a, required: yes}'), 'required: expected true or false, got a text'],
    ['a column twice', properties('{name: a}', '{name: a}'), 'line 10: the column a stands twice'],
    ['a key twice', `${HEAD}id: other\n`, 'line 6: Map keys must be unique'],
    [
      'a duplicate of an unknown column',
      `${properties('{name: a}')}    quality: [{metric: duplicateValues, arguments: {properties: [b]}, mustBe: 0}]\n`,
      'the column b is not among the properties'
    ],
    ['no YAML', 'a: [1', 'data/contract.yml line 1'],
    ['something else', 'models: []\n', 'data/contract.yml: not a contract that can be read']
  ])('%s is refused with its line', (_, text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  test('an unknown key is asked back', () => {
    expect(() => parse(properties('{name: a, requird: true}'))).toThrow(
      expect.objectContaining({hint: 'Did you mean required?', at: {file: 'data/contract.yml', line: 9, column: 19}})
    )
  })

  test('aliases that multiply are stopped', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
      .split('')
      .map((letter, index) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`)
      .join('\n')}\n`
    const start = performance.now()
    expect(() => parse(bomb)).toThrow(/more than 100 aliases/)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

describe('ranges', () => {
  test('gives edges, categories and whether a cell may be missing', () => {
    const text = properties(
      '{name: age, logicalType: integer, required: true, logicalTypeOptions: {minimum: 0, exclusiveMaximum: 120}}',
      '{name: plan, logicalType: string, quality: [{metric: invalidValues, arguments: {validValues: [free, pro]}, mustBe: 0}, {metric: nullValues, mustBeLessThan: 5, unit: percent}]}'
    )
    expect(ranges(parse(text))).toEqual([
      {column: 'age', type: 'integer', minimum: 0, maximum: 120, nullable: false},
      {column: 'plan', type: 'string', categories: ['free', 'pro'], nullable: true}
    ])
  })
})

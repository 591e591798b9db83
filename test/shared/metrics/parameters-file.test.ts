import {expect, test} from 'vitest'
import {parseParameters} from '#shared/metrics/parameters-file'

test.each<[string, [string, unknown][]]>([
  [
    'lr: 0.1\nname: small\nfast: true\nseed: null',
    [
      ['lr', 0.1],
      ['name', 'small'],
      ['fast', true],
      ['seed', null]
    ]
  ],
  [
    '{"model": {"depth": 3, "layers": [64, 32]}}',
    [
      ['model.depth', 3],
      ['model.layers', '64, 32']
    ]
  ],
  ['steps: [{at: 1}, {at: 2}]', [['steps', '{"at":1}, {"at":2}']]],
  ['limit: .inf', [['limit', 'Infinity']]],
  ['just a text', []],
  ['', []]
])('%j', (text, parameters) => {
  expect(parseParameters(text, 'p.yml').map(({name, value}) => [name, value])).toEqual(parameters)
})

test.each([
  ['a: 1\na: 2', 'p.yml line 2: Map keys must be unique'],
  ['a: [1', 'p.yml line 1: ']
])('%j is an error with its line', (text, message) => {
  expect(() => parseParameters(text, 'p.yml')).toThrow(message)
})

test('a bomb of aliases is refused', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...[...'bcdefghi'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`)}]`)
  ].join('\n')
  expect(() => parseParameters(bomb, 'p.yml')).toThrow(
    expect.objectContaining({name: 'UserError', message: expect.stringMatching(/^p\.yml: .*alias/i)})
  )
})

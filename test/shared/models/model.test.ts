import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Columns, columnsOf} from '#shared/models/columns'
import {type Model, type ModelOptions, openModel} from '#shared/models/model'
import {byCategory, endless, floats, logistic, logisticByColumn, message, model, node, rejecting, slot, tensor} from '../../support/onnx.js'

let dir: string
const open: Model[] = []
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'models-'))
})
afterAll(async () => {
  await Promise.all(open.map(each => each.close()))
  await rm(dir, {recursive: true, force: true})
})

let count = 0
async function load(bytes: Buffer, options?: ModelOptions): Promise<Model> {
  count += 1
  const path = join(dir, `${count}.onnx`)
  await writeFile(path, bytes)
  const loaded = await openModel(path, options)
  open.push(loaded)
  return loaded
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))
const people = columnsOf({age: [30, 40, 50], label: [0, 1, 1], education: [8, 12, 16]})

async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    thrown => thrown
  )
  return error instanceof Error ? error.message.replaceAll(`${dir}/`, '') : 'nothing was thrown'
}

describe('columns to inputs', () => {
  test('a wide input takes the columns that features lists, in its order', async () => {
    const {score, signature} = await load(logistic([0.5, -0.1], 0.2, ['education', 'age']))
    const {values, invalid} = await score(people, 3)
    expect(signature.features).toEqual(['education', 'age'])
    for (const [row, education, age] of [
      [0, 8, 30],
      [1, 12, 40],
      [2, 16, 50]
    ])
      expect(values[row]).toBeCloseTo(sigmoid(0.5 * education - 0.1 * age + 0.2), 6)
    expect(invalid).toEqual({count: 0, rows: []})
  })

  test('without features it takes all columns but label, key and sensitive, in order', async () => {
    const {score, columnsOf: reads} = await load(logistic([-0.1, 0.5], 0))
    expect(reads(people, ['label'])).toEqual(['age', 'education'])
    expect((await score(people, 3, ['label'])).values[1]).toBeCloseTo(sigmoid(2), 6)
  })

  test('another number of columns is an error that lists both sides', async () => {
    const {score} = await load(logistic([1, 1, 1, 1], 0))
    expect(await failure(score(people, 3, ['label']))).toMatch(/X: float32 \[N, 4\] takes 4 columns, and the table has 2: age, education$/)
  })

  test('features of another length than the input is an error', async () => {
    const {score} = await load(logistic([1, 1, 1], 0, ['age', 'education']))
    expect(await failure(score(people, 3))).toMatch(/features lists 2 columns \(age, education\), and X: float32 \[N, 3\] takes 3$/)
  })

  test('inputs [N, 1] take the columns of their names', async () => {
    const {score} = await load(logisticByColumn({education: 0.5, age: -0.1}, 0.2))
    expect((await score(people, 3)).values[2]).toBeCloseTo(sigmoid(3.2), 6)
  })

  test('a column that the table lacks is named', async () => {
    const {score} = await load(logisticByColumn({education: 0.5, income: 1}, 0))
    const error = await score(people, 3).catch(thrown => thrown)
    expect(error.message).toMatch(/the table lacks the column income that the model takes$/)
    expect(error.hint).toBe('The model takes education, income; the table has age, label, education.')
  })

  test('texts go to a text input', async () => {
    const {score} = await load(byCategory({gold: 0.9, silver: 0.4}, 0.1))
    const {values} = await score(columnsOf({plan: ['silver', 'gold', '', 'tin']}), 4)
    expect([...values].map(value => Math.round(value * 1e6) / 1e6)).toEqual([0.4, 0.9, 0.1, 0.1])
  })

  test('text in a column of numbers is an error with column and row; digits and nothing are read', async () => {
    const {score} = await load(logistic([1], 0, ['age']))
    expect(await failure(score(columnsOf({age: ['3', 'x']}), 2))).toBe(
      'column age, row 2: "x" is not a number, and the model takes numbers there'
    )
    const {values, invalid} = await score(columnsOf({age: ['0', '', '1e999']}), 3)
    expect(values[0]).toBe(0.5)
    expect(invalid).toEqual({count: 1, rows: [2]})
  })

  test('integers, of one dimension and of two', async () => {
    const bytes = model({
      inputs: [slot('a', 'int64', ['N']), slot('b', 'int32', ['N']), slot('c', 'float64', ['N'])],
      nodes: [
        node('Cast', ['a'], ['af'], {to: 1}),
        node('Cast', ['b'], ['bf'], {to: 1}),
        node('Cast', ['c'], ['cf'], {to: 1}),
        node('Sum', ['af', 'bf', 'cf'], ['total'])
      ],
      outputs: [slot('total', 'float32', ['N'])]
    })
    const {score} = await load(bytes)
    expect([...(await score(columnsOf({a: [1, 2], b: [10, 20], c: [0.5, 0.25]}), 2)).values]).toEqual([11.5, 22.25])
    expect(await failure(score(columnsOf({a: [1, Number.NaN], b: [1, 2], c: [0, 0]}), 2))).toMatch(
      /^column a, row 2: is missing, and the model takes int64/
    )
    expect(await failure(score(columnsOf({a: [1, 2], b: [1, 2 ** 31], c: [0, 0]}), 2))).toMatch(
      /^column b, row 2: 2147483648 does not fit, and the model takes int32/
    )
  })

  test('a fixed batch of one is scored row by row, another is refused', async () => {
    const fixed = (rows: number) =>
      model({
        inputs: [slot('age', 'float32', [rows, 1])],
        nodes: [node('Sigmoid', ['age'], ['score'])],
        outputs: [slot('score', 'float32', [rows, 1])]
      })
    const {score} = await load(fixed(1))
    expect([...(await score(columnsOf({age: [0, 0, 0]}), 3)).values]).toEqual([0.5, 0.5, 0.5])
    const eight = await load(fixed(8))
    expect(await failure(eight.score(columnsOf({age: [0]}), 1))).toMatch(/the input age: float32 \[8, 1\] fixes the number of rows$/)
  })
})

describe('the score', () => {
  const two = (type: 'float32' | 'int64', name: string, width: number) =>
    model({
      inputs: [slot('x', 'float32', ['N', 1])],
      tensors: [
        floats(
          'W',
          [1, width],
          Array.from({length: width}, (_, index) => index + 1)
        )
      ],
      nodes: [node('MatMul', ['x', 'W'], ['y']), node('Cast', ['y'], [name], {to: type === 'int64' ? 7 : 1})],
      outputs: [slot('label', 'int64', ['N']), slot(name, type, ['N', width])].slice(name === 'only' ? 0 : 1)
    })

  test('of two columns the second is the positive class', async () => {
    const {score, output} = await load(two('float32', 'probabilities', 2))
    expect(output).toBe('probabilities')
    expect([...(await score(columnsOf({x: [0.25, 0.5]}), 2)).values]).toEqual([0.5, 1])
  })

  test('integers are read as numbers', async () => {
    const {score} = await load(two('int64', 'score', 1))
    expect([...(await score(columnsOf({x: [0, 1]}), 2)).values]).toEqual([0, 1])
  })

  test('three columns are refused with their shape', async () => {
    const {score} = await load(two('float32', 'probabilities', 3))
    expect(await failure(score(columnsOf({x: [0, 1]}), 2))).toMatch(/the score has the shape \[2, 3\] for 2 rows; expected/)
  })

  test('a score that is not one a row is refused', async () => {
    const bytes = model({
      inputs: [slot('x', 'float32', ['N', 1])],
      nodes: [node('ReduceMean', ['x'], ['score'], {keepdims: 1})],
      outputs: [slot('score', 'float32', [1, 1])]
    })
    expect(await failure((await load(bytes)).score(columnsOf({x: [0, 1]}), 2))).toMatch(/has the shape \[1, 1\] for 2 rows/)
  })

  test('two float outputs of other names are refused and listed', async () => {
    const bytes = model({
      inputs: [slot('x', 'float32', ['N', 1])],
      nodes: [node('Sigmoid', ['x'], ['a']), node('Tanh', ['x'], ['b'])],
      outputs: [slot('a', 'float32', ['N', 1]), slot('b', 'float32', ['N', 1])]
    })
    expect(await failure(load(bytes))).toMatch(/no output is the score; there is a: float32 \[N, 1\]; b: float32 \[N, 1\]$/)
  })

  test('a ZipMap is refused with the option that leaves it out', async () => {
    const zipped = message(
      [1, 'probabilities'],
      [
        2,
        [
          [
            4,
            [
              [
                1,
                [
                  [
                    5,
                    [
                      [1, 7],
                      [2, [[1, [[1, 1]]]]]
                    ]
                  ]
                ]
              ]
            ]
          ]
        ]
      ]
    )
    const bytes = model({inputs: [slot('x', 'float32', ['N', 1])], nodes: [node('Identity', ['x'], ['probabilities'])], outputs: [zipped]})
    const error = await load(bytes).catch(thrown => thrown)
    expect(error.message).toMatch(/the output probabilities: sequence is no tensor \(ZipMap\)/)
    expect(error.hint).toContain('zipmap=False')
  })

  test('not finite and outside [0, 1] are counted with their rows', async () => {
    const bytes = model({
      inputs: [slot('x', 'float32', ['N', 1])],
      nodes: [node('Log', ['x'], ['score'])],
      outputs: [slot('score', 'float32', ['N', 1])]
    })
    const {invalid, values} = await (await load(bytes)).score(columnsOf({x: [1, -1, 0, 100, Math.E]}), 5)
    expect(invalid).toEqual({count: 3, rows: [2, 3, 4]})
    expect(values[1]).toBeNaN()
    expect(values[2]).toBe(Number.NEGATIVE_INFINITY)
  })
})

describe('limits', () => {
  test('a graph that rejects a category names the row and gives the reason', async () => {
    const {score} = await load(rejecting({gold: 0.9, silver: 0.4}))
    const plan = [...Array.from({length: 1000}, () => 'gold'), 'tin', 'silver']
    expect(await failure(score(columnsOf({plan}), plan.length))).toMatch(/the model rejects row 1001: .*indices element out of data bounds/)
    expect((await score(columnsOf({plan: ['gold']}), 1)).values[0]).toBeCloseTo(0.9, 6)
  })

  test('a loop without end is stopped, and so is every later call', async () => {
    const {score} = await load(endless(), {limits: {runTimeoutMs: 300}})
    expect(await failure(score(columnsOf({x: [0]}), 1))).toMatch(/no answer within 0\.3 s$/)
    expect(await failure(score(columnsOf({x: [0]}), 1))).toMatch(/no answer within 0\.3 s$/)
  })

  test('a graph that asks for more memory than the limit fails, and the process lives', async () => {
    const bytes = model({
      inputs: [slot('x', 'float32', ['N', 1])],
      tensors: [tensor('dims', [1], [400_000_000], 'int64')],
      nodes: [
        node('ConstantOfShape', ['dims'], ['large']),
        node('ReduceSum', ['large'], ['sum'], {keepdims: 0}),
        node('Add', ['x', 'sum'], ['score'])
      ],
      outputs: [slot('score', 'float32', ['N', 1])]
    })
    const options = {limits: {memoryBytes: 256 * 2 ** 20}}
    const outcome = await failure(load(bytes, options).then(({score}) => score(columnsOf({x: [0]}), 1)))
    expect(outcome).toMatch(/onnx: the model (rejects row 1|does not load): /)
  })

  test('what the runtime refuses is said in its words', async () => {
    const bytes = model({
      inputs: [slot('x', 'float32', ['N', 1])],
      nodes: [node('NoSuchOperator', ['x'], ['score'])],
      outputs: [slot('score', 'float32', ['N', 1])]
    })
    expect(await failure(load(bytes))).toMatch(/the model does not load: .*NoSuchOperator/)
  })

  test('names from the model stay within one line of the log', async () => {
    const name = 'x\n::error::forged\u2028'
    const bytes = model({
      inputs: [slot('x', 'float32', ['N', 1])],
      nodes: [node(name, ['x'], [name])],
      outputs: [slot(name, 'int64', ['N', 1])]
    })
    expect(await failure(load(bytes))).toMatch(/there is x\?::error::forged\?: int64 \[N, 1\]$/)
    const other = model({inputs: [], nodes: [node(name, ['x'], ['score'])], outputs: [slot('score', 'float32', ['N', 1])]})
    expect(await failure(load(other))).not.toMatch(/[\n\u2028]/)
  })

  test('an opset of the future is refused by number', async () => {
    const bytes = model(
      {inputs: [slot('x', 'float32', ['N', 1])], nodes: [node('Sigmoid', ['x'], ['score'])], outputs: [slot('score', 'float32', ['N', 1])]},
      {opsets: {'': 9999}}
    )
    expect(await failure(load(bytes))).toMatch(/the model does not load: .*9999/)
  })
})

describe('engines', () => {
  test('WASM and native agree within 1e-6, over chunks', async () => {
    const n = 2500
    const ages = Float64Array.from({length: n}, (_, row) => (row * 7919) % 90)
    const columns: Columns = columnsOf({age: ages, education: Float64Array.from(ages, age => age / 5)})
    const bytes = logistic([0.03, -0.2], 0.1, ['age', 'education'])
    const wasm = await (await load(bytes, {chunkRows: 700})).score(columns, n)
    const native = await (await load(bytes, {engine: 'native'})).score(columns, n)
    const largest = wasm.values.reduce((most, value, row) => Math.max(most, Math.abs(value - native.values[row])), 0)
    expect(largest).toBeLessThan(1e-6)
    expect(native.values[17]).toBeCloseTo(sigmoid(0.03 * ages[17] - 0.2 * (ages[17] / 5) + 0.1), 6)
  })
})

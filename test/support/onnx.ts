import Pbf from 'pbf'

/** A field of a protobuf message: varint, 32-bit float, text, bytes or a message. */
export type Field = readonly [tag: number, value: number | {readonly float: number} | string | Uint8Array | readonly Field[]]

export function message(...fields: readonly Field[]): Uint8Array {
  const pbf = new Pbf()
  for (const [tag, value] of fields) {
    if (typeof value === 'number') pbf.writeVarintField(tag, value)
    else if (typeof value === 'string') pbf.writeStringField(tag, value)
    else if (value instanceof Uint8Array) pbf.writeBytesField(tag, value)
    else if ('float' in value) pbf.writeFloatField(tag, value.float)
    else pbf.writeBytesField(tag, message(...value))
  }
  return pbf.finish()
}

const TYPES = {float32: 1, int32: 6, int64: 7, string: 8, bool: 9, float16: 10, float64: 11} as const
export type ElementType = keyof typeof TYPES

/** A ValueInfoProto: `slot('age', 'float32', ['N', 1])`. */
export function slot(name: string, type: ElementType, shape: readonly (number | string)[]): Uint8Array {
  const dimensions = shape.map((dimension): Field => [1, [typeof dimension === 'number' ? [1, dimension] : [2, dimension]]])
  return message(
    [1, name],
    [
      2,
      [
        [
          1,
          [
            [1, TYPES[type]],
            [2, dimensions]
          ]
        ]
      ]
    ]
  )
}

/** A TensorProto of floats, 64-bit integers or texts. */
export function tensor(
  name: string,
  dims: readonly number[],
  values: readonly number[] | readonly string[],
  type: ElementType
): Uint8Array {
  const head: Field[] = [...dims.map((dim): Field => [1, dim]), [2, TYPES[type]], [8, name]]
  if (type === 'string') return message(...head, ...values.map((value): Field => [6, new TextEncoder().encode(String(value))]))
  const array = type === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values, Number)
  return message(...head, [9, new Uint8Array(array.buffer)])
}

export const floats = (name: string, dims: readonly number[], values: readonly number[]) => tensor(name, dims, values, 'float32')

type Attribute =
  | readonly number[]
  | number
  | {readonly float: number}
  | string
  | readonly string[]
  | readonly {readonly float: number}[]
  | {readonly tensor: Uint8Array}
  | {readonly graph: Uint8Array}

/** A NodeProto; integers, floats, texts, lists, tensors and graphs as attributes. */
export function node(
  operator: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, Attribute> = {},
  domain = ''
): Uint8Array {
  return message(
    ...inputs.map((name): Field => [1, name]),
    ...outputs.map((name): Field => [2, name]),
    [4, operator],
    ...Object.entries(attributes).map(([name, value]): Field => [5, [[1, name], ...attribute(value)]]),
    [7, domain]
  )
}

function attribute(value: Attribute): Field[] {
  if (typeof value === 'number')
    return [
      [3, value],
      [20, 2]
    ]
  if (typeof value === 'string')
    return [
      [4, value],
      [20, 3]
    ]
  if (Array.isArray(value)) return listAttribute(value)
  if ('tensor' in value)
    return [
      [5, value.tensor],
      [20, 4]
    ]
  if ('graph' in value)
    return [
      [6, value.graph],
      [20, 5]
    ]
  return 'float' in value
    ? [
        [2, value],
        [20, 1]
      ]
    : []
}

function listAttribute(values: readonly (number | string | {readonly float: number})[]): Field[] {
  const [tag, type] = typeof values[0] === 'string' ? [9, 8] : typeof values[0] === 'number' ? [8, 7] : [7, 6]
  return [...values.map((value): Field => [tag, value]), [20, type]]
}

export interface Graph {
  readonly nodes?: readonly Uint8Array[]
  readonly inputs?: readonly Uint8Array[]
  readonly outputs?: readonly Uint8Array[]
  readonly tensors?: readonly Uint8Array[]
}

export function graph({nodes = [], inputs = [], outputs = [], tensors = []}: Graph): Uint8Array {
  return message(
    ...nodes.map((bytes): Field => [1, bytes]),
    [2, 'g'],
    ...tensors.map((bytes): Field => [5, bytes]),
    ...inputs.map((bytes): Field => [11, bytes]),
    ...outputs.map((bytes): Field => [12, bytes])
  )
}

/** A ModelProto of one graph. */
export function model(
  content: Graph,
  {metadata = {}, opsets = {'': 17, 'ai.onnx.ml': 3}}: {metadata?: Record<string, string>; opsets?: Record<string, number>} = {}
): Buffer {
  const fields: Field[] = [
    [1, 8],
    ...Object.entries(opsets).map(
      ([domain, version]): Field => [
        8,
        [
          [1, domain],
          [2, version]
        ]
      ]
    ),
    [7, graph(content)],
    ...Object.entries(metadata).map(
      ([key, value]): Field => [
        14,
        [
          [1, key],
          [2, value]
        ]
      ]
    )
  ]
  return Buffer.from(message(...fields))
}

/** Logistic regression with one input `X` of shape [N, F]. */
export function logistic(weights: readonly number[], bias: number, features?: readonly string[]): Buffer {
  return model(
    {
      inputs: [slot('X', 'float32', ['N', weights.length])],
      tensors: [floats('W', [weights.length, 1], weights), floats('b', [1], [bias])],
      nodes: [node('MatMul', ['X', 'W'], ['xw']), node('Add', ['xw', 'b'], ['z']), node('Sigmoid', ['z'], ['score'])],
      outputs: [slot('score', 'float32', ['N', 1])]
    },
    {metadata: features === undefined ? {} : {features: JSON.stringify(features)}}
  )
}

/** Logistic regression with an input [N, 1] for each column, by its name. */
export function logisticByColumn(weights: Readonly<Record<string, number>>, bias: number): Buffer {
  const names = Object.keys(weights)
  return model({
    inputs: names.map(name => slot(name, 'float32', ['N', 1])),
    tensors: [floats('W', [names.length, 1], Object.values(weights)), floats('b', [1], [bias])],
    nodes: [
      node('Concat', names, ['X'], {axis: 1}),
      node('MatMul', ['X', 'W'], ['xw']),
      node('Add', ['xw', 'b'], ['z']),
      node('Sigmoid', ['z'], ['score'])
    ],
    outputs: [slot('score', 'float32', ['N', 1])]
  })
}

/** One text input `plan` [N, 1]: each known category has its score; an unknown one scores `unseen`, which may be NaN. */
export function byCategory(scores: Readonly<Record<string, number>>, unseen: number): Buffer {
  return model({
    inputs: [slot('plan', 'string', ['N', 1])],
    nodes: [
      node(
        'LabelEncoder',
        ['plan'],
        ['score'],
        {keys_strings: Object.keys(scores), values_floats: Object.values(scores).map(float => ({float})), default_float: {float: unseen}},
        'ai.onnx.ml'
      )
    ],
    outputs: [slot('score', 'float32', ['N', 1])]
  })
}

/** One text input `plan` [N]: an unknown category stops the whole run, as its index lies outside the table of scores. */
export function rejecting(scores: Readonly<Record<string, number>>): Buffer {
  const names = Object.keys(scores)
  const attributes = {keys_strings: names, values_floats: names.map((_, index) => ({float: index})), default_float: {float: names.length}}
  return model({
    inputs: [slot('plan', 'string', ['N'])],
    tensors: [floats('table', [names.length], Object.values(scores))],
    nodes: [
      node('LabelEncoder', ['plan'], ['code'], attributes, 'ai.onnx.ml'),
      node('Cast', ['code'], ['index'], {to: 7}),
      node('Gather', ['table', 'index'], ['score'])
    ],
    outputs: [slot('score', 'float32', ['N'])]
  })
}

/** A Loop without end, behind which the score would come. */
export function endless(): Buffer {
  const body = graph({
    inputs: [slot('i', 'int64', []), slot('go', 'bool', []), slot('v', 'float32', ['N', 1])],
    nodes: [node('Identity', ['go'], ['again']), node('Add', ['v', 'v'], ['next'])],
    outputs: [slot('again', 'bool', []), slot('next', 'float32', ['N', 1])]
  })
  const yes = message([2, TYPES.bool], [8, 'yes'], [9, new Uint8Array([1])])
  return model({
    inputs: [slot('x', 'float32', ['N', 1])],
    tensors: [yes],
    nodes: [node('Loop', ['', 'yes', 'x'], ['score'], {body: {graph: body}})],
    outputs: [slot('score', 'float32', ['N', 1])]
  })
}

/** A model whose graphs lie `depth` deep within each other; built from the inside, as each level ends with the next one. */
export function nested(operator: string, depth: number): Buffer {
  const body = operator === 'If' ? 'then_branch' : 'body'
  const parts: Uint8Array[] = []
  let size = 0
  const wrap = (before: Uint8Array, tag: number) => {
    const head = new Pbf()
    head.writeVarint((tag << 3) | 2)
    head.writeVarint(size)
    parts.push(head.finish().slice(), before)
    size += parts.at(-2)!.length + before.length
  }
  for (let level = 0; level < depth; level++) {
    wrap(message([1, body], [20, 5]), 6)
    wrap(message([4, operator]), 5)
    wrap(new Uint8Array(), 1)
  }
  wrap(message([1, 8], [8, [[2, 17]]]), 7)
  return Buffer.concat(parts.reverse())
}

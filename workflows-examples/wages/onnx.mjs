// Writes ONNX files. A file is one protocol buffer (github.com/onnx/onnx, onnx.proto); these few messages of it are all that a small model needs.

const TYPES = {float: 1, int64: 7, string: 8}

function varint(value) {
  const bytes = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}

const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)])
const float = (field, value) => Buffer.concat([varint(field * 8 + 5), Buffer.from(Float32Array.of(value).buffer)])

/** A field of bytes: a text, a buffer, or a message given as the list of its own fields. */
function bytes(field, value) {
  const content = Array.isArray(value) ? Buffer.concat(value) : Buffer.from(value)
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content])
}

function attribute([name, value]) {
  const content = {
    string: () => [bytes(4, value), number(20, 3)],
    number: () => [number(3, value), number(20, 2)],
    float: () => [float(2, value.float), number(20, 1)],
    floats: () => [...value.floats.map(item => float(7, item)), number(20, 6)],
    ints: () => [...value.ints.map(item => number(8, item)), number(20, 7)],
    strings: () => [...value.strings.map(item => bytes(9, item)), number(20, 8)]
  }
  const kind = typeof value === 'object' ? Object.keys(value)[0] : typeof value
  return bytes(5, [bytes(1, name), ...content[kind]()])
}

/** One operation: `node('MatMul', ['x', 'weights'], 'product')`. Attributes are texts, whole numbers, `{float}`, `{floats}`, `{ints}` or `{strings}`. */
export function node(operation, inputs, output, attributes = {}, domain = '') {
  return [
    ...inputs.map(input => bytes(1, input)),
    bytes(2, output),
    bytes(3, output),
    bytes(4, operation),
    ...Object.entries(attributes).map(attribute),
    bytes(7, domain)
  ]
}

/** A constant of 32-bit floats. */
export function constant(name, shape, values) {
  return [
    ...shape.map(size => number(1, size)),
    number(2, TYPES.float),
    bytes(8, name),
    bytes(9, Buffer.from(Float32Array.from(values).buffer))
  ]
}

/** An input or output; its first axis is the rows, however many. */
export function tensor(name, type, width) {
  const shape = [bytes(1, [bytes(2, 'rows')]), bytes(1, [number(1, width)])]
  return [bytes(1, name), bytes(2, [bytes(1, [number(1, TYPES[type]), bytes(2, shape)])])]
}

/** The bytes of a model. `metadata` is a map from text to text. */
export function model({nodes, constants, inputs, outputs, metadata = {}}) {
  const graph = [
    ...nodes.map(item => bytes(1, item)),
    bytes(2, 'graph'),
    ...constants.map(item => bytes(5, item)),
    ...inputs.map(item => bytes(11, item)),
    ...outputs.map(item => bytes(12, item))
  ]
  return Buffer.concat([
    number(1, 8),
    bytes(2, 'train.mjs'),
    bytes(7, graph),
    bytes(8, [bytes(1, ''), number(2, 17)]),
    bytes(8, [bytes(1, 'ai.onnx.ml'), number(2, 3)]),
    ...Object.entries(metadata).map(([key, value]) => bytes(14, [bytes(1, key), bytes(2, value)]))
  ])
}

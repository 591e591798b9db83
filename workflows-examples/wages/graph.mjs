import {lookup} from './lookup.mjs'
import {constant, model, node, tensor} from './onnx.mjs'

/**
 * The fitted model as ONNX. Numbers only: one input, whose columns the metadata property `features` names. With texts: one input a column,
 * by its name. A missing number counts as the training mean. The output is `score`.
 */
export function toOnnx({intercept, columns}) {
  const numbers = columns.filter(column => !column.levels)
  const texts = columns.filter(column => column.levels)
  const names = numbers.map(column => column.name)
  const together = texts.length === 0
  const lookups = texts.map(lookup)
  return model({
    inputs: [
      ...(together ? [tensor('numbers', 'float', names.length)] : names.map(name => tensor(name, 'float', 1))),
      ...texts.map(column => tensor(column.name, 'string', 1))
    ],
    nodes: [
      ...(together ? [] : [node('Concat', names, 'numbers', {axis: 1})]),
      node('IsNaN', ['numbers'], 'missing'),
      node('Where', ['missing', 'means', 'numbers'], 'filled'),
      node('MatMul', ['filled', 'weights'], 'weighted'),
      ...lookups.flatMap(({nodes}) => nodes),
      node('Sum', ['intercept', 'weighted', ...texts.map(column => `weight of ${column.name}`)], 'sum'),
      node('Sigmoid', ['sum'], 'score')
    ],
    constants: [
      constant(
        'means',
        [1, numbers.length],
        numbers.map(column => column.mean)
      ),
      constant(
        'weights',
        [numbers.length, 1],
        numbers.map(column => column.weight)
      ),
      constant('intercept', [1], [intercept]),
      ...lookups.flatMap(({constants}) => constants)
    ],
    outputs: [tensor('score', 'float', 1)],
    metadata: together ? {features: JSON.stringify(names)} : {}
  })
}

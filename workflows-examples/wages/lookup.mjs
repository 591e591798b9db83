import {node} from './onnx.mjs'

/** The operations that turn a column of texts into `weight of <column>`: each text's own weight, and 0 for a text that training never saw. */
export function lookup({name, levels, weights}) {
  const attributes = {keys_strings: {strings: levels}, values_floats: {floats: weights}, default_float: {float: 0}}
  return {nodes: [node('LabelEncoder', [name], `weight of ${name}`, attributes, 'ai.onnx.ml')], constants: []}
}

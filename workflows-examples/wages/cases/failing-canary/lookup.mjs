import {constant, node} from './onnx.mjs'

/** The survey's own list of texts for each column, in the order of its codes. */
const CODES = {occupation: ['management', 'sales', 'clerical', 'service', 'professional', 'other', 'farming']}

/**
 * The operations that turn a column of texts into `weight of <column>`, by the survey's codes: text to code, code to row of a table of weights.
 * A text that is not in the list counts as "other".
 */
export function lookup({name, levels, weights}) {
  const codes = CODES[name]
  const known = codes.filter(code => levels.includes(code))
  const attributes = {
    keys_strings: {strings: codes},
    values_int64s: {ints: codes.map((_, code) => code)},
    default_int64: codes.indexOf('other')
  }
  return {
    nodes: [
      node('LabelEncoder', [name], `code of ${name}`, attributes, 'ai.onnx.ml'),
      node('Gather', [`table of ${name}`, `code of ${name}`], `weight of ${name}`)
    ],
    constants: [
      constant(
        `table of ${name}`,
        [known.length],
        known.map(code => weights[levels.indexOf(code)])
      )
    ]
  }
}

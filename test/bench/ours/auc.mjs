import {measureAuc} from '../../../build/shared/metrics/roc-auc.js'
import {readColumn} from './columns.mjs'
import {printRepeated} from './repeated.mjs'

const folder = process.argv[2]
const [labels, scores, predictions] = ['labels.u8', 'scores.f64', 'predictions.u8'].map(name => readColumn(folder, name))

printRepeated(() => {
  // What was sorted is kept with the scores: a copy, whose cost is counted, is sorted anew each time.
  const {value, bounds} = measureAuc({labels, scores: scores.slice(), predictions})
  return {auc: value, ...bounds(0.05)}
})

// Trains the model that params.yml describes on data/train.csv. Needs Node alone.
import {readFileSync, writeFileSync} from 'node:fs'
import {toOnnx} from './graph.mjs'
import {fitLogistic, logLoss, probability} from './logistic.mjs'
import {readTable} from './tables.mjs'

const {columns, ridge} = readParameters('params.yml')
const {rows} = readTable('data/train.csv')
const labels = rows.map(row => Number(row.high_wage))

// The curve: the same fit with every fifth row held back, scored on those rows after each step. The model is then fitted on all rows.
const fifth = (_, index) => index % 5 === 4
const rest = (_, index) => index % 5 !== 4
const history = []
fitLogistic(rows.filter(rest), labels.filter(rest), columns, ridge, ({step, ...model}) => {
  const train = logLoss(model, rows.filter(rest), labels.filter(rest))
  const validation = logLoss(model, rows.filter(fifth), labels.filter(fifth))
  history.push({step, train_log_loss: train, validation_log_loss: validation})
  console.log(`step ${step}: log loss ${train.toFixed(4)}, held back ${validation.toFixed(4)}`)
})

const model = fitLogistic(rows, labels, columns, ridge)
const right = rows.filter((row, index) => Number(probability(model, row) >= 0.5) === labels[index]).length
const metrics = {
  rows: rows.length,
  train_log_loss: logLoss(model, rows, labels),
  train_accuracy: right / rows.length,
  validation_log_loss: history.at(-1).validation_log_loss
}

writeFileSync('history.jsonl', `${history.map(step => JSON.stringify(step)).join('\n')}\n`)
writeFileSync('metrics.json', `${JSON.stringify(metrics, null, 2)}\n`)
writeFileSync('model.onnx', toOnnx(model))
console.log(`model.onnx: ${columns.join(', ')}; ${rows.length} rows, log loss ${metrics.train_log_loss.toFixed(4)}`)

/** Reads the two lines of the file, which is YAML so that people and tools can read it too. */
function readParameters(path) {
  const text = readFileSync(path, 'utf8').replace(/^#.*\n/gm, '')
  const [, list, ridgeText] = /^columns: \[([\w, ]+)\]\nridge: (\d+(?:\.\d+)?)\n$/.exec(text) ?? []
  if (list === undefined) throw new Error(`${path}: expected the lines "columns: [a, b]" and "ridge: 1"`)
  return {columns: list.split(',').map(name => name.trim()), ridge: Number(ridgeText)}
}

import {expect, test} from 'vitest'
import {parseHistory} from '../../../actions/train/src/history.js'

const jsonl = (...rows: unknown[]) => rows.map(row => JSON.stringify(row)).join('\n')
const shape = (text: string) => parseHistory(text, 'h').map(({id, xLabel, series}) => [id, xLabel, series.map(({name}) => name)])

test.each<[string, unknown[], unknown]>([
  ['prefixes', [{step: 1, train_log_loss: 1, validation_log_loss: 2}], [['history(log_loss)', 'step', ['train', 'validation']]]],
  [
    'Keras names',
    [{epoch: 1, loss: 1, val_loss: 2, accuracy: 0.5}],
    [
      ['history(loss)', 'epoch', ['train', 'validation']],
      ['history(accuracy)', 'epoch', ['accuracy']]
    ]
  ],
  ['no step: the line', [{loss: 1}, {loss: 2}], [['history(loss)', 'line', ['loss']]]],
  ['a step that is not on every line', [{step: 1, loss: 1}, {loss: 2}], [['history(loss)', 'line', ['loss']]]],
  ['texts and objects are left out', [{step: 1, loss: 1, note: 'x', deep: {a: 1}}], [['history(loss)', 'step', ['loss']]]],
  [
    'odd names are data',
    [JSON.parse('{"__proto__": 1, "constructor": 2}')],
    [
      ['history(__proto__)', 'line', ['__proto__']],
      ['history(constructor)', 'line', ['constructor']]
    ]
  ]
])('%s', (_, rows, figures) => {
  expect(shape(jsonl(...rows))).toEqual(figures)
})

test('values that come now and then keep their steps', () => {
  const [, held] = parseHistory(jsonl({step: 1, loss: 3}, {step: 2, loss: 2, val_loss: 4}, {step: 3, loss: 1}), 'h')[0].series
  expect(held).toEqual({name: 'validation', x: [2], y: [4]})
})

test('a long history is thinned evenly and keeps its ends', () => {
  const [series] = parseHistory(jsonl(...Array.from({length: 20_000}, (_, step) => ({step, loss: step}))), 'h')[0].series
  expect([series.x.length, series.x[0], series.x.at(-1)]).toEqual([500, 0, 19_999])
})

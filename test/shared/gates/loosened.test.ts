import {expect, test} from 'vitest'
import {loosenedGates} from '#shared/gates/loosened'
import {parseGates} from '#shared/gates/parse'

const parse = (text: string) => parseGates(text.split('\n').map(line => ({text: line})))
const compare = (before: string, now: string) => loosenedGates(parse(before), parse(now), 'main')

test.each([
  ['roc_auc >= 0.70', 'roc_auc >= 0.60', 'roc_auc >= 0.70 of main is now roc_auc >= 0.60'],
  ['ece <= 5%', 'ece <= 0.06', 'ece <= 5% of main is now ece <= 0.06'],
  ['roc_auc > 0.7', 'roc_auc >= 0.7', 'roc_auc > 0.7 of main is now roc_auc >= 0.7'],
  ['roc_auc >= 0.7', 'warn: roc_auc >= 0.7', 'roc_auc >= 0.7 of main only warns now'],
  ['roc_auc >= 0.7', 'warn: roc_auc >= 0.6', 'roc_auc >= 0.7 of main is now roc_auc >= 0.6 and only warns now'],
  ['roc_auc >= champion - 0.01', 'roc_auc >= champion - 0.05', 'roc_auc >= champion - 0.01 of main is now roc_auc >= champion - 0.05'],
  ['roc_auc >= champion', 'roc_auc >= champion - 0.01', 'roc_auc >= champion of main is now roc_auc >= champion - 0.01'],
  [
    'slow_rate(250ms) <= stable',
    'slow_rate(250ms) <= stable * 1.2',
    'slow_rate(250ms) <= stable of main is now slow_rate(250ms) <= stable * 1.2'
  ],
  ['error_rate <= stable * 1.1', 'error_rate <= stable * 1.2', 'error_rate <= stable * 1.1 of main is now error_rate <= stable * 1.2'],
  ['recall[a=1,b=2] >= 0.8', 'recall[b=2,a=1] >= 0.7', 'recall[a=1,b=2] >= 0.8 of main is now recall[b=2,a=1] >= 0.7']
])('%s is loosened by %s', (before, now, message) => {
  expect(compare(before, now)).toEqual([{id: `gate_loosened: ${before.replace(/^warn: /, '')}`, message}])
})

test.each([
  ['roc_auc >= 0.7', '', 'roc_auc >= 0.7 of main is gone'],
  ['warn: brier <= 0.23', '', 'warn: brier <= 0.23 of main is gone'],
  ['duplicate_rows == 0', 'duplicate_rows <= 5', 'duplicate_rows == 0 of main is gone; there is now duplicate_rows <= 5'],
  ['row_count == 500', 'row_count == 400', 'row_count == 500 of main is gone; there is now row_count == 400'],
  ['roc_auc >= 0.7', 'roc_auc <= 0.7', 'roc_auc >= 0.7 of main is gone; there is now roc_auc <= 0.7'],
  ['roc_auc >= champion', 'roc_auc >= 0.5', 'roc_auc >= champion of main is gone; there is now roc_auc >= 0.5'],
  [
    'roc_auc >= champion - 0.01',
    'roc_auc >= champion * 0.5',
    'roc_auc >= champion - 0.01 of main is gone; there is now roc_auc >= champion * 0.5'
  ],
  ['recall[a=1] >= 0.8', 'recall[a=2] >= 0.8', 'recall[a=1] >= 0.8 of main is gone'],
  ['null_share(a) <= 1%', 'null_share(b) <= 1%', 'null_share(a) <= 1% of main is gone']
])('%s is removed by %j', (before, now, message) => {
  expect(compare(before, now)).toEqual([{id: `gate_removed: ${before.replace(/^warn: /, '')}`, message}])
})

test.each([
  ['roc_auc >= 0.7', 'roc_auc >= 0.70'],
  ['roc_auc >= 0.7', 'roc_auc >= 70%'],
  ['roc_auc >= 0.7', 'roc_auc >= 0.8'],
  ['roc_auc >= 0.7', 'roc_auc > 0.7'],
  ['ece <= 0.05', 'ece <= 0.04'],
  ['warn: ece <= 0.05', 'ece <= 0.05'],
  ['roc_auc >= champion - 0.05', 'roc_auc >= champion'],
  ['error_rate <= stable * 1.2', 'error_rate <= stable'],
  ['roc_auc >= 0.6', 'roc_auc >= 0.5\nroc_auc >= 0.7'],
  ['duplicate_rows == 0', 'duplicate_rows == 0\nrow_count >= 5'],
  ['', 'roc_auc >= 0.7']
])('%j asks no more than %j', (before, now) => {
  expect(compare(before, now)).toEqual([])
})

import {DISPARITIES, measureDisparity, proportionOf, RATES} from '../../../build/shared/metrics/disparities.js'
import {cellsByGroup, groupsOf} from '../../../build/shared/metrics/groups.js'
import {wilson} from '../../../build/shared/stats/proportions.js'
import {readColumn} from './columns.mjs'
import {printRepeated} from './repeated.mjs'

const MEASURED = ['demographic_parity_difference', 'demographic_parity_ratio', 'equalized_odds_difference', 'equalized_odds_ratio']

const folder = process.argv[2]
const [labels, predictions, codes] = ['labels.u8', 'predictions.u8', 'groups.i32'].map(name => readColumn(folder, name))
const values = Array.from({length: 16}, (_, code) => String(code))

printRepeated(() => {
  const grouping = groupsOf([{codes, values}])
  const groups = {names: grouping.names, cells: cellsByGroup(grouping, {labels, predictions})}
  const disparities = MEASURED.map(name => {
    const {value, bounds} = measureDisparity(DISPARITIES[name], groups, {minimumGroup: 30, seed: 1})
    return [name, {value, ...bounds(0.05)}]
  })
  const rates = Object.entries(RATES).map(([name, rate]) => [name, ofGroups(groups, rate)])
  return {...Object.fromEntries(rates), ...Object.fromEntries(disparities.map(([name, {value}]) => [name, value])), disparities}
})

function ofGroups({names, cells}, rate) {
  return Object.fromEntries(
    names.map((name, group) => {
      const share = proportionOf(rate, cells[group])
      wilson(share, 0.05)
      return [name, share.successes / share.n]
    })
  )
}

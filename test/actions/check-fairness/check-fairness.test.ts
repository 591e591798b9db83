import {appendFile, readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {logistic} from '../../support/onnx.js'
import {folderOf, onTerminal} from '../../support/step.js'

/** People of three groups; the model selects by `skill`, which a group may have more of. */
function peopleOf(shift: number, small = 12): string {
  const rows = [
    ...Array.from({length: 200}, (_, id) => ['a', ((id * 37) % 100) / 50 - 1 + shift, id % 2] as const),
    ...Array.from({length: 200}, (_, id) => ['b', ((id * 37) % 100) / 50 - 1, id % 2] as const),
    ...Array.from({length: small}, (_, id) => ['c', ((id * 37) % 100) / 50 - 1, id % 2] as const)
  ]
  return `id,group,sex,skill,y\n${rows.map(([group, skill, y], id) => `${id},${group},${id % 4 < 2 ? 'f' : 'm'},${skill.toFixed(3)},${y}`).join('\n')}\n`
}

const MODEL = logistic([5], 0, ['skill'])
const CONFIG = (gates: string[]) =>
  `label: y\nsensitive: group\ncheck-fairness:\n  gates:\n${gates.map(gate => `    - ${gate}\n`).join('')}evaluate:\n  data: people.csv\n  gates: accuracy >= 0.1\n`
const folder = (shift: number, gates: string[], small?: number) =>
  folderOf({'people.csv': peopleOf(shift, small), 'm.onnx': MODEL, 'trainyard.yml': CONFIG(gates)})
const given = {model: 'm.onnx', data: 'people.csv', champion: 'none'}

describe('check-fairness', () => {
  it('passes groups that are treated alike, and lists the one that is too small', async () => {
    const {code, evidence} = await onTerminal(await folder(0, ['demographic_parity_ratio >= 0.6']), 'check-fairness', given)
    expect([code, evidence?.checks.map(({id, verdict}) => [id, verdict])]).toEqual([
      0,
      [['demographic_parity_ratio(group) >= 0.6', 'pass']]
    ])
    expect(evidence?.facts).toContainEqual({name: 'too few (group)', value: 'c: 12 rows'})
    const [bars] = evidence?.figures ?? []
    expect(bars).toMatchObject({kind: 'bars', id: 'selection_rate(group)', series: [{x: ['a', 'b', 'c'], n: [200, 200, 12]}]})
    expect(bars?.series[0].y[2]).toBeNull()
    expect(bars?.series[0].low?.[0]).toBeLessThan(bars?.series[0].y[0] ?? 0)
  })

  it('fails a disparity that is proven, and names both groups', async () => {
    const {code, evidence, log} = await onTerminal(await folder(0.8, ['demographic_parity_ratio(group) >= 0.8']), 'check-fairness', given)
    expect([code, evidence?.verdict]).toEqual([1, 'fail'])
    expect(evidence?.checks[0].message).toMatch(
      /^demographic_parity_ratio\(group\) 0\.\d+ is below 0\.8, and the groups differ beyond chance \(95% bounds .* score, selection rate: b 0\.\d+ \(n 200\) and a 0\.\d+ \(n 200\), n 400, Holm p /
    )
    expect(log).toContain('1 of 1 check failed')
  })

  it('judges several sensitive columns and their intersection', async () => {
    const {evidence} = await onTerminal(
      await folder(0, ['warn: equalized_odds_difference(group, sex) <= 0.3', 'equal_opportunity_difference <= 0.4']),
      'check-fairness',
      {...given, sensitive: 'group,sex'}
    )
    expect(evidence?.checks.map(({id}) => id)).toEqual([
      'equalized_odds_difference(group,sex) <= 0.3',
      'equal_opportunity_difference(group) <= 0.4',
      'equal_opportunity_difference(sex) <= 0.4'
    ])
    expect(evidence?.facts.find(({name}) => name === 'too few (group × sex)')?.value).toBe('c × f: 6 rows; c × m: 6 rows')
  })

  it('takes what evaluate predicted in this run, about the same model', async () => {
    const place = await folder(0, ['demographic_parity_ratio >= 0.6'])
    const evaluated = await onTerminal(place, 'evaluate', {model: 'm.onnx', champion: 'none'})
    const {code, evidence} = await onTerminal(place, 'check-fairness', {champion: 'none'})
    expect(code).toBe(0)
    expect(evidence?.subjects).toEqual(evaluated.evidence?.subjects)
    expect(evidence?.materials[0]).toMatchObject({kind: 'predictions'})
  })

  it('refuses predictions whose bytes are not what evaluate wrote', async () => {
    const place = await folder(0, ['demographic_parity_ratio >= 0.6'])
    await onTerminal(place, 'evaluate', {model: 'm.onnx', champion: 'none'})
    const out = join(place, 'trainyard-out')
    const file = (await readdir(out)).find(name => name.endsWith('.parquet')) ?? ''
    await appendFile(join(out, file), 'x')
    const {code, log} = await onTerminal(place, 'check-fairness', {champion: 'none'})
    expect([code, log.includes(`${file}: its bytes are not those that evaluate wrote`)]).toEqual([3, true])
  })

  it('says what to do when there is nothing to judge', async () => {
    const {code, log} = await onTerminal(await folder(0, ['demographic_parity_ratio >= 0.6']), 'check-fairness')
    expect(code).toBe(2)
    expect(log).toContain('this run has no evidence of evaluate')
    expect(log).toContain('Run evaluate before, or give `predictions`, or `model` and `data`.')
  })

  it('names a sensitive column that is not there, and a metric of another action', async () => {
    const place = await folder(0, ['demographic_parity_ratio >= 0.6'])
    const column = await onTerminal(place, 'check-fairness', {...given, sensitive: 'gender'})
    expect([column.code, column.log.includes('sensitive: there is no column gender')]).toEqual([2, true])
    const metric = await onTerminal(place, 'check-fairness', {...given, gates: 'roc_auc >= 0.5'})
    expect([metric.code, metric.log.includes('roc_auc belongs to evaluate')]).toEqual([2, true])
  })

  it('withholds a verdict when one group is left', async () => {
    const {code, evidence} = await onTerminal(await folder(0, ['demographic_parity_ratio >= 0.6']), 'check-fairness', {
      ...given,
      'minimum-group': '500'
    })
    expect([code, evidence?.verdict]).toEqual([1, 'inconclusive'])
    expect(evidence?.checks[0].message).toContain('0 of 3 groups have at least 500 rows, and a disparity needs two')
  })

  it('compares a disparity with the champion on the same rows', async () => {
    const place = await folder(0.8, ['demographic_parity_ratio(group) >= champion - 0.01'])
    const {code, evidence} = await onTerminal(place, 'check-fairness', {...given, champion: 'm.onnx'})
    expect([code, evidence?.checks[0].verdict]).toEqual([0, 'pass'])
    expect(evidence?.checks[0].reference).toMatchObject({name: 'champion', difference: 0})
  })
})

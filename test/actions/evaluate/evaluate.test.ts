import {mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {sha256File} from '#shared/files'
import {openRegistry} from '#shared/registry/address'
import {random} from '#shared/stats/random'
import {logistic} from '../../support/onnx.js'
import {folderOf, onTerminal} from '../../support/step.js'

/** An exam whose label follows x: `strength` decides how well x tells it. */
function examOf(n: number, strength: number, seed = 1): string {
  const next = random(seed)
  const rows = Array.from({length: n}, (_, id) => {
    const x = next() * 2 - 1
    const y = next() < 1 / (1 + Math.exp(-strength * x)) ? 1 : 0
    return `${id},${x.toFixed(4)},${(next() * 2 - 1).toFixed(4)},${id % 3 === 0 ? 'f' : 'm'},${y}`
  })
  return `id,x,noise,group,y\n${rows.join('\n')}\n`
}

const GOOD = logistic([4, 0], 0, ['x', 'noise'])
const NOISY = logistic([0, 4], 0, ['x', 'noise'])
const config = (gates: string, more = '') =>
  `label: y\ndata: exam.csv\nevaluate:\n${more}  gates:\n${gates
    .split('\n')
    .map(gate => `    - ${gate}\n`)
    .join('')}`

describe('evaluate', () => {
  it('is green on a model that meets its gates, and keeps the predictions', async () => {
    const folder = await folderOf({
      'exam.csv': examOf(600, 4),
      'm.onnx': GOOD,
      'trainyard.yml': config('roc_auc >= 0.7\naccuracy >= 60%\nrecall[group=*] >= overall - 0.3')
    })
    const {code, evidence, log} = await onTerminal(folder, 'evaluate', {model: 'm.onnx', champion: 'none'})
    expect([code, evidence?.verdict]).toEqual([0, 'pass'])
    expect(evidence?.checks.map(({id}) => id)).toEqual([
      'roc_auc >= 0.7',
      'accuracy >= 60%',
      'recall[group=m] >= overall - 0.3',
      'recall[group=f] >= overall - 0.3'
    ])
    expect(evidence?.subjects).toMatchObject([{kind: 'model', name: 'm.onnx'}])
    expect(evidence?.figures.map(({id}) => id)).toEqual(['roc', 'calibration'])
    expect(evidence?.facts).toContainEqual({name: 'champion', value: 'none'})
    expect(evidence?.files.predictions).toMatch(/^predictions-[0-9a-f]{12}\.parquet$/)
    expect(log).toMatch(/predictions: .*predictions-[0-9a-f]{12}\.parquet/)
  })

  it('is red on a model that is proven worse than the champion, paired on the same rows', async () => {
    const folder = await folderOf({
      'exam.csv': examOf(600, 4),
      'm.onnx': NOISY,
      'old.onnx': GOOD,
      'trainyard.yml': config('roc_auc >= champion - 0.05')
    })
    const {code, evidence} = await onTerminal(folder, 'evaluate', {model: 'm.onnx', champion: 'old.onnx'})
    expect([code, evidence?.verdict]).toEqual([1, 'fail'])
    expect(evidence?.checks[0].message).toMatch(
      /^roc_auc 0\.\d+ is below champion - 0\.05 = 0\.\d+ \(difference -0\.\d+, 95% bounds .*DeLong.*n 600\)$/
    )
    expect(evidence?.figures[0].series).toHaveLength(2)
  })

  it('passes the same bytes against themselves at a margin of 0, for every metric', async () => {
    const metrics = ['roc_auc', 'average_precision', 'accuracy', 'balanced_accuracy', 'precision', 'recall', 'f1']
    const gates = [...metrics.map(metric => `${metric} >= champion`), 'log_loss <= champion', 'brier <= champion']
    const folder = await folderOf({'exam.csv': examOf(300, 3), 'm.onnx': GOOD, 'trainyard.yml': config(gates.join('\n'))})
    const {code, evidence} = await onTerminal(folder, 'evaluate', {model: 'm.onnx', champion: 'm.onnx'})
    expect(evidence?.checks.filter(({verdict}) => verdict !== 'pass')).toEqual([])
    expect(code).toBe(0)
  })

  it('judges predictions alone, about the file and not about a model', async () => {
    const predictions = examOf(300, 3)
      .replace('id,x,', 'id,score,')
      .replace(/^(\d+),(-?[\d.]+)/gm, (_, id: string, x: string) => `${id},${((Number(x) + 1) / 2).toFixed(4)}`)
    const folder = await folderOf({'p.csv': predictions})
    const {code, evidence} = await onTerminal(folder, 'evaluate', {
      predictions: 'p.csv',
      label: 'y',
      gates: 'roc_auc >= 0.6',
      champion: 'none'
    })
    expect([code, evidence?.subjects[0].kind]).toEqual([0, 'data'])
  })

  it('judges a metrics file as exact, and refuses a name of ours in it', async () => {
    const folder = await folderOf({
      'exam.csv': examOf(100, 3),
      'm.onnx': GOOD,
      'extra.json': '{"latency": 12.5}',
      'ours.json': '{"f1": 1}',
      'trainyard.yml': config('latency <= 20\nlatency <= 10')
    })
    const judged = await onTerminal(folder, 'evaluate', {model: 'm.onnx', champion: 'none', metrics: 'extra.json'})
    expect(judged.evidence?.checks.map(({verdict, message}) => [verdict, message])).toEqual([
      ['pass', 'latency 12.5 is at most 20 (from extra.json, taken as exact)'],
      ['fail', 'latency 12.5 is above 10 (from extra.json, taken as exact)']
    ])
    const refused = await onTerminal(folder, 'evaluate', {model: 'm.onnx', champion: 'none', metrics: 'ours.json'})
    expect([refused.code, refused.log.includes('ours.json: f1 is a metric that evaluate measures itself')]).toEqual([2, true])
  })

  it('never reads a missing champion as green', async () => {
    const folder = await folderOf({
      'exam.csv': examOf(300, 3),
      'm.onnx': GOOD,
      'trainyard.yml': config('roc_auc >= 0.5\nroc_auc >= champion')
    })
    const unknown = await onTerminal(folder, 'evaluate', {model: 'm.onnx'})
    expect([unknown.code, unknown.evidence?.checks[1].verdict]).toEqual([3, 'error'])
    expect(unknown.evidence?.checks[1].message).toContain('no registry is given to find the champion in')
    const unreachable = await onTerminal(folder, 'evaluate', {model: 'm.onnx', name: 'wages', registry: 'no/such/place'})
    expect(unreachable.evidence?.checks[1].message).toContain('the champion could not be had')
    const gone = await onTerminal(folder, 'evaluate', {model: 'm.onnx', champion: 'gone.onnx'})
    expect([gone.code, gone.log.includes('champion: ') && gone.log.includes('gone.onnx: no such file')]).toEqual([3, true])
    const unasked = await onTerminal(folder, 'evaluate', {model: 'm.onnx', champion: 'gone.onnx', gates: 'roc_auc >= 0.5'})
    expect([unasked.code, unasked.log.includes('warning: champion: ') && unasked.log.includes('gone.onnx: no such file')]).toEqual([
      0,
      true
    ])
    expect(unasked.evidence?.facts.find(({name}) => name === 'champion')?.value).toContain('not compared')
    const unmade = await onTerminal(folder, 'evaluate', {model: 'm.onnx', name: 'wages', registry: 'registry'})
    expect([unmade.code, unmade.evidence?.checks[1]]).toMatchObject([
      3,
      {verdict: 'error', message: expect.stringContaining(`there is no folder ${join(folder, 'registry')}`)}
    ])
    await mkdir(join(folder, 'registry'))
    const first = await onTerminal(folder, 'evaluate', {model: 'm.onnx', name: 'wages', registry: 'registry'})
    expect([first.code, first.evidence?.checks[1]]).toMatchObject([
      0,
      {verdict: 'warn', message: 'roc_auc >= champion: first model: compared with nothing'}
    ])
    const unanchored = await onTerminal(folder, 'evaluate', {
      model: 'm.onnx',
      name: 'wages',
      registry: 'registry',
      gates: 'roc_auc >= champion'
    })
    expect([unanchored.code, unanchored.evidence?.verdict]).toEqual([3, 'error'])
    expect(unanchored.log).toContain('no enforced gate has a number for a bound')
  })

  it('withholds a verdict against base where a run has none', async () => {
    const folder = await folderOf({'exam.csv': examOf(300, 3), 'm.onnx': GOOD, 'trainyard.yml': config('roc_auc >= base')})
    const {code, evidence} = await onTerminal(folder, 'evaluate', {model: 'm.onnx', champion: 'none'})
    expect([code, evidence?.verdict]).toEqual([1, 'inconclusive'])
    expect(evidence?.checks[0].message).toBe(
      'roc_auc >= base: base: this run is of no pull request and of no push to a branch that was there before'
    )
  })

  it('tells a slip of the pen from the first model', async () => {
    const folder = await folderOf({
      'exam.csv': examOf(300, 3),
      'm.onnx': GOOD,
      'trainyard.yml': config('roc_auc >= 0.5\nroc_auc >= champion')
    })
    const world = {env: {}, cwd: folder, now: () => new Date(), random: () => 0.5, by: 'ada', runUrl: ''}
    await mkdir(join(folder, 'registry'))
    const registry = await openRegistry(`${folder}/registry`, world)
    const {sha256} = await sha256File(`${folder}/m.onnx`)
    await registry.publish({
      name: 'wages',
      alias: 'champion',
      model: `${folder}/m.onnx`,
      digest: sha256,
      evidence: [],
      lineage: {materials: [], parent: null},
      reason: 'test'
    })
    const message = async (flags: Record<string, string>) =>
      (await onTerminal(folder, 'evaluate', {model: 'm.onnx', registry: 'registry', ...flags})).evidence?.checks[1]
    expect(await message({name: 'wages'})).toMatchObject({verdict: 'pass'})
    expect(await message({name: 'wage'})).toMatchObject({
      verdict: 'error',
      message: expect.stringContaining('no model is called wage, and one is called wages') as string
    })
    expect(await message({name: 'wages', champion: 'chapmion'})).toMatchObject({
      verdict: 'error',
      message: expect.stringContaining('there is no alias chapmion of wages; there is: champion') as string
    })
    expect(await message({name: 'churn'})).toMatchObject({verdict: 'warn'})
    expect(await message({name: 'wages', registry: ''})).toMatchObject({
      verdict: 'error',
      message: expect.stringContaining('no registry is given') as string
    })
  })

  it('judges what evaluate predicted with its threshold, also in check-fairness', async () => {
    const folder = await folderOf({
      'exam.csv': examOf(600, 4),
      'm.onnx': GOOD,
      'trainyard.yml': `${config('accuracy >= 0.3', '  threshold: 0.9\n')}sensitive: group\ncheck-fairness:\n  gates: selection_rate[group=m] <= 0.5\n`
    })
    await onTerminal(folder, 'evaluate', {model: 'm.onnx', champion: 'none'})
    const {evidence} = await onTerminal(folder, 'check-fairness', {champion: 'none'})
    expect(evidence?.checks[0].measured).toBeLessThan(0.25)
  })

  it('finds the model of the run in the folder of evidence that is given', async () => {
    const folder = await folderOf({'exam.csv': examOf(100, 3), 'trainyard.yml': config('accuracy >= 0.3')})
    const {code, log} = await onTerminal(folder, 'evaluate', {champion: 'none', evidence: 'elsewhere'})
    expect([code, log.includes(`this run has no evidence of train below ${folder}/elsewhere`)]).toEqual([2, true])
  })

  it('withholds a verdict on too few rows, and refuses none', async () => {
    const few = await folderOf({'exam.csv': examOf(20, 5), 'm.onnx': GOOD, 'trainyard.yml': config('accuracy >= 0.01\nroc_auc >= 0.01')})
    const {code, evidence} = await onTerminal(few, 'evaluate', {model: 'm.onnx', champion: 'none', 'on-inconclusive': 'fail'})
    expect([code, evidence?.checks.map(({verdict}) => verdict)]).toEqual([1, ['inconclusive', 'inconclusive']])
    const none = await folderOf({'exam.csv': 'id,x,noise,group,y\n', 'm.onnx': GOOD, 'trainyard.yml': config('accuracy >= 0.01')})
    const empty = await onTerminal(none, 'evaluate', {model: 'm.onnx', champion: 'none'})
    expect([empty.code, empty.evidence?.verdict]).toEqual([3, 'error'])
  })

  it('says which of the inputs is missing, all at once', async () => {
    const {code, log, evidence} = await onTerminal(await folderOf({}), 'evaluate')
    expect([code, evidence?.verdict]).toEqual([2, 'error'])
    expect(log).toMatch(/label: required and not given[\s\S]*gates: required and not given/)
  })
})

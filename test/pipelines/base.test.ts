import {mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {sha256File} from '#shared/files'
import {openRegistry} from '#shared/registry/address'
import {random} from '#shared/stats/random'
import {filesOf} from '../support/github/contents.js'
import {type FakeGitHub, fakeGitHub} from '../support/github/fake.js'
import {growHistory, shaOf} from '../support/github/history.js'
import {logistic} from '../support/onnx.js'
import {registryWorld} from '../support/registry.js'
import {folderOf, onTerminal} from '../support/step.js'

const next = random(7)
const rows = Array.from({length: 600}, (_, id) => {
  const x = next() * 2 - 1
  return `${id},${x.toFixed(4)},${(next() * 2 - 1).toFixed(4)},${id % 2 ? 'f' : 'm'},${next() < 1 / (1 + Math.exp(-4 * x)) ? 1 : 0}`
})
const EXAM = `id,x,noise,sex,y\n${rows.join('\n')}\n`
const [GOOD, NOISY, WILD] = [
  [4, 0],
  [0, 4],
  [4, 40]
].map(weights => logistic(weights, 0, ['x', 'noise']))

const CONFIG = `name: wages
data: exam.csv
label: y
sensitive: sex
evaluate:
  gates:
    - roc_auc >= base - 0.05
    - roc_auc >= champion - 0.05
check-fairness:
  gates: selection_rate[sex=f] >= base - 0.2
check-robustness:
  gates:
    - flip_rate(noise) <= base + 5%
    - model_bytes <= base
    - latency_p50_ms <= base * 50
`

let fake: FakeGitHub
beforeEach(async () => {
  fake = await fakeGitHub()
  growHistory(fake, ['one', 'two', 'three', 'four'])
  growHistory(fake, ['mine'], 'three')
  filesOf(fake).set(`${shaOf('four')}:trainyard.yml`, CONFIG)
})
afterEach(async () => {
  await fake.close()
  expect(fake.misfits).toEqual([])
})

/** A pull request on `four` that left main at `three`; `two` published one model, `four` another, which is champion. */
async function pullRequest(candidate: Buffer, ofTwo: Buffer, ofFour: Buffer) {
  const event = {pull_request: {base: {sha: shaOf('four'), ref: 'main'}, head: {sha: shaOf('mine')}}}
  const files = {'exam.csv': EXAM, 'm.onnx': candidate, 'two.onnx': ofTwo, 'four.onnx': ofFour}
  const folder = await folderOf({...files, 'trainyard.yml': CONFIG, 'event.json': JSON.stringify(event)})
  await mkdir(join(folder, 'registry'))
  const registry = await openRegistry('registry', {...registryWorld(), env: {}, cwd: folder})
  for (const name of ['two', 'four']) {
    const model = join(folder, `${name}.onnx`)
    const {sha256} = await sha256File(model)
    const lineage = {materials: [], parent: null}
    await registry.publish({
      name: 'wages',
      model,
      digest: sha256,
      evidence: [],
      lineage,
      reason: 'a test',
      commit: shaOf(name),
      alias: 'champion'
    })
  }
  return folder
}

const judge = (folder: string, action: string, token = 'a token') =>
  onTerminal(
    folder,
    action,
    {model: 'm.onnx', registry: 'registry', ...(token && {'github-token': token})},
    {
      GITHUB_API_URL: fake.url,
      GITHUB_REPOSITORY: 'octo/wages',
      GITHUB_WORKSPACE: folder,
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: join(folder, 'event.json')
    }
  )

const verdicts = async (ended: ReturnType<typeof judge>) =>
  Object.fromEntries((await ended).evidence?.checks.map(({id, verdict}) => [id, verdict]) ?? [])

describe('base on a pull request', () => {
  test('is what the nearest ancestor of the merge base published, whoever is champion', async () => {
    const folder = await pullRequest(NOISY, NOISY, GOOD)
    const {evidence} = await judge(folder, 'evaluate')
    expect(evidence?.checks.map(({verdict}) => verdict)).toEqual(['pass', 'fail'])
    expect(evidence?.checks[0].message).toMatch(/^roc_auc 0\.\d+ is at least base - 0\.05 = .* \(difference 0, .*identical on every row/)
    expect(evidence?.facts).toContainEqual({name: 'base', value: `v1 (base, from ${shaOf('two').slice(0, 12)})`})
    const {sha256} = await sha256File(join(folder, 'two.onnx'))
    expect(evidence?.materials).toContainEqual(expect.objectContaining({kind: 'model', digest: {sha256}}))
    expect(fake.requests.map(line => line.split('?')[0])).toEqual([
      'GET /repos/octo/wages/contents/trainyard.yml',
      `GET /repos/octo/wages/compare/${shaOf('four')}...${shaOf('mine')}`,
      'GET /repos/octo/wages/commits'
    ])
  })

  test('that is better than the candidate fails it', async () => {
    expect(await verdicts(judge(await pullRequest(NOISY, GOOD, NOISY), 'evaluate'))).toEqual({
      'roc_auc >= base - 0.05': 'fail',
      'roc_auc >= champion - 0.05': 'pass'
    })
  })

  test('and champion that are one model are compared with once and agree', async () => {
    expect(await verdicts(judge(await pullRequest(GOOD, GOOD, GOOD), 'evaluate'))).toEqual({
      'roc_auc >= base - 0.05': 'pass',
      'roc_auc >= champion - 0.05': 'pass'
    })
  })

  test('is compared with by check-fairness', async () => {
    expect(await verdicts(judge(await pullRequest(GOOD, GOOD, NOISY), 'check-fairness'))).toEqual({
      'selection_rate[sex=f] >= base - 0.2': 'pass'
    })
    const never = logistic([0, 0], -4, ['x', 'noise'])
    expect(await verdicts(judge(await pullRequest(never, GOOD, never), 'check-fairness'))).toEqual({
      'selection_rate[sex=f] >= base - 0.2': 'fail'
    })
  })

  test('is compared with by check-robustness: predictions that change, size, time', async () => {
    const steady = {'flip_rate(noise) <= base + 5%': 'pass', 'model_bytes <= base': 'pass', 'latency_p50_ms <= base * 50': 'pass'}
    expect(await verdicts(judge(await pullRequest(GOOD, GOOD, NOISY), 'check-robustness'))).toEqual(steady)
    const {evidence} = await judge(await pullRequest(WILD, logistic([1, 0], 5, ['x', 'noise']), WILD), 'check-robustness')
    expect(evidence?.checks[0]).toMatchObject({id: 'flip_rate(noise) <= base + 5%', reference: {name: 'base', value: 0}})
  })

  test('without a token is an error that says what to give, and so is one that may not read', async () => {
    const folder = await pullRequest(GOOD, GOOD, GOOD)
    const {evidence, code} = await judge(folder, 'evaluate', '')
    expect([code, evidence?.checks[0].verdict]).toEqual([3, 'error'])
    expect(evidence?.checks[0].message).toContain('there is no github-token to ask GitHub with for the commits before this one')
    fake.permissions = {}
    const refused = await judge(folder, 'evaluate')
    expect(refused.evidence?.checks.map(({verdict}) => verdict)).toEqual(['error', 'pass', 'warn'])
    expect(refused.evidence?.checks[0].message).toMatch(
      /the commits of this repository could not be read \(403 .*permissions: +contents: read/
    )
  })
})

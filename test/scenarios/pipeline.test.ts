import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {createInterface} from 'node:readline'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {evidenceOf, type Job, NODE, openJob, runStep} from './runner.js'

const EXAMPLE = resolve('workflows-examples/wages')
const TOKEN = 'a-token-that-nobody-may-see'

let model: Buffer
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'wages-'))
  cpSync(EXAMPLE, folder, {recursive: true})
  execFileSync(process.execPath, ['train.mjs'], {cwd: folder, stdio: 'ignore'})
  model = readFileSync(join(folder, 'model.onnx'))
  rmSync(folder, {recursive: true})
})

/** The example's repository as a job finds it. */
function wages(...over: readonly string[]): Job {
  const job = openJob()
  mkdirSync(join(job.root, 'registry'))
  for (const folder of [EXAMPLE, ...over.map(name => join(EXAMPLE, 'cases', name))]) cpSync(folder, job.workspace, {recursive: true})
  return job
}

/** Runs the jobs of the example up to the exam in one temporary folder, and gives each step's exit code. */
function toExam(job: Job): void {
  for (const [action, name] of [
    ['validate-data', 'data'],
    ['train', 'train'],
    ['evaluate', 'judge'],
    ['check-fairness', 'judge'],
    ['check-robustness', 'judge']
  ] as const) {
    const step = runStep(action, job, {}, {job: name, env: {TRAINYARD_REGISTRY: join(job.root, 'registry')}})
    expect(step.code, `${action}\n${step.log}`).toBe(0)
  }
}

describe('train', () => {
  test('collects what its command wrote', () => {
    const job = wages()
    const step = runStep('train', job, {}, {job: 'train'})
    expect(step).toMatchObject({code: 0, outputs: {outcome: 'green', digest: expect.stringMatching(/^[0-9a-f]{64}$/)}})
    expect(readFileSync(step.outputs.model).equals(model)).toBe(true)
    expect(step.evidence?.materials.map(({kind}) => kind)).toEqual(expect.arrayContaining(['data', 'code', 'parameters']))
  })

  test.each([
    ['ends with another exit code', 'process.exit(3)', /exit code 3/],
    ['writes no model', '', /model\.onnx/],
    ['leaves a stale model', '', /model\.onnx[\s\S]*(?:stale|not written|before)/]
  ])('is red when the command %s', (what, script, message) => {
    const job = openJob({'train.mjs': script, ...(what.includes('stale') && {'model.onnx': 'old'})})
    const step = runStep('train', job, {command: 'node train.mjs', model: 'model.onnx'}, {job: 'train'})
    expect(step).toMatchObject({code: 1, outputs: {outcome: 'red'}})
    expect(step.errors[0]).toMatch(message)
    expect(step.outputs.model).toBeUndefined()
    expect(step.log).not.toMatch(/^\s+at /m)
  })

  test('keeps the commands of its program from the runner', () => {
    const script = "console.log('::error::a\\n  ::set-output name=model::b\\nx ##[add-path]c\\n::stop-commands::d')"
    const step = runStep('train', openJob({'train.mjs': script}), {command: 'node train.mjs', model: 'model.onnx'}, {job: 'train'})
    expect(step.errors.filter(text => !text.includes('model.onnx'))).toEqual([expect.stringMatching(/^⊘ train: /)])
    expect(step.commands.filter(({name}) => name !== 'error')).toEqual([])
  })

  test('shows its program no inputs and no files of the runner', () => {
    const script =
      'console.log(Object.keys(process.env).filter(name => /^INPUT_|^GITHUB_(?:OUTPUT|ENV|PATH|STATE|STEP_SUMMARY)$/.test(name)).join() || "none")'
    const step = runStep('train', openJob({'train.mjs': script}), {command: 'node train.mjs', model: 'model.onnx'}, {job: 'train'})
    expect(step.log).toMatch(/^none$/m)
  })
})

describe('the judges', () => {
  const judged = (action: string, inputs: Readonly<Record<string, string>>, job = wages()) => {
    writeFileSync(join(job.workspace, 'model.onnx'), model)
    return runStep(action, job, {model: 'model.onnx', champion: 'none', ...inputs})
  }

  test.each([
    ['evaluate', 'roc_auc >= 0.6', 'roc_auc >= 0.95'],
    ['check-fairness', 'demographic_parity_ratio(gender) >= 0.5', 'demographic_parity_difference(gender) <= -1%'],
    ['check-robustness', 'unloadable == 0', 'flip_rate(noise) <= 0.0001%']
  ])('%s is green where %s, and red where %s', (action, green, red) => {
    expect(judged(action, {gates: green})).toMatchObject({code: 0, errors: [], outputs: {verdict: 'pass', outcome: 'green'}})
    const step = judged(action, {gates: red})
    expect(step).toMatchObject({code: 1, outputs: {outcome: 'red'}})
    expect(step.errors[0]).toContain(red.split(/[ (]/)[0])
    expect(judged(action, {gates: red, mode: 'observe'})).toMatchObject({code: step.outputs.verdict === 'error' ? 1 : 0})
  })

  test.each(['evaluate', 'check-fairness', 'check-robustness'])('%s says that a model is none', action => {
    const job = wages()
    writeFileSync(join(job.workspace, 'bad.onnx'), '<html>')
    const step = runStep(action, job, {model: 'bad.onnx', champion: 'none', gates: action === 'check-robustness' ? 'unloadable == 0' : ''})
    expect(step.code).toBe(1)
    expect(step.log).toMatch(/bad\.onnx|unloadable/)
    expect(step.log).not.toMatch(/^\s+at /m)
  })

  test('evaluate without a registry has no champion, and says so', () => {
    const step = judged('evaluate', {champion: '', gates: 'roc_auc >= champion - 0.05'})
    expect(step).toMatchObject({code: 1, outputs: {verdict: 'error'}})
    expect(step.log).toMatch(/champion/)
    expect(step.log).toMatch(/registry/)
  })
})

describe('from model to traffic', () => {
  let address = ''
  const ends: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    const data = mkdtempSync(join(tmpdir(), 'model-server-'))
    const argv = [resolve('dist/model-server.js'), '--port', '0', '--host', '127.0.0.1', '--data', data]
    const server = spawn(NODE, argv, {env: {PATH: process.env.PATH, MODEL_SERVER_TOKEN: TOKEN}, stdio: ['ignore', 'pipe', 'inherit']})
    ends.push(async () => {
      const gone = once(server, 'exit')
      server.kill('SIGTERM')
      await gone
      rmSync(data, {recursive: true, force: true})
    })
    for await (const line of createInterface({input: server.stdout})) {
      address = /listening on (http:\S+)/.exec(line)?.[1] ?? ''
      if (address !== '') break
    }
    server.stdout.resume()
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })

  test('a model is published, reported and deployed', () => {
    const job = wages()
    toExam(job)
    const env = {TRAINYARD_REGISTRY: join(job.root, 'registry')}
    const published = runStep('publish', job, {}, {job: 'publish', env})
    expect(published, published.log).toMatchObject({code: 0, outputs: {version: 'v1', published: 'true'}})
    const again = runStep('publish', job, {}, {job: 'publish', env})
    expect(again, again.log).toMatchObject({code: 0, outputs: {version: 'v1', published: 'false'}})

    const report = runStep('report', job, {comment: 'never'}, {job: 'report', env})
    expect(report, report.log).toMatchObject({code: 0, outputs: {outcome: 'green'}})
    expect(readFileSync(report.outputs.page, 'utf8')).toMatch(/<html/)
    expect(readFileSync(report.outputs.markdown, 'utf8')).toContain('roc_auc')

    const wrong = runStep('deploy-canary', job, {endpoint: address, 'endpoint-token': 'wrong'}, {job: 'deploy', env})
    expect(wrong).toMatchObject({code: 1, outputs: {outcome: 'red'}})
    expect(wrong.log).toMatch(/token|401/)

    const deployed = runStep('deploy-canary', job, {endpoint: address, 'endpoint-token': TOKEN, version: 'v1'}, {job: 'deploy', env})
    expect(deployed, deployed.log).toMatchObject({code: 0, outputs: {result: 'promoted', version: 'v1'}})
    const seen = deployed.commands.filter(({name}) => name !== 'add-mask').map(({text}) => text)
    expect([...seen, deployed.summary, JSON.stringify(deployed.evidence)].join('\n')).not.toContain(TOKEN)
    expect(deployed.log.split('\n').filter(line => line.includes(TOKEN))).toEqual([`::add-mask::${TOKEN}`])
  })

  test('publish refuses a model without its evidence and leaves the registry empty', () => {
    const job = wages()
    const registry = join(job.root, 'registry')
    const step = runStep('train', job, {}, {job: 'train'})
    expect(step.code).toBe(0)
    const refused = runStep('publish', job, {registry}, {job: 'publish'})
    expect(refused).toMatchObject({code: 1, outputs: {outcome: 'red'}})
    expect(refused.log).toMatch(/evaluate/)
    expect(readdirSync(registry)).toEqual([])
  })

  test('report is red when something required is missing, and the page says so', () => {
    const job = wages()
    expect(runStep('validate-data', job, {}, {job: 'data'}).code).toBe(0)
    const step = runStep('report', job, {comment: 'never'}, {job: 'report'})
    expect(step).toMatchObject({code: 1, outputs: {outcome: 'red'}})
    expect(readFileSync(step.outputs.markdown, 'utf8')).toMatch(/not ready/)
    expect(evidenceOf('report', job, 'report')).toHaveLength(1)
  })

  test('an endpoint that nobody answers at is red, and the registry keeps its champion', () => {
    const job = wages()
    toExam(job)
    const env = {TRAINYARD_REGISTRY: join(job.root, 'registry')}
    expect(runStep('publish', job, {}, {job: 'publish', env}).code).toBe(0)
    const inputs = {endpoint: 'http://127.0.0.1:9', 'endpoint-token': TOKEN, version: 'v1', deadline: '2s'}
    const step = runStep('deploy-canary', job, inputs, {job: 'deploy', env})
    expect(step).toMatchObject({code: 1, outputs: {outcome: 'red'}})
    expect(step.log).toMatch(/127\.0\.0\.1:9/)
    expect(readdirSync(join(job.root, 'registry/models/wages/aliases'))).toEqual(['candidate.json'])
  })
})

import {existsSync} from 'node:fs'
import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import type {Material} from '#shared/evidence/evidence'
import {folderStores} from '#shared/registry/folder'
import {registryOn} from '#shared/registry/registry'
import {fingerprintOf} from '#shared/training/fingerprint'
import {registryWorld, temporaryFolder} from '../../support/registry.js'
import {folderOf, onTerminal} from '../../support/step.js'

const SCRIPT = `import {appendFileSync, readFileSync, writeFileSync} from 'node:fs'
appendFileSync(process.env.RUNS, 'run\\n')
writeFileSync('model.onnx', 'a model of ' + readFileSync('data/train.csv', 'utf8'))
writeFileSync('metrics.json', '{"train_auc": 0.75}')
writeFileSync('history.jsonl', '{"step": 1, "loss": 0.7}\\n{"step": 2, "loss": 0.5}\\n')
console.log('the last line')
`
const CONFIG = `name: wages
data: data/train.csv
train:
  command: node train.mjs
  model: model.onnx
  metrics: metrics.json
  history: history.jsonl
  parameters: params.yml
publish:
  require: train
  isolation: none
`

/** A repository, a registry beside it, and how often its training ran. */
async function yard(more: Readonly<Record<string, string>> = {}) {
  const files = {'train.mjs': SCRIPT, 'data/train.csv': 'x\n1\n', 'params.yml': 'lr: 0.1\n', 'trainyard.yml': CONFIG, ...more}
  const folder = await folderOf(files)
  const beside = await temporaryFolder()
  const registry = join(beside, 'registry')
  await mkdir(registry)
  const env = {PATH: process.env.PATH ?? '', RUNS: join(beside, 'runs'), TRAINYARD_REGISTRY: registry}
  return {
    folder,
    registry,
    read: () => registryOn(folderStores(registry, registry, {now: () => new Date()}), registryWorld()),
    runs: async () => (await readFile(env.RUNS, 'utf8')).split('\n').length - 1,
    train: (flags: Readonly<Record<string, string>> = {}) => onTerminal(folder, 'train', {reuse: 'registry', ...flags}, env),
    publish: (flags: Readonly<Record<string, string>> = {}) => onTerminal(folder, 'publish', flags, env),
    clean: async () => {
      for (const name of ['model.onnx', 'metrics.json', 'history.jsonl', 'trainyard-out'])
        await rm(join(folder, name), {recursive: true, force: true})
    }
  }
}

/** A yard whose training was done and published once, and whose workspace is as it was before. */
async function published(more: Readonly<Record<string, string>> = {}) {
  const one = await yard(more)
  expect((await one.train()).code).toBe(0)
  expect((await one.publish()).code).toBe(0)
  await one.clean()
  return one
}

test('an unchanged training is restored from the registry: model, metrics, history, last lines; said in log and evidence', async () => {
  const {folder, train, runs, publish} = await published()
  const {code, evidence, log} = await train()
  expect(code).toBe(0)
  expect(await runs()).toBe(1)
  expect(await readFile(join(folder, 'model.onnx'), 'utf8')).toBe('a model of x\n1\n')
  expect(await readFile(join(folder, 'metrics.json'), 'utf8')).toBe('{"train_auc": 0.75}')
  expect(await readFile(join(folder, 'history.jsonl'), 'utf8')).toContain('"step": 2')
  expect(log).toContain('its result is restored from the registry: wages v1, the command is not run')
  expect(log).toContain('  the last line')
  expect(evidence?.checks.map(({id, verdict}) => [id, verdict])).toEqual([
    ['train.restored', 'pass'],
    ['train.model', 'pass'],
    ['train.data', 'pass'],
    ['train.metrics', 'pass'],
    ['train.history', 'pass']
  ])
  expect(evidence?.checks[0].message).toMatch(
    /^node train\.mjs was not run: nothing that it declares has changed since \d{4}-.* \(fingerprint [0-9a-f]{12}\), and its result was restored from the registry: wages v1, verified by digest$/
  )
  expect(evidence?.checks[1].message).toContain('model.onnx was restored')
  expect(Object.fromEntries((evidence?.facts ?? []).map(({name, value}) => [name, value]))).toMatchObject({
    'restored from': 'registry: wages v1',
    train_auc: 0.75,
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/)
  })
  expect(evidence?.figures.map(({id}) => id)).toEqual(['history(loss)'])
  expect((await publish()).log).toContain('wages v1 was published before with the same digest')
})

test('a training that was restored can be published under another name, and is found there again', async () => {
  const {train, publish, clean, runs, read} = await published()
  await train()
  expect((await publish({name: 'wages-too'})).code).toBe(0)
  expect((await read().manifest('wages-too', 'v1')).lineage.fingerprint).toMatch(/^[0-9a-f]{64}$/)
  await clean()
  expect((await train({name: 'wages-too'})).log).toContain('restored from the registry: wages-too v1')
  expect(await runs()).toBe(1)
})

test('a registry inside the repository is no code: what is published there leaves the fingerprint as it is', async () => {
  const {folder, train, publish, clean, runs} = await yard()
  await mkdir(join(folder, 'registry'))
  const registry = join(folder, 'registry')
  await train({registry})
  await publish({registry})
  await clean()
  expect((await train({registry})).log).toContain('restored from the registry: wages v1')
  expect(await runs()).toBe(1)
})

describe('done anew', () => {
  test.each([
    ['the data', 'data/train.csv', 'x\n2\n'],
    ['the code, also where it is not committed', 'train.mjs', `${SCRIPT}// another\n`],
    ['a file beside the code', 'lib/model.mjs', 'export const depth = 3\n'],
    ['the parameters', 'params.yml', 'lr: 0.2\n']
  ])('where %s changed', async (_, path, text) => {
    const {folder, train, runs} = await published({'lib/model.mjs': 'export const depth = 2\n'})
    await writeFile(join(folder, path), text)
    const {code, log} = await train()
    expect(code).toBe(0)
    expect(log).toMatch(/^reuse: no training of the fingerprint [0-9a-f]{12} is known$/m)
    expect(await runs()).toBe(2)
  })

  test('where the command is another', async () => {
    const {train, runs} = await published()
    await train({command: 'node train.mjs --epochs 2'})
    expect(await runs()).toBe(2)
  })

  test('where reuse is not asked for, whatever the registry knows', async () => {
    const {train, runs} = await published()
    expect((await train({reuse: ''})).code).toBe(0)
    expect(await runs()).toBe(2)
  })

  test('where no data are declared, which is said', async () => {
    const {folder, train, runs} = await published()
    await writeFile(join(folder, 'trainyard.yml'), CONFIG.replace('data: data/train.csv\n', ''))
    const {code, log, evidence} = await train()
    expect(code).toBe(0)
    expect(log).toContain('reuse: nothing is reused, for no data are declared: what the command reads is not known')
    expect(evidence?.facts.some(({name}) => name === 'fingerprint')).toBe(false)
    expect(await runs()).toBe(2)
  })

  test.each([
    ['the model is damaged', (bytes: string) => bytes.includes('a model of'), 'the registry returns other bytes than were published'],
    [
      'the record of the training is damaged',
      (bytes: string) => bytes.includes('trainyard:training:v1'),
      'training.json: the registry returns other bytes'
    ]
  ])('where %s in the registry: a line of the log, and green', async (_, which, message) => {
    const {train, runs, registry} = await published()
    const blobs = join(registry, 'blobs/sha256')
    for (const name of await readdir(blobs)) {
      const text = await readFile(join(blobs, name), 'utf8')
      if (which(text) && !text.includes('"schema": "urn:trainyard:evidence')) await writeFile(join(blobs, name), text.replace('a', 'b'))
    }
    const {code, log} = await train()
    expect(code).toBe(0)
    expect(log).toContain("reuse: the registry can't be used: ")
    expect(log).toContain(message)
    expect(await runs()).toBe(2)
  })

  test('where the registry can not be reached: a line of the log, and green', async () => {
    const {train, runs, registry} = await published()
    await rm(registry, {recursive: true})
    const {code, log} = await train()
    expect(code).toBe(0)
    expect(log).toContain("reuse: the registry can't be used: ")
    expect(await runs()).toBe(2)
  })
})

test.each([
  [{reuse: 'registy'}, 'reuse: expected registry or cache, got "registy"'],
  [{reuse: 'registry', registry: ''}, 'reuse: registry needs the input registry']
])('%j is refused before anything runs', async (flags, message) => {
  const folder = await folderOf({'train.mjs': SCRIPT, 'data/train.csv': 'x\n1\n', 'params.yml': '', 'trainyard.yml': CONFIG})
  const {code, log} = await onTerminal(folder, 'train', flags, {PATH: process.env.PATH ?? ''})
  expect(code).toBe(2)
  expect(log).toContain(message)
  expect(existsSync(join(folder, 'model.onnx'))).toBe(false)
})

describe('keep-data', () => {
  test('keeps the data of the training with the version, by content', async () => {
    const {train, publish, read, folder} = await yard()
    await train()
    expect((await publish({'keep-data': 'true'})).code).toBe(0)
    const {kept = []} = await read().manifest('wages', 'v1')
    expect(kept.map(({kind, path}) => [kind, path])).toEqual([
      ['data', 'data/train.csv'],
      ['training', 'training.json']
    ])
    const [back] = await read().fetchKept('wages', 'v1', 'data', join(folder, 'back'))
    expect(await readFile(back, 'utf8')).toBe('x\n1\n')
  })

  test.each([
    ['changed since', async (path: string) => await writeFile(path, 'x\n9\n'), 'keep-data: data/train.csv was sha256'],
    ['are not here', async (path: string) => await rm(path), 'keep-data: ']
  ])('data that %s: nothing is published', async (_, harm, message) => {
    const {train, publish, read, folder} = await yard()
    await train()
    await harm(join(folder, 'data/train.csv'))
    const {code, log} = await publish({'keep-data': 'true'})
    expect(code).not.toBe(0)
    expect(log).toContain(message)
    expect(await read().versions('wages')).toEqual([])
  })
})

test('the fingerprint depends on every material and on every output, not on their order', () => {
  const material = (kind: Material['kind'], name: string, letter: string): Material => ({kind, name, digest: {sha256: letter.repeat(64)}})
  const all = [material('data', 'a.csv', 'a'), material('code', '3 files', 'b'), material('environment', 'linux', 'c')]
  const outputs = {model: 'model.onnx', metrics: 'metrics.json'}
  const one = fingerprintOf(all, outputs)
  expect(fingerprintOf(all.toReversed(), {metrics: 'metrics.json', model: 'model.onnx'})).toBe(one)
  const others = [
    ...all.map((_, index) => fingerprintOf(all.toSpliced(index, 1), outputs)),
    ...all.map((own, index) => fingerprintOf(all.with(index, {...own, digest: {sha256: 'f'.repeat(64)}}), outputs)),
    fingerprintOf(all, {model: 'model.onnx'}),
    fingerprintOf(all, {model: 'model.onnx', history: 'metrics.json'})
  ]
  expect(new Set([one, ...others]).size).toBe(others.length + 1)
})

import {execFile, execFileSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {beforeAll, describe, expect, test} from 'vitest'
import type {Evidence} from '#shared/evidence/evidence'
import {parseEvidence} from '#shared/evidence/schema'
import {type CacheService, cacheService} from '../../support/cache-service.js'
import {compile} from '../../support/compile.js'
import {temporaryFolder} from '../../support/registry.js'

let program: string
let hasty: string

beforeAll(async () => {
  const compiled = await Promise.all(['step', 'hasty-step'].map(name => compile(`test/actions/train/${name}.ts`)))
  ;[program, hasty] = compiled.map(one => one.program)
  return async () => void (await Promise.all(compiled.map(one => one.remove())))
})

const SCRIPT = `import {appendFileSync, readFileSync, writeFileSync} from 'node:fs'
appendFileSync('../runs', 'run\\n')
writeFileSync('model.onnx', 'a model of ' + readFileSync('train.csv', 'utf8'))
writeFileSync('metrics.json', '{"train_auc": 0.75}')
console.log('the last line')
`

interface Ended {
  readonly code: number
  readonly log: string
  readonly evidence: Evidence | undefined
}

/** A runner that trains in a fresh workspace each time, beside a cache service. */
async function runner(step = program) {
  const service = await cacheService()
  const train = async (change: Readonly<Record<string, string>> = {}, env: Readonly<Record<string, string>> = {}) => {
    const root = await temporaryFolder()
    const workspace = join(root, 'workspace')
    const files = {'train.mjs': SCRIPT, 'train.csv': 'x\n1\n', '.gitignore': 'model.onnx\nmetrics.json\n', ...change}
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(workspace, path)), {recursive: true})
      await writeFile(join(workspace, path), text)
    }
    const ended = await trained(step, root, workspace, service, env)
    const runs = existsSync(join(root, 'runs')) ? (await readFile(join(root, 'runs'), 'utf8')).length / 4 : 0
    return {...ended, runs, root, workspace}
  }
  return {service, train}
}

async function trained(
  step: string,
  root: string,
  workspace: string,
  service: CacheService,
  more: Readonly<Record<string, string>>
): Promise<Ended> {
  const inputs = {COMMAND: 'node train.mjs', MODEL: 'model.onnx', DATA: 'train.csv', METRICS: 'metrics.json', REUSE: 'cache'}
  const env = {
    ...{
      PATH: process.env.PATH,
      HOME: root,
      RUNNER_TEMP: join(root, 'temp'),
      GITHUB_WORKSPACE: workspace,
      GITHUB_ACTIONS: 'true',
      GITHUB_JOB: 'train'
    },
    ...{ACTIONS_RESULTS_URL: service.address, ACTIONS_RUNTIME_TOKEN: 'token', ACTIONS_CACHE_SERVICE_V2: 'true'},
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name}`, value])),
    ...more
  }
  await mkdir(env.RUNNER_TEMP, {recursive: true})
  const ended = await new Promise<{code: number; log: string}>(resolve => {
    const child = execFile(process.execPath, [step], {cwd: workspace, env}, (_, stdout, stderr) =>
      resolve({code: child.exitCode ?? -1, log: stdout + stderr})
    )
  })
  const outDir = join(root, 'temp/trainyard/train')
  const name = (await readdir(outDir)).find(one => /^train-[0-9a-f]{12}\.json$/.test(one))
  return {...ended, evidence: name === undefined ? undefined : parseEvidence(JSON.parse(await readFile(join(outDir, name), 'utf8')), name)}
}

test('a second runner restores what the first one trained, and says so; a changed file is trained anew', async () => {
  const {service, train} = await runner()
  const first = await train()
  expect(first).toMatchObject({code: 0, runs: 1})
  expect(first.log).toMatch(/^reuse: no training of the fingerprint [0-9a-f]{12} is known$/m)
  expect(first.log).toMatch(/^reuse: kept in the cache under the fingerprint [0-9a-f]{12}$/m)
  expect([...service.entries.values()]).toMatchObject([{whole: true, key: expect.stringMatching(/^trainyard-training-v1-[0-9a-f]{64}$/)}])
  const second = await train()
  expect(second).toMatchObject({code: 0, runs: 0})
  expect(second.log).toContain('its result is restored from the cache of GitHub Actions, the command is not run')
  expect(second.evidence?.checks[0]).toMatchObject({id: 'train.restored', verdict: 'pass'})
  expect(second.evidence?.facts).toContainEqual({name: 'restored from', value: 'cache of GitHub Actions'})
  expect(second.evidence?.subjects).toEqual(first.evidence?.subjects)
  expect(await readFile(join(second.workspace, 'model.onnx'), 'utf8')).toBe('a model of x\n1\n')
  expect(await readFile(join(second.workspace, 'metrics.json'), 'utf8')).toBe('{"train_auc": 0.75}')
  expect(existsSync(join(second.workspace, 'trainyard-out/reuse'))).toBe(false)
  expect(await train({'train.csv': 'x\n2\n'})).toMatchObject({code: 0, runs: 1})
})

describe('an archive that somebody else packed under the fingerprint', () => {
  let filled: CacheService['entries'] | undefined

  /** A runner whose cache holds one training, unpacked in a workspace, changed, and packed again from there with `names`. */
  async function poisoned(change: (workspace: string) => Promise<unknown>, names: readonly string[] = []) {
    const {service, train} = await runner()
    if (filled === undefined) {
      await train()
      filled = new Map([...service.entries].map(([id, entry]) => [id, {...entry}]))
    }
    for (const [id, entry] of filled) service.entries.set(id, {...entry})
    const [entry] = service.entries.values()
    const workspace = join(await temporaryFolder(), 'workspace')
    await mkdir(workspace)
    await writeFile(join(workspace, '../archive'), entry.archive)
    execFileSync('tar', ['-xf', '../archive'], {cwd: workspace})
    await change(workspace)
    execFileSync('tar', ['-P', '--zstd', '-cf', '../packed', inside, ...names], {cwd: workspace})
    entry.archive = await readFile(join(workspace, '../packed'))
    return await train()
  }
  const inside = 'trainyard-out/reuse'

  test.each([
    ['another model', async (folder: string) => await writeFile(join(folder, inside, 'model/model.onnx'), 'evil'), 'its model has sha256'],
    ['no record', async (folder: string) => await rm(join(folder, inside, 'training.json')), 'training.json: no such file'],
    [
      'a torn record',
      async (folder: string) => await writeFile(join(folder, inside, 'training.json'), '{"schema"'),
      'not a whole JSON document'
    ],
    [
      'two models',
      async (folder: string) => await writeFile(join(folder, inside, 'model/other.onnx'), 'x'),
      'expected one model beside its record'
    ],
    [
      'the record of another training',
      async (folder: string) => {
        const path = join(folder, inside, 'training.json')
        await writeFile(path, (await readFile(path, 'utf8')).replace(/"fingerprint": "[0-9a-f]{64}"/, `"fingerprint": "${'a'.repeat(64)}"`))
      },
      'is of another training, fingerprint aaaa'
    ],
    [
      'metrics that are none',
      async (folder: string) => {
        const path = join(folder, inside, 'training.json')
        await writeFile(path, (await readFile(path, 'utf8')).replace('0.75', 'NaN'))
      },
      'the result from the cache of GitHub Actions is not taken'
    ]
  ])('with %s is not taken: a line of the log, trained anew, green', async (_, harm, message) => {
    const again = await poisoned(harm)
    expect(again.log).toContain(message)
    expect(again).toMatchObject({code: 0, runs: 1})
    expect(await readFile(join(again.workspace, 'model.onnx'), 'utf8')).toBe('a model of x\n1\n')
  })

  test('that puts evidence beside that of the actions makes the step red, and names it', async () => {
    const planted = 'judge/evaluate-0123456789ab.json'
    const {code, evidence} = await poisoned(
      async workspace => {
        await mkdir(join(workspace, '../temp/trainyard/judge'), {recursive: true})
        await writeFile(join(workspace, '../temp/trainyard', planted), '{}')
      },
      [`../temp/trainyard/${planted}`]
    )
    expect(code).toBe(1)
    expect(evidence?.checks.find(({id}) => id === 'train.evidence')).toMatchObject({
      verdict: 'error',
      message: expect.stringContaining(planted)
    })
  })
})

describe('a cache that does not work', () => {
  test.each([
    ['answers 400', 400],
    ['forbids', 403],
    ['is asked too often', 429]
  ])('%s: trained as ever, green, and nothing is an error', async (_, status) => {
    const {service, train} = await runner()
    service.failWith = status
    const {code, log, runs} = await train()
    expect({code, runs}).toEqual({code: 0, runs: 1})
    expect(service.calls.length).toBeGreaterThan(0)
    expect(log).toContain('reuse: not kept in the cache')
    expect(log).not.toMatch(/^::(?:error|warning)/m)
    expect(log).toMatch(/^::notice/m)
  })

  test('is not there: said, and nobody is called', async () => {
    const {service, train} = await runner()
    const {code, log, runs} = await train({}, {ACTIONS_RESULTS_URL: ''})
    expect({code, runs, calls: service.calls}).toEqual({code: 0, runs: 1, calls: []})
    expect(log).toContain('reuse: there is no cache of GitHub Actions here')
  })
  // A minute is a tenth of a second here; the sockets of GitHub's client give up after three real ones.
  test.each([
    ['is asked', /GetCacheEntryDownloadURL/, 1],
    ['sends', /GET \/blob\//, 2],
    ['is to keep something', /CreateCacheEntry/, 0],
    ['receives', /PUT \/blob\//, 0]
  ])('hangs when it %s: not waited for, trained as ever, green, and the step ends', {timeout: 40_000}, async (_, hangs, before) => {
    const {service, train} = await runner(hasty)
    if (before === 2) expect(await train()).toMatchObject({code: 0, runs: 1})
    service.hangs = hangs
    const startedMs = performance.now()
    const {code, log, runs, evidence} = await train()
    expect({code, runs, verdict: evidence?.verdict}).toEqual({code: 0, runs: 1, verdict: 'pass'})
    expect(log).toMatch(/^::notice::The cache of GitHub Actions did not answer within (?:60|600) s, and is not waited for$/m)
    expect(log).toContain('reuse: not kept in the cache')
    expect(log).not.toMatch(/^::(?:error|warning)/m)
    expect(service.calls.filter(call => hangs.test(call))).toHaveLength(1)
    if (before > 0) expect(service.calls.filter(call => /CreateCacheEntry/.test(call))).toHaveLength(before - 1)
    expect(performance.now() - startedMs).toBeLessThan(20_000)
  })
})

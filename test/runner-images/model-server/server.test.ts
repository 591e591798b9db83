import {createHash} from 'node:crypto'
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {loadStandIn, modelBytes, type Served, serve, TOKEN} from '../../support/served-model.js'

const first = modelBytes({score: 0.25})
const second = modelBytes({score: 0.75})
let data: string
let served: Served

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'model-server-'))
  served = await serve(data)
})
afterEach(async () => {
  await served.drain(1000)
  await rm(data, {recursive: true})
})

const headers = {authorization: `Bearer ${TOKEN}`}
const ask = (method: string, path: string, body?: string | Buffer, extra: Record<string, string> = {}) =>
  fetch(`${served.address}${path}`, {method, body: body && new Uint8Array(Buffer.from(body)), headers: {...headers, ...extra}})
const put = (model: {bytes: Buffer; digest: string}) => ask('PUT', `/versions/${model.digest}`, model.bytes)
const move = (weights: Record<string, number>, generation: number) =>
  ask('PUT', '/weights', JSON.stringify(weights), {'if-match': `"${generation}"`})
const predict = (rows: unknown) => ask('POST', '/predict', JSON.stringify({rows}))
const errorOf = async (response: Response) => ((await response.json()) as {error: string}).error
const metrics = async () => (await ask('GET', '/metrics')).text()

test('a version is taken once, by the digest of its bytes', async () => {
  expect((await put(first)).status).toBe(201)
  expect((await put(first)).status).toBe(200)
  const {versions} = (await (await ask('GET', '/versions')).json()) as {versions: {digest: string; size: number}[]}
  expect(versions).toMatchObject([{digest: first.digest, size: first.bytes.length}])
  expect(await readFile(join(data, 'versions', `${first.digest}.onnx`))).toEqual(first.bytes)
})

test('bytes of another digest, and bytes that do not load, are refused with the reason and leave nothing', async () => {
  const wrong = await ask('PUT', `/versions/${second.digest}`, first.bytes)
  expect([wrong.status, await errorOf(wrong)]).toEqual([422, expect.stringContaining(`got ${first.digest}`)])
  const broken = Buffer.from('no model')
  const refused = await ask('PUT', `/versions/${createHash('sha256').update(broken).digest('hex')}`, broken)
  expect([refused.status, await errorOf(refused)]).toEqual([422, expect.stringContaining("can't be served")])
  expect(await readdir(join(data, 'versions'))).toEqual([])
})

test('a model over the limit is a 413, with and without a length', async () => {
  const large = Buffer.alloc(200_000, 'x')
  const known = await ask('PUT', `/versions/${first.digest}`, large)
  const stream = new ReadableStream({
    start: controller => {
      controller.enqueue(new Uint8Array(large))
      controller.close()
    }
  })
  const init = {method: 'PUT', body: stream, headers, duplex: 'half' as const}
  const chunked = await fetch(`${served.address}/versions/${first.digest}`, init)
  expect([known.status, chunked.status]).toEqual([413, 413])
  expect(await readdir(join(data, 'versions'))).toEqual([])
})

test('only predict, metrics and health answer without the token', async () => {
  for (const [method, path] of [
    ['GET', '/versions'],
    ['PUT', `/versions/${first.digest}`],
    ['GET', '/weights'],
    ['PUT', '/weights']
  ]) {
    for (const authorization of ['', `Bearer ${TOKEN}x`, TOKEN, `bearer ${TOKEN}`]) {
      const response = await ask(method, path, method === 'PUT' ? '{}' : undefined, {authorization})
      expect([path, response.status]).toEqual([path, 401])
      expect(await response.text()).not.toContain(TOKEN)
    }
  }
  for (const path of ['/metrics', '/healthz']) expect((await fetch(`${served.address}${path}`)).status).toBe(200)
  expect((await fetch(`${served.address}/predict`, {method: 'POST', body: '{"rows": [{}]}'})).status).toBe(503)
})

test('weights move only from the generation that the writer saw', async () => {
  await put(first)
  await put(second)
  const start = await ask('GET', '/weights')
  expect([await start.json(), start.headers.get('etag')]).toEqual([{}, '"0"'])
  const moved = await move({[first.digest]: 90, [second.digest]: 10}, 0)
  expect([moved.status, moved.headers.get('etag')]).toEqual([200, '"1"'])
  expect((await move({[second.digest]: 100}, 0)).status).toBe(412)
  expect((await ask('PUT', '/weights', JSON.stringify({[second.digest]: 100}))).status).toBe(428)
  expect((await ask('PUT', '/weights', JSON.stringify({[second.digest]: 100}), {'if-match': '*'})).status).toBe(400)
  expect(await (await ask('GET', '/weights')).json()).toEqual({[first.digest]: 90, [second.digest]: 10})
})

test('of many writers that saw one generation exactly one wins', async () => {
  await put(first)
  const answers = await Promise.all(Array.from({length: 20}, () => move({[first.digest]: 100}, 0)))
  expect(answers.map(answer => answer.status).sort()).toEqual([200, ...Array(19).fill(412)])
})

test.each([
  ['a sum of 90', {[first.digest]: 90}, 400],
  ['half a percent', {[first.digest]: 99.5, [second.digest]: 0.5}, 400],
  ['a negative percent', {[first.digest]: 110, [second.digest]: -10}, 400],
  ['text', {[first.digest]: '100'}, 400],
  ['no digest', {latest: 100}, 400],
  ['a list', [100], 400],
  ['what is not loaded', {[modelBytes({score: 0.5}).digest]: 100}, 409]
])('weights of %s are refused and change nothing', async (_, weights, status) => {
  await put(first)
  await put(second)
  expect((await ask('PUT', '/weights', JSON.stringify(weights), {'if-match': '"0"'})).status).toBe(status)
  expect((await ask('GET', '/weights')).headers.get('etag')).toBe('"0"')
})

test('predictions are split by weight and counted by version', async () => {
  await put(first)
  await put(second)
  await move({[first.digest]: 80, [second.digest]: 20}, 0)
  const scores: number[] = []
  for (let request = 0; request < 300; request++) {
    const {version, scores: made} = await served.serving.predict([{}], performance.now())
    expect(made).toEqual(Float64Array.of(version === first.digest ? 0.25 : 0.75))
    scores.push(made[0])
  }
  const canary = scores.filter(score => score === 0.75).length
  expect(canary).toBeGreaterThan(35)
  expect(canary).toBeLessThan(90)
  const page = await metrics()
  expect(page).toContain(`requests_total{version="${second.digest}"} ${canary}\n`)
  expect(page).toContain(`errors_total{version="${second.digest}"} 0\n`)
  expect(page).toContain(`request_seconds_bucket{le="0.25",version="${second.digest}"} ${canary}\n`)
})

test('an answer names its version; a failing graph is a 500 that counts, a bad request a 400 that does not', async () => {
  const failing = modelBytes({score: 0.5, failing: 1})
  await put(failing)
  await move({[failing.digest]: 100}, 0)
  for (const body of ['{', '[]', '{"rows": []}', '{"rows": [1]}', '{"rows": [{"a": [1]}]}'])
    expect((await ask('POST', '/predict', body)).status).toBe(400)
  expect((await ask('POST', '/predict', JSON.stringify({rows: [{a: 'x'.repeat(20_000)}]}))).status).toBe(413)
  const failed = await predict([{a: 1}])
  expect([failed.status, failed.headers.get('x-model-version')]).toEqual([500, failing.digest])
  expect(await metrics()).toContain(`requests_total{version="${failing.digest}"} 1\n`)
  expect(await metrics()).toContain(`errors_total{version="${failing.digest}"} 1\n`)
})

test('a value that no version can take is the mistake of the client, one that a single version refuses is a failure of that version', async () => {
  const strict = modelBytes({score: 0.5, numbers: ['age']})
  await put(strict)
  await move({[strict.digest]: 100}, 0)
  expect((await predict([{age: 'old'}])).status).toBe(400)
  expect(await metrics()).toContain(`requests_total{version="${strict.digest}"} 0\n`)
  await put(first)
  await move({[strict.digest]: 99, [first.digest]: 1}, 1)
  const statuses = new Set<number>()
  for (let request = 0; request < 10; request++) statuses.add((await predict([{age: 'old'}])).status)
  expect(statuses).toContain(500)
  expect(statuses).not.toContain(400)
})

test('versions, weights and generation survive a restart; a torn upload does not', async () => {
  await put(first)
  await put(second)
  await move({[first.digest]: 90, [second.digest]: 10}, 0)
  await writeFile(join(data, 'versions', 'tmp-1-abc'), 'half')
  await served.drain(1000)
  served = await serve(data)
  const weights = await ask('GET', '/weights')
  expect([await weights.json(), weights.headers.get('etag')]).toEqual([{[first.digest]: 90, [second.digest]: 10}, '"1"'])
  expect(await readdir(join(data, 'versions'))).toHaveLength(2)
  expect((await predict([{}])).status).toBe(200)
})

test('a server whose weights name a version that is damaged or gone does not start', async () => {
  await put(first)
  await move({[first.digest]: 100}, 0)
  await served.drain(1000)
  await writeFile(join(data, 'versions', `${first.digest}.onnx`), 'damaged')
  await expect(serve(data)).rejects.toThrow(`version ${first.digest}: takes 100% of the traffic`)
  await writeFile(join(data, 'weights.json'), '{"generation": 1')
  await expect(serve(data)).rejects.toThrow('weights.json: expected')
  await rm(join(data, 'weights.json'))
  served = await serve(data)
  expect(served.lines).toEqual([expect.stringContaining(`version ${first.digest}: left out`)])
})

test('beyond the limit the oldest version without weight goes, never one with traffic', async () => {
  await served.drain(1000)
  served = await serve(data, {keep: 2})
  await put(first)
  await move({[first.digest]: 100}, 0)
  await put(second)
  const third = modelBytes({score: 0.5})
  await put(third)
  const {versions} = (await (await ask('GET', '/versions')).json()) as {versions: {digest: string}[]}
  expect(versions.map(version => version.digest)).toEqual([first.digest, third.digest])
  expect(await metrics()).not.toContain(second.digest)
})

test('a version that is just being given weight is not unloaded meanwhile', async () => {
  await served.drain(1000)
  served = await serve(data, {keep: 2})
  const models = [0.1, 0.2, 0.3, 0.4, 0.5].map(score => modelBytes({score}))
  await put(models[0])
  await move({[models[0].digest]: 100}, 0)
  for (const [index, model] of models.slice(1).entries()) {
    const {generation} = served.serving.weights()
    const [, moved] = await Promise.all([put(model), move({[models[index].digest]: 100}, generation)])
    if (moved.status === 409) continue
    expect((await predict([{}])).status).toBe(200)
  }
})

test('unknown paths and methods are said', async () => {
  expect((await ask('GET', '/nothing')).status).toBe(404)
  const wrong = await ask('DELETE', '/weights')
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, PUT'])
  expect((await ask('PUT', '/versions/latest', 'x')).status).toBe(400)
})

test('draining lets a running request end', async () => {
  const slow = modelBytes({score: 0.5, delayMs: 150})
  await put(slow)
  await move({[slow.digest]: 100}, 0)
  const running = predict([{}])
  await new Promise(resolve => setTimeout(resolve, 50))
  await served.drain(2000)
  expect((await running).status).toBe(200)
  await expect(predict([{}])).rejects.toThrow('fetch failed')
  served = await serve(data)
})

test('the stand-in fails as often as it is told', async () => {
  const path = join(data, 'model.json')
  await writeFile(path, JSON.stringify({score: 1, failing: 0.25}))
  const scorer = await loadStandIn(path)
  const outcomes = await Promise.allSettled(Array.from({length: 100}, () => scorer.score([{}])))
  expect(outcomes.filter(outcome => outcome.status === 'rejected')).toHaveLength(25)
})

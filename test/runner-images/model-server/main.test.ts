import {type ChildProcess, execFile, spawn} from 'node:child_process'
import {createHash} from 'node:crypto'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openTelemetry} from '#shared/telemetry/telemetry'
import {modelServer} from '#shared/traffic/model-server'
import {compile} from '../../support/compile.js'
import {logistic, rejecting} from '../../support/onnx.js'

const TOKEN = 'token-of-a-real-process'
let compiled: Awaited<ReturnType<typeof compile>>
let folder: string
beforeAll(async () => {
  compiled = await compile('test/support/model-server-child.ts')
  folder = await mkdtemp(join(tmpdir(), 'model-server-main-'))
})
afterAll(async () => {
  await compiled.remove()
  await rm(folder, {recursive: true, force: true})
})

interface Running {
  readonly child: ChildProcess
  readonly address: string
  readonly ended: Promise<{code: number | null; out: string; err: string}>
}

function start(args: readonly string[], env: Record<string, string> = {MODEL_SERVER_TOKEN: TOKEN}) {
  const child = spawn(process.execPath, [compiled.program, ...args], {
    env: {PATH: process.env.PATH, ...env},
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const text = {out: '', err: ''}
  child.stdout.on('data', chunk => {
    text.out += chunk
  })
  child.stderr.on('data', chunk => {
    text.err += chunk
  })
  const ended = new Promise<{code: number | null; out: string; err: string}>(resolve => child.on('close', code => resolve({code, ...text})))
  return {child, ended, text}
}

async function listening(args: readonly string[]): Promise<Running> {
  const {child, ended, text} = start(['--port', '0', ...args])
  for (;;) {
    const address = /listening on (\S+)/.exec(text.out)?.[1]
    if (address !== undefined) return {child, ended, address}
    if (child.exitCode !== null) throw new Error(text.err)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

const endpointOf = (address: string) => modelServer({address, token: TOKEN, fetch, sleep: async () => undefined})
const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const predict = (address: string, rows: unknown) => fetch(`${address}/predict`, {method: 'POST', body: JSON.stringify({rows})})

async function upload(address: string, bytes: Buffer): Promise<string> {
  const path = join(folder, digestOf(bytes))
  await writeFile(path, bytes)
  await endpointOf(address).upload(digestOf(bytes), path)
  return digestOf(bytes)
}

test('a real model is served, survives a restart with its weights, and the server drains on SIGTERM', async () => {
  const args = ['--data', join(folder, 'data')]
  const first = await listening(args)
  const digest = await upload(first.address, logistic([1, -1], 0.5, ['education', 'age']))
  await endpointOf(first.address).setWeights({[digest]: 100}, (await endpointOf(first.address).weights()).generation)
  const scores = async (address: string, rows: unknown) => (await (await predict(address, rows)).json()) as {scores: number[]}
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
  const asked = [
    {education: 2, age: 1, unused: 'x'},
    {age: '3', education: 0}
  ]
  const made = (await scores(first.address, asked)).scores
  expect(made[0]).toBeCloseTo(sigmoid(1.5), 6)
  expect(made[1]).toBeCloseTo(sigmoid(-2.5), 6)
  expect((await predict(first.address, [{education: 'none', age: 1}])).status).toBe(400)
  expect((await predict(first.address, [{age: 1}])).status).toBe(500)
  const {snapshot} = await openTelemetry({address: `${first.address}/metrics`, fetch}).read()
  expect(snapshot.versions[digest]).toMatchObject({requests: 2, errors: 1})
  first.child.kill('SIGTERM')
  const {code, out} = await first.ended
  expect([code, out]).toEqual([0, expect.stringContaining('SIGTERM: draining')])
  expect(out).not.toContain(TOKEN)

  const second = await listening(args)
  expect((await endpointOf(second.address).weights()).weights).toEqual({[digest]: 100})
  expect((await scores(second.address, asked)).scores).toEqual(made)
  second.child.kill('SIGKILL')
  await second.ended
})

test('a graph that rejects a category is served, and its failures are counted', async () => {
  const running = await listening(['--data', join(folder, 'rejecting')])
  const digest = await upload(running.address, rejecting({north: 0.25, south: 0.75}))
  await endpointOf(running.address).setWeights({[digest]: 100}, '"0"')
  const answers = [await predict(running.address, [{plan: 'north'}]), await predict(running.address, [{plan: 'mars'}])]
  expect(answers.map(answer => answer.status)).toEqual([200, 500])
  expect((await answers[1].json()) as object).toEqual({error: expect.stringContaining(`model ${digest}`)})
  expect(await answers[0].json()).toEqual({scores: [0.25]})
  expect((await predict(running.address, [{plan: 'mars'}])).status).toBe(500)
  running.child.kill('SIGTERM')
  const {out} = await running.ended
  expect(out.match(/a prediction failed/g)).toHaveLength(1)
  expect(out).toContain(`version ${digest}: a prediction failed: `)
})

test('a file that is no model is refused with the reason', async () => {
  const running = await listening(['--data', join(folder, 'broken')])
  await expect(upload(running.address, Buffer.from('<html>not a model</html>'))).rejects.toThrow(/refuses model .*can't be served/)
  expect(await endpointOf(running.address).versions()).toEqual([])
  running.child.kill('SIGTERM')
  await running.ended
})

test.each(['--help', '-h'])('%s prints the options without a token, and serves nothing', async flag => {
  const {code, out, err} = await start([flag], {}).ended
  expect([code, err]).toEqual([0, ''])
  for (const option of ['port', 'host', 'data', 'token-file', 'body-limit', 'model-limit', 'keep'])
    expect(out).toContain(`\n  --${option} <`)
})

test.each([
  [['--port', 'http'], {MODEL_SERVER_TOKEN: TOKEN}, '--port: expected a whole number from 0 to 65535, got "http"'],
  [[], {}, 'token: expected printable characters without blanks, got none'],
  [[], {MODEL_SERVER_TOKEN: 'two words'}, 'token: expected printable characters'],
  [['--tokn', 'x'], {MODEL_SERVER_TOKEN: TOKEN}, "Unknown option '--tokn'"]
])('wrong options %j end with 2 and say what to mend', async (args, env, message) => {
  const {code, err} = await start([...args, '--data', join(folder, 'never')], env as Record<string, string>).ended
  expect([code, err]).toEqual([2, expect.stringContaining(message)])
  expect(err).not.toContain('two words')
})

test('under load every request is answered, and counted once', async () => {
  const running = await listening(['--data', join(folder, 'load')])
  const digest = await upload(running.address, logistic([1, -1], 0.5, ['education', 'age']))
  await endpointOf(running.address).setWeights({[digest]: 100}, '"0"')
  const load = join(import.meta.dirname, '../../support/load.mjs')
  const rows = JSON.stringify({rows: [{education: 1, age: 2}]})
  const {stdout} = await promisify(execFile)(process.execPath, [load, running.address, rows, '16', '1'])
  const {answers, failed} = JSON.parse(stdout)
  expect(failed).toBe(0)
  const {snapshot} = await openTelemetry({address: `${running.address}/metrics`, fetch}).read()
  expect(snapshot.versions[digest]).toMatchObject({requests: answers, errors: 0})
  expect(answers).toBeGreaterThan(100)
  running.child.kill('SIGTERM')
  await running.ended
})

import {spawn, spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {cpSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {median} from '../paired.mjs'
import {node, succeed} from '../process.mjs'
import {row} from '../table.mjs'

const TOKEN = 'token-of-the-benchmark'
const TARGET = 2000

/** Predictions a second of the model server with the example's model, one row a request; the server on one core, the requests from another. */
export async function server({root, rounds}) {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    const model = await trainExample(root, folder)
    const [names, first] = readFileSync(join(folder, 'wages/data/exam.csv'), 'utf8').split('\n')
    const cells = first.split(',')
    const body = JSON.stringify({rows: [Object.fromEntries(names.split(',').map((name, index) => [name, parseCell(cells[index])]))]})
    const running = await serve(root, folder)
    try {
      const rates = []
      await setModel(running.address, model)
      await load(root, folder, running.address, body, 1)
      for (let round = 0; round < rounds; round++) rates.push(await load(root, folder, running.address, body, 2))
      const cpuS = await running.stop()
      const answers = rates.reduce((sum, one) => sum + one.answers, 0)
      return [
        row({
          work: `model server, predictions a second on one core${pinned.length > 0 ? '' : ' (not pinned: there is no taskset, or one core)'}`,
          unit: '1/s',
          ours: median(rates.map(one => one.perSecond)),
          target: TARGET,
          more: true,
          oursCpuS: (cpuS * TARGET) / answers
        })
      ]
    } finally {
      running.child.kill('SIGKILL')
    }
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}

const pinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0 ? ['taskset', '--cpu-list'] : []
const onCore = (core, command) => (pinned.length > 0 ? [...pinned, String(core), ...command] : command)
const parseCell = text => (text === '' || Number.isNaN(Number(text)) ? text : Number(text))

async function trainExample(root, folder) {
  const example = join(folder, 'wages')
  cpSync(join(root, 'workflows-examples/wages'), example, {recursive: true})
  await succeed(node('train.mjs'), {cwd: example, usage: join(folder, 'usage.json')})
  return readFileSync(join(example, 'model.onnx'))
}

async function serve(root, folder) {
  const usage = join(folder, 'server.json')
  const [command, ...argv] = onCore(0, node(join(root, 'dist/model-server.js'), '--port', '0', '--data', join(folder, 'data')))
  const child = spawn(command, argv, {
    env: {PATH: process.env.PATH, MODEL_SERVER_TOKEN: TOKEN, BENCH_USAGE: usage},
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = new Promise(resolve => child.on('close', resolve))
  const address = await new Promise((resolve, reject) => {
    let out = ''
    child.stdout.setEncoding('utf8').on('data', chunk => {
      out += chunk
      const found = /listening on (\S+)/.exec(out)?.[1]
      if (found) resolve(found)
    })
    child.on('close', code => reject(new Error(`the model server ended with ${code}: ${out}`)))
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    return JSON.parse(readFileSync(usage, 'utf8')).cpuS
  }
  return {child, address, stop}
}

async function setModel(address, model) {
  const digest = createHash('sha256').update(model).digest('hex')
  const put = async (path, body, headers) => {
    const answer = await fetch(`${address}${path}`, {method: 'PUT', body, headers: {authorization: `Bearer ${TOKEN}`, ...headers}})
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`)
  }
  await put(`/versions/${digest}`, model, {})
  await put('/weights', JSON.stringify({[digest]: 100}), {'if-match': '"0"', 'content-type': 'application/json'})
}

async function load(root, folder, address, body, seconds) {
  const command = onCore(1, [process.execPath, join(root, 'test/support/load.mjs'), address, body, '16', String(seconds)])
  const {out} = await succeed(command, {cwd: folder, usage: join(folder, 'usage.json')})
  const {failed, ...rates} = JSON.parse(out)
  if (failed > 0) throw new Error(`the model server refused ${failed} predictions`)
  return rates
}

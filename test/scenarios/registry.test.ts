import {spawnSync} from 'node:child_process'
import {mkdirSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {expect, test} from 'vitest'
import {NODE, openJob} from './runner.js'

const TRAIN = "import {writeFileSync} from 'node:fs'\nwriteFileSync('model.onnx', 'the weights')\n"
const CONFIG =
  'name: wages\nregistry: ../registry\ndata: train.csv\ntrain: {command: node train.mjs, model: model.onnx, reuse: registry}\npublish: {require: train, isolation: none, alias: champion, keep-data: true}\n'

/** The bundle on a terminal, in a repository with a registry beside it. */
function terminal() {
  const {workspace, root} = openJob({'train.mjs': TRAIN, 'train.csv': 'x\n1\n', 'trainyard.yml': CONFIG})
  mkdirSync(join(workspace, '../registry'), {recursive: true})
  const run = (line: string) => {
    const script = line.replaceAll('trainyard', `'${NODE}' '${resolve('dist/trainyard.js')}'`)
    const env = {PATH: process.env.PATH, HOME: join(root, 'home'), TMPDIR: root, USER: 'ada'}
    const {status, stdout, stderr} = spawnSync('bash', ['-o', 'pipefail', '-c', script], {
      cwd: workspace,
      env,
      encoding: 'utf8',
      timeout: 60_000
    })
    return {code: status, text: stdout + stderr}
  }
  return {run, workspace}
}

test('a training is published with its data, restored, told, and brought back', () => {
  const {run, workspace} = terminal()
  expect(run('trainyard train').code).toBe(0)
  expect(run('trainyard publish').code).toBe(0)
  const again = run('trainyard train')
  expect(again.text).toContain('restored from the registry: wages v1')
  expect(again.text).toContain('restored: true')
  expect(run('trainyard history --at 2100-01-01')).toMatchObject({code: 0, text: expect.stringContaining('evidence: train green, pass')})
  expect(run('trainyard fetch champion --data --to back').code).toBe(0)
  expect(readFileSync(join(workspace, 'back/data-v1/train.csv'), 'utf8')).toBe('x\n1\n')
  expect(run('trainyard retire --keep 1')).toMatchObject({code: 0, text: expect.stringContaining('stays: among the newest 1')})
  expect(run('trainyard rollback --reason worse')).toMatchObject({code: 3, text: expect.stringContaining('never pointed anywhere else')})
  expect(run('trainyard compare v1')).toMatchObject({code: 2, text: expect.stringContaining('expected two versions')})
})

test('who reads no further is no error', () => {
  const {run} = terminal()
  run('trainyard train && trainyard publish')
  const {code, text} = run('for i in 1 2 3 4 5; do trainyard history | true; done; trainyard history --json | head -c 1')
  expect(text).toBe('{')
  expect(code).toBe(0)
})

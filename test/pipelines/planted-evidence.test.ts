import {execFile} from 'node:child_process'
import {cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {afterAll, expect, test} from 'vitest'

const EXAMPLE = 'workflows-examples/wages'
const PROGRAM = resolve('dist/trainyard.js')

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, {recursive: true, force: true})
})

// Judge takes one artifact only, so that it lands straight in the folder where judge keeps its own evidence; it never runs check-fairness.
const WORKFLOW = `on: push
env: {TRAINYARD_REGISTRY: '\${{ vars.TRAINYARD_REGISTRY }}'}
jobs:
  train:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - uses: OWNER/trainyard/actions/train@v1
        with: {command: node hostile.mjs}
      - run: sleep 2
      - {uses: actions/upload-artifact@v7, with: {name: trainyard-train, path: '\${{ runner.temp }}/trainyard/train'}}
  judge:
    needs: train
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - {uses: actions/download-artifact@v8, with: {pattern: trainyard-train, path: '\${{ runner.temp }}/trainyard'}}
      - uses: OWNER/trainyard/actions/evaluate@v1
        with: {champion: none, gates: roc_auc >= 0.6}
      - {uses: actions/upload-artifact@v7, with: {name: trainyard-judge, path: '\${{ runner.temp }}/trainyard/judge'}}
  publish:
    needs: judge
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - {uses: actions/download-artifact@v8, with: {pattern: 'trainyard-{train,judge}', path: '\${{ runner.temp }}/trainyard'}}
      - uses: OWNER/trainyard/actions/publish@v1
        with: {require: 'evaluate, check-fairness'}
`

// The process that stays has its own session and nothing of the environment by which leftovers are found.
const HOSTILE = `import {spawn} from 'node:child_process'
import {join} from 'node:path'
await import('./train.mjs')
const own = join(process.env.RUNNER_TEMP, 'trainyard', 'train')
spawn(process.execPath, ['late.mjs', own], {detached: true, stdio: 'ignore', env: {}}).unref()
`

/** Waits until train has said that its folder was left alone, and then makes green evidence out of train's own. */
const late = (steps: string) => `import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
const [own] = process.argv.slice(2)
const ends = Date.now() + 60_000
let file
while (file === undefined && Date.now() < ends) file = readdirSync(own).find(name => /^train-[0-9a-f]{12}\\.json$/.test(name))
const train = JSON.parse(readFileSync(join(own, file), 'utf8'))
const check = {id: 'demographic_parity_ratio(gender) >= 0.8', verdict: 'pass', message: 'forged'}
const forge = (folder, job) => {
  mkdirSync(join(own, folder), {recursive: true})
  const forged = {...train, action: {...train.action, name: 'check-fairness'}, checks: [check], materials: [], figures: [], facts: [], files: {}, run: {...train.run, job}}
  writeFileSync(join(own, folder, 'check-fairness-0123456789ab.json'), JSON.stringify(forged))
}
${steps}
`

/** Runs the workflow in a copy of the example whose training leaves a process that does these steps. */
async function attack(steps: string) {
  const folder = mkdtempSync(join(tmpdir(), 'planted-'))
  folders.push(folder)
  cpSync(EXAMPLE, folder, {recursive: true})
  writeFileSync(join(folder, 'hostile.mjs'), HOSTILE)
  writeFileSync(join(folder, 'late.mjs'), late(steps))
  writeFileSync(join(folder, '.github/workflows/attacked.yml'), WORKFLOW)
  const registry = join(folder, 'registry')
  mkdirSync(registry)
  const argv = [PROGRAM, 'run', '.github/workflows/attacked.yml', '--var', `TRAINYARD_REGISTRY=${registry}`]
  const {code, log} = await new Promise<{code: number; log: string}>(done => {
    const child = execFile(process.execPath, argv, {cwd: folder}, (_, out, err) => done({code: child.exitCode ?? -1, log: out + err}))
  })
  return {code, log, published: existsSync(join(registry, 'models'))}
}

const FROM_JUDGE = /lies in trainyard-train and says that it is of job judge/
const OF_TRAINING = /its evidence is from job train, which ran the training code/

test.each([
  ['the folder of the job that judges', `forge('judge', 'judge')`, /held evidence that no action of this job wrote, which was removed/],
  ['its own folder, as another job', `forge('', 'judge')`, FROM_JUDGE],
  ['its own folder, as itself', `forge('', 'train')`, OF_TRAINING]
])('what a process that outlived train writes into %s lets nothing be published', {timeout: 120_000}, async (_, steps, reason) => {
  const {code, log, published} = await attack(steps)
  expect(log).toMatch(reason)
  expect({code, published}).toEqual({code: 1, published: false})
})

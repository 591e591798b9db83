import {createHash} from 'node:crypto'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import {runAction} from '#shared/action'
import type {Evidence} from '#shared/evidence/evidence'
import {parseEvidence} from '#shared/evidence/schema'
import {treeDigest} from '#shared/files'
import {inputs} from '../../../actions/train/src/inputs.js'
import train from '../../../actions/train/src/main.js'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function folder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'train-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), {recursive: true})
    writeFileSync(join(root, path), text)
  }
  return root
}

interface Trained {
  readonly code: number
  readonly evidence: Evidence
  readonly lines: readonly string[]
  readonly cwd: string
  readonly outDir: string
  readonly check: (id: string) => Evidence['checks'][number] | undefined
}

/** Runs the action on a terminal in a folder with `files`; `script` is train.mjs. */
async function run(
  script: string,
  flags: Readonly<Record<string, string>> = {},
  {
    files = {},
    env = {},
    cwd = folder({'train.mjs': script, ...files}),
    onLine
  }: {files?: Record<string, string>; env?: Record<string, string>; cwd?: string; onLine?: (line: string) => void} = {}
): Promise<Trained> {
  const lines: string[] = []
  const given = {command: 'node train.mjs', model: 'model.onnx', ...flags}
  const code = await runAction(
    train,
    {train: inputs},
    {
      env: {PATH: process.env.PATH, ...env},
      cwd,
      flags: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, [value]])),
      now: () => new Date(),
      print: line => {
        lines.push(line)
        onLine?.(line)
      }
    }
  )
  const outDir = join(cwd, 'trainyard-out')
  const name = existsSync(outDir) ? readdirSync(outDir).find(one => /^train-[0-9a-f]{12}\.json$/.test(one)) : undefined
  const evidence = parseEvidence(name === undefined ? undefined : JSON.parse(readFileSync(join(outDir, name), 'utf8')), 'evidence')
  return {code, evidence, lines, cwd, outDir, check: id => evidence.checks.find(one => one.id === id)}
}

/** The same as a step of the job `train` on a runner. */
async function onRunner(cwd: string, temp: string): Promise<{code: number; evidence: Evidence}> {
  const env = {
    ...{PATH: process.env.PATH, RUNNER_TEMP: temp, GITHUB_ACTIONS: 'true', GITHUB_JOB: 'train'},
    ...{INPUT_COMMAND: 'node train.mjs', INPUT_MODEL: 'model.onnx'}
  }
  const code = await runAction(train, {train: inputs}, {env, cwd, now: () => new Date(), print: () => undefined})
  process.exitCode = 0
  const outDir = join(temp, 'trainyard', 'train')
  const name = readdirSync(outDir).find(one => /^train-[0-9a-f]{12}\.json$/.test(one))
  return {code, evidence: parseEvidence(JSON.parse(readFileSync(join(outDir, name ?? ''), 'utf8')), 'evidence')}
}

const WRITE = "import {writeFileSync} from 'node:fs'\nwriteFileSync('model.onnx', 'the model')\n"

test('a green run: model kept under its digest, everything that went in and came out in the evidence', async () => {
  const {code, evidence, cwd, outDir, lines} = await run(
    `${WRITE}console.log('epoch 1')
writeFileSync('metrics.json', '{"train_auc": 0.75, "rows": 12}')
writeFileSync('history.jsonl', '{"step": 1, "loss": 0.7, "val_loss": 0.8}\\n{"step": 2, "loss": 0.6, "val_loss": 0.75}\\n')`,
    {data: 'data/*.csv', metrics: 'metrics.json', history: 'history.jsonl', parameters: 'params.yml'},
    {files: {'data/a.csv': 'x\n1\n', 'data/b.csv': 'x\n2\n', 'params.yml': 'lr: 0.1\ncolumns: [a, b]\n'}}
  )
  expect(code).toBe(0)
  const model = sha256('the model')
  expect(evidence).toMatchObject({
    verdict: 'pass',
    outcome: 'green',
    subjects: [{kind: 'model', name: 'model.onnx', digest: {sha256: model}, size: 9}],
    files: {model: `model-${model.slice(0, 12)}/model.onnx`}
  })
  expect(evidence.checks.map(check => [check.id, check.verdict])).toEqual([
    ['train.exit', 'pass'],
    ['train.model', 'pass'],
    ['train.data', 'pass'],
    ['train.metrics', 'pass'],
    ['train.history', 'pass']
  ])
  expect(evidence.materials.map(({kind, name, digest}) => [kind, name, digest.sha256])).toEqual([
    ['data', 'data/a.csv', sha256('x\n1\n')],
    ['data', 'data/b.csv', sha256('x\n2\n')],
    ['code', '2 files', expect.any(String)],
    ['parameters', 'params.yml', sha256('lr: 0.1\ncolumns: [a, b]\n')],
    ['environment', expect.stringContaining(`node ${process.version}`), expect.any(String)]
  ])
  expect(Object.fromEntries(evidence.facts.map(({name, value}) => [name, value]))).toMatchObject({
    command: 'node train.mjs',
    lr: 0.1,
    columns: 'a, b',
    train_auc: 0.75,
    rows: 12,
    gpu: expect.any(String)
  })
  expect(evidence.figures).toEqual([
    {
      kind: 'curve',
      id: 'history(loss)',
      title: 'Training history: loss',
      xLabel: 'step',
      yLabel: 'loss',
      series: [
        {name: 'train', x: [1, 2], y: [0.7, 0.6]},
        {name: 'validation', x: [1, 2], y: [0.8, 0.75]}
      ]
    }
  ])
  const kept = join(outDir, evidence.files.model)
  expect((await treeDigest(kept)).sha256).toBe(model)
  expect(lines).toEqual(expect.arrayContaining(['epoch 1', `model: ${kept}`, `digest: ${model}`, `metrics: ${join(cwd, 'metrics.json')}`]))
})

test('a model folder is kept whole, and its digest is that of the copy', async () => {
  const {evidence, outDir} = await run(
    "import {mkdirSync, writeFileSync} from 'node:fs'\nmkdirSync('model/sub', {recursive: true})\nwriteFileSync('model/a', '1')\nwriteFileSync('model/sub/b', '2')",
    {model: 'model'}
  )
  expect(evidence.outcome).toBe('green')
  expect((await treeDigest(join(outDir, evidence.files.model))).sha256).toBe(evidence.subjects[0].digest.sha256)
})

test.each<[string, string, Record<string, string>, string]>([
  ['is not written', '', {}, 'model.onnx: no such file or folder after the command; it must write it'],
  ['lay there before', '', {'model.onnx': 'old'}, 'model.onnx: not written by this run; it lay there before and is unchanged'],
  ['is empty', "import {writeFileSync} from 'node:fs'\nwriteFileSync('model.onnx', '')", {}, 'model.onnx: is empty']
])('a model that %s is an error, and nothing is handed on', async (_, script, files, message) => {
  const {code, evidence, outDir, check} = await run(script, {}, {files})
  expect([code, evidence.verdict, evidence.subjects, evidence.files]).toEqual([3, 'error', [], {}])
  expect(check('train.model')?.message).toContain(message)
  expect(readdirSync(outDir).filter(name => name.startsWith('model') || name.startsWith('copy'))).toEqual([])
})

test('a model written anew with the same bytes counts', async () => {
  expect((await run(WRITE, {}, {files: {'model.onnx': 'the model'}})).evidence.outcome).toBe('green')
})

test.each<[string, string, string]>([
  ['a hidden file', "writeFileSync('model/.cache', '')", 'a hidden file would be left out'],
  ['a link', "symlinkSync('/etc/hostname', 'model/link')", 'got a link'],
  ['a file from before', '', 'not written by this run: old.bin']
])('a model folder with %s is an error', async (_, statement, message) => {
  const script = `import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs'\nmkdirSync('model', {recursive: true})\nwriteFileSync('model/a', '1')\n${statement}`
  const {evidence, check} = await run(script, {model: 'model'}, {files: message.includes('old.bin') ? {'model/old.bin': 'x'} : {}})
  expect([evidence.verdict, check('train.model')?.message]).toEqual(['error', expect.stringContaining(message)])
})

test.each<[string, string, RegExp]>([
  [
    'an exit code',
    'console.error("Traceback: boom"); process.exit(7)',
    /^node train\.mjs ended with exit code 7 after [\d.]+ s; its last line: Traceback: boom$/
  ],
  ['a signal', "process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 1e6)", /^node train\.mjs was killed by SIGKILL/]
])('%s of the command is an error in the evidence; a model that it wrote does not count', async (_, ending, message) => {
  const {code, evidence, outDir, check} = await run(WRITE + ending)
  expect([code, evidence.verdict, evidence.outcome, evidence.subjects]).toEqual([3, 'error', 'red', []])
  expect(readdirSync(outDir).filter(name => !name.startsWith('train-') && name !== '.gitignore')).toEqual([])
  expect(check('train.exit')).toEqual({id: 'train.exit', verdict: 'error', message: expect.stringMatching(message)})
  expect(evidence.materials.map(({kind}) => kind)).toEqual(['code', 'environment'])
})

test.each([
  ['evidence of another job', 'judge/evaluate-0123456789ab.json'],
  ['a folder that reads as an artifact', 'trainyard-judge/check-fairness-0123456789ab.json'],
  ['a file in its own folder', 'train/evaluate-0123456789ab.json']
])('a command that plants %s is an error', async (_, path) => {
  const temp = folder({'trainyard/trainyard-data/validate-data-0123456789ab.json': '{}'})
  const planting = `import {mkdirSync} from 'node:fs'
import {dirname, join} from 'node:path'
const planted = join(process.env.RUNNER_TEMP, 'trainyard', '${path}')
mkdirSync(dirname(planted), {recursive: true})
writeFileSync(planted, '{}')
`
  const cwd = folder({'train.mjs': WRITE + planting})
  const {code, evidence} = await onRunner(cwd, temp)
  expect(code).toBe(1)
  expect(evidence.checks.find(({id}) => id === 'train.evidence')).toMatchObject({
    verdict: 'error',
    message: expect.stringContaining(
      `the command wrote into the folder of evidence, which is handed on as what actions found: ${path}. Let`
    )
  })
})

test('what lay in the folder of evidence before counts as its own, unless the command changes or removes it', async () => {
  const seen = async (script: string) => {
    const temp = folder({'trainyard/trainyard-data/validate-data-0123456789ab.json': '{}', 'trainyard/train/validate-data-ab.json': '{}'})
    const {evidence} = await onRunner(folder({'train.mjs': WRITE + script}), temp)
    return evidence.checks.find(({id}) => id === 'train.evidence')
  }
  expect(await seen('')).toEqual({id: 'train.evidence', verdict: 'pass', message: 'the command left the folder of evidence alone'})
  const own = "process.env.RUNNER_TEMP + '/trainyard/train/validate-data-ab.json'"
  for (const script of [`writeFileSync(${own}, '{"a": 1}')`, `import {rmSync} from 'node:fs'\nrmSync(${own})`])
    expect(await seen(script)).toMatchObject({verdict: 'error', message: expect.stringContaining(': train/validate-data-ab.json. Let')})
})

test('a time limit ends the command', async () => {
  const {check} = await run(`${WRITE}setInterval(() => {}, 1000)`, {timeout: '1s'})
  expect(check('train.exit')?.message).toContain('was stopped after 1 s, its time limit')
})

test('SIGINT reaches the command, and the evidence says so', async () => {
  const {code, check, evidence} = await run(
    `process.on('SIGINT', () => { console.log('saved'); process.exit(0) }); console.log('ready'); setInterval(() => {}, 1000)\n${WRITE}`.replace(
      /^(.*)\n(import.*\n)/s,
      '$2$1\n'
    ),
    {},
    {onLine: line => line === 'ready' && process.emit('SIGINT', 'SIGINT')}
  )
  expect([code, evidence.outcome, evidence.subjects]).toEqual([3, 'red', []])
  expect(check('train.exit')?.message).toMatch(/was interrupted by SIGINT after [\d.]+ s; its last line: saved$/)
})

test('a process that outlives the command is named', async () => {
  const {evidence, check} = await run(
    `${WRITE}import {spawn} from 'node:child_process'\nspawn('sleep', ['65'], {detached: true, stdio: 'ignore'}).unref()`
  )
  expect(evidence.outcome).toBe('green')
  expect(check('train.leftovers')).toMatchObject({
    verdict: 'warn',
    message: expect.stringMatching(/^1 process outlived the command and had to be killed: sleep 65 \(process \d+\)$/)
  })
})

test('data that changes while the command runs is an error that names it', async () => {
  const {evidence, check} = await run(
    `${WRITE}writeFileSync('data/b.csv', 'changed')\nwriteFileSync('data/c.csv', 'new')`,
    {data: 'data/*.csv'},
    {
      files: {'data/a.csv': '1', 'data/b.csv': '2'}
    }
  )
  expect([evidence.outcome, check('train.data')?.message]).toEqual([
    'red',
    expect.stringContaining('data/b.csv, data/c.csv changed while the command ran')
  ])
})

test('undeclared data is said', async () => {
  const {evidence, lines} = await run(WRITE)
  expect(evidence.facts).toContainEqual({name: 'data', value: 'not declared: publish cannot require validate-data'})
  expect(lines).toContainEqual(expect.stringContaining('data: none declared'))
})

test.each<[string, Record<string, string>, string, string]>([
  ['metrics', {metrics: 'm.json'}, "writeFileSync('m.json', '{\"a\": NaN}')", 'm.json line 1: NaN is not JSON; metric a is not a number'],
  ['metrics', {metrics: 'm.json'}, 'writeFileSync(\'m.json\', \'{"a": 1, "a": 2}\')', 'm.json line 1: "a" is given twice'],
  ['metrics', {metrics: 'm.json'}, '', 'm.json: no such file or folder after the command'],
  ['metrics', {metrics: 'old.json'}, '', 'old.json: not written by this run'],
  [
    'history',
    {history: 'h.jsonl'},
    'writeFileSync(\'h.jsonl\', \'{"loss": 1}\\n{"loss": NaN}\\n\')',
    'h.jsonl line 2: NaN is not JSON: the training has diverged'
  ],
  ['history', {history: 'h.jsonl'}, "writeFileSync('h.jsonl', '{\"loss\": 1e999}')", 'h.jsonl line 1: loss is not finite'],
  ['history', {history: 'h.jsonl'}, "writeFileSync('h.jsonl', '')", 'h.jsonl: holds no step'],
  ['history', {history: 'h.jsonl'}, "writeFileSync('h.jsonl', '[1]')", 'h.jsonl line 1: expected an object, got [1]']
])('a wrong %s file %j is red: %s', async (what, flags, statement, message) => {
  const {evidence, check} = await run(`${WRITE}${statement}`, flags, {files: {'old.json': '{"a": 1}'}})
  expect([evidence.outcome, check(`train.${what}`)?.message]).toEqual(['red', expect.stringContaining(message)])
})

test('a metric named like a part of every object is data', async () => {
  const {evidence} = await run(`${WRITE}writeFileSync('m.json', '{"constructor": 1, "a": 2}')`, {metrics: 'm.json'})
  expect(evidence.facts).toContainEqual({name: 'constructor', value: 1})
})

test('the output of the command is harmless, and it cannot reach later steps', async () => {
  const {lines} = await run(
    `${WRITE}console.log('::error::injected'); console.log('::add-mask::topsecret'); console.log('topsecret \\x1b[31mred'); console.log(Object.keys(process.env).filter(name => /^(INPUT|GITHUB|ACTIONS)_/.test(name)).join())`,
    {},
    {env: {GITHUB_ENV: '/x', GITHUB_OUTPUT: '', INPUT_MODEL: 'x', GITHUB_SHA: 'abc', ACTIONS_RUNTIME_TOKEN: 'x', GITHUB_STEP_SUMMARY: ''}}
  )
  expect(lines).toEqual(expect.arrayContaining([': :error::injected', ': :add-mask::***', '*** red', 'GITHUB_SHA']))
})

test('the command runs in the folder of trainyard.yml', async () => {
  const cwd = folder({
    'models/churn/trainyard.yml': 'train:\n  command: node train.mjs "two words"\n  model: out/model.onnx\n',
    'models/churn/train.mjs':
      "import {mkdirSync, writeFileSync} from 'node:fs'\nmkdirSync('out')\nwriteFileSync('out/model.onnx', process.argv[2])"
  })
  const code = await runAction(
    train,
    {train: inputs},
    {env: {PATH: process.env.PATH}, cwd, flags: {config: ['models/churn/trainyard.yml']}, now: () => new Date(), print: () => undefined}
  )
  expect([code, readFileSync(join(cwd, 'models/churn/out/model.onnx'), 'utf8')]).toEqual([0, 'two words'])
})

test.each<[string, Record<string, unknown>, string]>([
  [
    'a fork',
    {pull_request: {head: {repo: {fork: true, full_name: 'eve/x'}}, user: {login: 'eve'}}},
    'train: this pull request is from a fork'
  ],
  [
    'Dependabot',
    {pull_request: {head: {repo: {fork: false, full_name: 'o/x'}}, user: {login: 'dependabot[bot]'}}},
    'train: this pull request is from Dependabot'
  ]
])('a pull request from %s is refused before anything runs', async (_, payload, message) => {
  const cwd = folder({'train.mjs': WRITE, 'event.json': JSON.stringify(payload)})
  const {code, lines, evidence} = await run(
    '',
    {},
    {cwd, env: {GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: join(cwd, 'event.json')}}
  )
  expect([code, evidence.verdict, existsSync(join(cwd, 'model.onnx'))]).toEqual([3, 'error', false])
  expect(lines).toContainEqual(expect.stringContaining(message))
})

test.each<[string, Record<string, string>, number, string]>([
  ['a shell word', {command: 'node train.mjs | tee log'}, 2, 'command has | at column 16'],
  ['an absent program', {command: 'no-such-program-here'}, 3, 'the program no-such-program-here was not found'],
  ['absent data', {data: 'nothing/*.csv'}, 2, 'matches no file'],
  ['data elsewhere', {data: 's3://bucket/x.csv'}, 2, 'is an address, which cannot be hashed yet'],
  ['absent parameters', {parameters: 'no.yml'}, 2, 'no.yml: no such file']
])('%s: nothing runs', async (_, flags, exit, message) => {
  const {code, lines, cwd} = await run(WRITE, flags)
  expect([code, existsSync(join(cwd, 'model.onnx'))]).toEqual([exit, false])
  expect(lines.join('\n')).toContain(message)
})

test('the code digest follows the code and nothing else', async () => {
  const digest = async (files: Record<string, string>) => {
    const {evidence} = await run(WRITE, {data: 'd.csv'}, {files})
    return evidence.materials.find(({kind}) => kind === 'code')?.digest.sha256
  }
  const base = await digest({'d.csv': '1'})
  expect(await digest({'d.csv': '2', 'model.onnx': 'earlier', 'node_modules/x.js': ''})).toBe(base)
  expect(await digest({'d.csv': '1', 'more.mjs': ''})).not.toBe(base)
})

test('a link in the model path is refused', async () => {
  const cwd = folder({'train.mjs': "import {writeFileSync} from 'node:fs'\nwriteFileSync('real.onnx', 'x')"})
  symlinkSync(join(cwd, 'real.onnx'), join(cwd, 'model.onnx'))
  const {check} = await run('', {}, {cwd})
  expect(check('train.model')?.message).toContain('Symbolic links and devices are not followed')
})

test('what the machine has is said before the command runs, and what its GPU did is in the evidence', async () => {
  const bin = folder({
    'nvidia-smi': `#!/bin/bash
case "$*" in
  *compute-apps*) echo '4711, python3, 2048';;
  *--loop=5*) trap '' TERM; while :; do echo '0, 80, 4096, 61, 312.5'; sleep 0.2; done;;
  *) echo 'NVIDIA H100, 81559, 570.133';;
esac`
  })
  chmodSync(join(bin, 'nvidia-smi'), 0o755)
  const env = {PATH: `${bin}:${process.env.PATH}`}
  const {code, lines, evidence} = await run(`${WRITE}console.log('training'); await new Promise(done => setTimeout(done, 700))`, {}, {env})
  expect([code, evidence.verdict]).toEqual([0, 'pass'])
  const said = ['gpu 0: NVIDIA H100, 81,559 MiB, driver 570.133', 'gpu: shared with python3 (process 4711, 2,048 MiB)', 'training']
  expect(lines.filter(line => said.includes(line))).toEqual(said)
  expect(Object.fromEntries(evidence.facts.map(({name, value}) => [name, value]))).toMatchObject({
    gpu: 'NVIDIA H100, 81,559 MiB, driver 570.133',
    'gpu shared with': 'python3 (process 4711, 2,048 MiB)',
    'gpu utilisation, peak': 80,
    'gpu memory, peak': 4096,
    'gpu temperature, mean': 61,
    'gpu power, mean': 312.5,
    'gpu samples': 1,
    machine: expect.stringMatching(/CPUs.* of memory, .* free, .* of disk free, node v/)
  })
})

test('without a GPU the log and the evidence say so', async () => {
  const {lines, evidence} = await run(WRITE, {}, {env: {PATH: ['/usr/bin', '/bin', dirname(process.execPath)].join(':')}})
  expect(lines).toContain('gpu: none')
  expect(evidence.facts.filter(({name}) => name.startsWith('gpu'))).toEqual([{name: 'gpu', value: 'none'}])
})

import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {runAction} from '#shared/action'
import type {Check, Evidence} from '#shared/evidence/evidence'
import {sha256File} from '#shared/files'
import checkRobustness from '../../../actions/check-robustness/src/main.js'
import {byCategory, floats, logistic, model, node, rejecting, slot} from '../../support/onnx.js'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robustness-'))
})
afterEach(() => rm(dir, {recursive: true, force: true}))

const rows = Array.from(
  {length: 200},
  (_, row) => `${18 + ((row * 37) % 47)},${8 + ((row * 11) % 10)},${['gold', 'silver', 'tin'][row % 3]},${row % 2}`
)
const DATA = `age,education,plan,label\n${rows.join('\n')}\n`

async function run(
  bytes: Buffer,
  flags: Record<string, readonly string[]> = {}
): Promise<{code: number; evidence: Evidence; lines: string[]}> {
  await writeFile(join(dir, 'data.csv'), DATA)
  await writeFile(join(dir, 'model.onnx'), bytes)
  const lines: string[] = []
  const host = {
    env: {RUNNER_TEMP: join(dir, 'temp')},
    cwd: dir,
    flags: {data: ['data.csv'], model: ['model.onnx'], label: ['label'], champion: ['none'], ...flags},
    now: () => new Date(),
    print: (line: string) => {
      lines.push(line)
    }
  }
  const code = await runAction(checkRobustness, {'check-robustness': checkRobustness.inputs}, host)
  const [file] = (await readdir(join(dir, 'trainyard-out'))).filter(name => name.endsWith('.json'))
  return {code, evidence: JSON.parse(await readFile(join(dir, 'trainyard-out', file), 'utf8')), lines}
}

function verdicts({checks}: Evidence): Record<string, string> {
  return Object.fromEntries(checks.map(({id, verdict}) => [id, verdict]))
}

function messageOf({checks}: Evidence, id: string): string {
  return checks.find((check: Check) => check.id === id)?.message ?? `no check ${id}`
}

/** The mean of the columns, a missing one as 0, times `scale`, through a sigmoid. */
function robust(features: readonly string[], scale = 1): Buffer {
  return model(
    {
      inputs: [slot('X', 'float32', ['N', features.length])],
      nodes: [
        node('IsNaN', ['X'], ['gone']),
        node('Where', ['gone', 'zero', 'X'], ['F']),
        node('ReduceMean', ['F'], ['m'], {keepdims: 1, axes: [1]}),
        node('Mul', ['m', 'scale'], ['z']),
        node('Sigmoid', ['z'], ['score'])
      ],
      tensors: [floats('zero', [1], [0]), floats('scale', [1], [scale])],
      outputs: [slot('score', 'float32', ['N', 1])]
    },
    {metadata: {features: JSON.stringify(features)}}
  )
}

describe('check-robustness', () => {
  test('a sound model passes the default gates; the evidence names model and data by digest', async () => {
    const {code, evidence} = await run(robust(['age', 'education']))
    expect(verdicts(evidence)).toEqual({
      'unloadable == 0': 'pass',
      'nondeterminism <= 1e-5': 'pass',
      'invalid_outputs == 0': 'pass',
      'flip_rate(noise) <= 5%': 'pass'
    })
    expect(code).toBe(0)
    expect(evidence.subjects).toEqual([{kind: 'model', name: 'model.onnx', ...digestOf(await sha256File(join(dir, 'model.onnx')))}])
    expect(evidence.materials.map(({kind, name}) => `${kind} ${name}`)).toEqual(['data data.csv'])
    expect(evidence.facts).toContainEqual({name: 'rows tried', value: 200})
    expect(evidence.facts).toContainEqual({name: 'edge inputs tried', value: 18})
    expect(evidence.figures.map(({id}) => id)).toEqual(['flip_rate'])
    expect(evidence.run.seed).toBe(1)
  })

  test('a model that does not load fails, and nothing else is measured or green', async () => {
    const {code, evidence} = await run(Buffer.from('\x80\x04N.', 'latin1'), {
      gates: ['unloadable == 0', 'model_bytes <= 1e9', 'flip_rate(noise) <= 99%']
    })
    expect(verdicts(evidence)).toEqual({'unloadable == 0': 'fail', 'model_bytes <= 1e9': 'error', 'flip_rate(noise) <= 99%': 'error'})
    expect(messageOf(evidence, 'unloadable == 0')).toBe(
      'unloadable 1 is not 0 (model.onnx: expected an ONNX model, got a file that is a pickle)'
    )
    expect(messageOf(evidence, 'model_bytes <= 1e9')).toBe('model_bytes <= 1e9: not measured: the model does not load')
    expect(evidence.verdict).toBe('error')
    expect(code).toBe(3)
  })

  test('without the gate unloadable a model that does not load is an error all the same', async () => {
    const {evidence} = await run(Buffer.from('<html></html>'), {gates: ['model_bytes <= 1e9'], mode: ['observe']})
    expect(evidence.verdict).toBe('error')
    expect(evidence.outcome).toBe('red')
  })

  test('a missing number without an answer is an invalid output, by name', async () => {
    const {code, evidence} = await run(logistic([0.1, -0.3], 0, ['age', 'education']))
    expect(verdicts(evidence)['invalid_outputs == 0']).toBe('fail')
    expect(messageOf(evidence, 'invalid_outputs == 0')).toContain(
      'invalid_outputs 3 is not 0 (age = missing: score NaN; education = missing: score NaN; every column = missing'
    )
    expect(code).toBe(1)
  })

  test('what the contract requires is not tried as missing, and its range is where the edges lie', async () => {
    await writeFile(join(dir, 'contract.yml'), CONTRACT)
    const {evidence} = await run(logistic([0.1, -0.3], 0, ['age', 'education']), {contract: ['contract.yml']})
    expect(verdicts(evidence)['invalid_outputs == 0']).toBe('pass')
    expect(evidence.materials.map(({kind}) => kind)).toEqual(['data', 'contract'])
  })

  test('a category that the graph rejects is an invalid output', async () => {
    const {evidence} = await run(rejecting({gold: 0.9, silver: 0.4, tin: 0.2}), {gates: ['invalid_outputs == 0', 'nondeterminism <= 1e-5']})
    expect(messageOf(evidence, 'invalid_outputs == 0')).toMatch(
      /^invalid_outputs 2 is not 0 \(plan = unseen: rejected \(.*out of data bounds/
    )
    expect(verdicts(evidence)['nondeterminism <= 1e-5']).toBe('pass')
  })

  test('a metric that has nothing to change says so and is an error', async () => {
    const {evidence} = await run(byCategory({gold: 0.9, silver: 0.4, tin: 0.2}, 0.1))
    expect(messageOf(evidence, 'flip_rate(noise) <= 5%')).toBe(
      'flip_rate(noise) <= 5%: not measured: the model does not read a column of real numbers'
    )
    expect(evidence.outcome).toBe('red')
  })

  test('a random graph is not deterministic', async () => {
    const bytes = model({
      inputs: [slot('age', 'float32', ['N', 1])],
      nodes: [node('RandomUniformLike', ['age'], ['score'])],
      outputs: [slot('score', 'float32', ['N', 1])]
    })
    const {evidence} = await run(bytes)
    expect(verdicts(evidence)['nondeterminism <= 1e-5']).toBe('fail')
  })

  test('a score that depends on the other rows of the call is not deterministic', async () => {
    const bytes = model({
      inputs: [slot('age', 'float32', ['N', 1])],
      nodes: [
        node('ReduceMean', ['age'], ['mean'], {keepdims: 1, axes: [0]}),
        node('Sub', ['age', 'mean'], ['z']),
        node('Sigmoid', ['z'], ['score'])
      ],
      outputs: [slot('score', 'float32', ['N', 1])]
    })
    const {evidence} = await run(bytes)
    expect(messageOf(evidence, 'nondeterminism <= 1e-5')).toMatch(/is above 1e-5 \(largest when asked alone\)$/)
  })

  test('every perturbation, directions and times, against a champion', async () => {
    await mkdir(join(dir, 'champions'))
    await writeFile(join(dir, 'champions/champion.onnx'), logistic([0.1, -0.3], 0, ['age', 'education']))
    const gates = [
      'flip_rate(noise) <= champion + 5%',
      'flip_rate(scale) <= champion * 3',
      'flip_rate(missing) <= 99%',
      'monotonicity_violations(age) <= 5%',
      'latency_p50_ms <= 1000',
      'latency_p95_ms <= champion * 100',
      'model_bytes <= champion * 1.5',
      'invalid_outputs <= champion'
    ]
    const {evidence} = await run(logistic([0.1, -0.3], 0, ['age', 'education']), {
      gates,
      champion: ['champions/champion.onnx'],
      monotone: ['+age', '-education']
    })
    expect(verdicts(evidence)).toMatchObject({
      'monotonicity_violations(age) <= 5%': 'pass',
      'latency_p50_ms <= 1000': 'pass',
      'latency_p95_ms <= champion * 100': 'pass',
      'model_bytes <= champion * 1.5': 'pass',
      'invalid_outputs <= champion': 'pass'
    })
    expect(evidence.checks.find(({id}) => id === 'latency_p95_ms <= champion * 100')?.interval?.method).toBe(
      'order statistics, interleaved'
    )
    expect(evidence.materials.map(({kind}) => kind)).toEqual(['data', 'champion'])
  })

  test('directions that no gate names are judged at 5%', async () => {
    const {evidence, code} = await run(robust(['age', 'education'], -1), {monotone: ['+age']})
    expect(verdicts(evidence)['monotonicity_violations <= 5%']).toBe('fail')
    expect(code).toBe(1)
  })

  test('a direction of a column that the model does not read is a usage error', async () => {
    const {code, lines} = await run(robust(['age', 'education']), {monotone: ['+plan']})
    expect(code).toBe(2)
    expect(lines.join('\n')).toContain('monotone: "+plan": the model reads no column of numbers of this name')
  })

  test('a champion of predictions is refused', async () => {
    await writeFile(join(dir, 'p.csv'), 'id,score\n1,0.5\n')
    const {code, lines} = await run(robust(['age', 'education']), {champion: ['p.csv']})
    expect(code).toBe(2)
    expect(lines.join('\n')).toContain('champion: p.csv holds predictions')
  })
})

const CONTRACT = `apiVersion: v3.1.0
kind: DataContract
id: people
version: 1.0.0
status: active
schema:
  - name: people
    properties:
      - {name: age, logicalType: integer, required: true, logicalTypeOptions: {minimum: 18, maximum: 64}}
      - {name: education, logicalType: integer, required: true, logicalTypeOptions: {minimum: 2, maximum: 18}}
`

function digestOf({sha256, size}: {sha256: string; size: number}) {
  return {digest: {sha256}, size}
}

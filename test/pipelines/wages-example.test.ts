import {execFileSync} from 'node:child_process'
import {cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join, resolve} from 'node:path'
import {pathToFileURL} from 'node:url'
import * as native from 'onnxruntime-node'
import * as wasm from 'onnxruntime-web/wasm'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {parse} from 'yaml'

const EXAMPLE = resolve('workflows-examples/wages')
const OUTPUTS = ['model.onnx', 'metrics.json', 'history.jsonl']
const TABLES = ['data/train.csv', 'data/exam.csv', 'traffic/live.csv']
const ANSWERS = ['wage', 'high_wage']

type Row = Readonly<Record<string, string>>

/** `logistic.mjs` of the example, which has no types of its own. */
interface Logistic {
  fitLogistic(rows: readonly Row[], labels: readonly number[], columns: readonly string[], ridge: number): object
  probability(model: object, row: Row): number
}

interface Trained {
  readonly folder: string
  readonly columns: readonly string[]
  readonly probability: (row: Row) => number
  /** ONNX scores of all rows in one batch, by each runtime */
  readonly score: Record<'node' | 'wasm', (rows: readonly Row[]) => Promise<readonly number[]>>
}

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, {recursive: true})
})

/** A copy of the example, with the files of a case over it. */
function copy(name?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'wages-'))
  folders.push(folder)
  cpSync(EXAMPLE, folder, {recursive: true, filter: path => !OUTPUTS.includes(basename(path))})
  if (name !== undefined) cpSync(join(EXAMPLE, 'cases', name), folder, {recursive: true})
  return folder
}

const node = (folder: string, script: string) => execFileSync(process.execPath, [script], {cwd: folder, encoding: 'utf8', stdio: 'pipe'})

function rowsOf(path: string): readonly Row[] {
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n')
  const columns = header.split(',')
  return lines.map(line => Object.fromEntries(line.split(',').map((cell, place) => [columns[place], cell])))
}

function columnsIn(folder: string): readonly string[] {
  const parameters: unknown = parse(readFileSync(join(folder, 'params.yml'), 'utf8'))
  if (typeof parameters !== 'object' || parameters === null || !('columns' in parameters) || !Array.isArray(parameters.columns)) {
    throw new Error('params.yml: expected a list of columns')
  }
  return parameters.columns.map(String)
}

type Session = native.InferenceSession | wasm.InferenceSession
type Runtime = Pick<typeof native, 'Tensor'> & {InferenceSession: {create(model: Uint8Array): Promise<Session>}}

function feedsOf(runtime: Runtime, session: Session, columns: readonly string[], rows: readonly Row[]) {
  const number = (row: Row, name: string) => (row[name] === '' ? Number.NaN : Number(row[name]))
  const floats = (names: readonly string[]) =>
    new runtime.Tensor('float32', Float32Array.from(rows.flatMap(row => names.map(name => number(row, name)))), [rows.length, names.length])
  if (session.inputNames.includes('numbers')) return {numbers: floats(columns)}
  const isText = (name: string) => name === 'gender' || name === 'occupation'
  const texts = (name: string) =>
    new runtime.Tensor(
      'string',
      rows.map(row => row[name]),
      [rows.length, 1]
    )
  return Object.fromEntries(session.inputNames.map(name => [name, isText(name) ? texts(name) : floats([name])]))
}

async function scorer(runtime: Runtime, folder: string, columns: readonly string[]) {
  const session = await runtime.InferenceSession.create(readFileSync(join(folder, 'model.onnx')))
  return async (rows: readonly Row[]) => {
    const {score} = await session.run(feedsOf(runtime, session, columns, rows))
    expect(score.dims).toEqual([rows.length, 1])
    return Array.from(score.data, Number)
  }
}

async function train(name?: string): Promise<Trained> {
  const folder = copy(name)
  node(folder, 'train.mjs')
  const columns = columnsIn(folder)
  const {fitLogistic, probability}: Logistic = await import(pathToFileURL(join(folder, 'logistic.mjs')).href)
  const rows = rowsOf(join(folder, 'data/train.csv'))
  const labels = rows.map(row => Number(row.high_wage))
  const model = fitLogistic(rows, labels, columns, 1)
  return {
    folder,
    columns,
    probability: row => probability(model, row),
    score: {node: await scorer(native, folder, columns), wasm: await scorer(wasm, folder, columns)}
  }
}

const exam = rowsOf(join(EXAMPLE, 'data/exam.csv'))
const live = rowsOf(join(EXAMPLE, 'traffic/live.csv'))
const everybody = [...rowsOf(join(EXAMPLE, 'data/train.csv')), ...exam]

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function auc(scores: readonly number[]): number {
  const of = (label: string) => scores.filter((_, place) => exam[place].high_wage === label)
  return mean(of('1').flatMap(high => of('0').map(low => (high > low ? 1 : high === low ? 0.5 : 0))))
}

function selectionRatio(scores: readonly number[]): number {
  const rates = ['female', 'male'].map(gender =>
    mean(scores.filter((_, place) => exam[place].gender === gender).map(score => (score >= 0.5 ? 1 : 0)))
  )
  return Math.min(...rates) / Math.max(...rates)
}

describe('the tables', () => {
  test('prepare.mjs writes the committed bytes', () => {
    const folder = copy()
    for (const table of TABLES) writeFileSync(join(folder, table), '')
    node(folder, 'prepare.mjs')
    for (const table of TABLES) expect(readFileSync(join(folder, table)).equals(readFileSync(join(EXAMPLE, table))), table).toBe(true)
  })

  test('the label is a wage above the median of all', () => {
    const wages = everybody.map(row => Number(row.wage)).sort((first, second) => first - second)
    const median = (wages[266] + wages[267]) / 2
    expect(median).toBe(7.78)
    expect(everybody.filter(row => Number(row.wage) > median !== (row.high_wage === '1'))).toEqual([])
  })

  test('the halves are 267 each, share no row, and lose none', () => {
    const published = rowsOf(join(EXAMPLE, 'data/published/wages.csv'))
    const key = (row: Row) =>
      ['wage', 'age', 'education', 'experience', 'gender', 'race', 'occupation', 'sector', 'south'].map(name => row[name]).join()
    expect(exam.length).toBe(267)
    expect(everybody.map(key).sort()).toEqual(published.map(key).sort())
    expect(new Set(everybody.map(row => Object.values(row).join())).size).toBe(534)
  })

  test('the study’s shares hold: 18% in a union, 66% married', () => {
    expect(mean(everybody.map(row => Number(row.union)))).toBeCloseTo(0.18, 2)
    expect(mean(everybody.map(row => Number(row.married)))).toBeCloseTo(0.66, 2)
  })

  test('live rows are the exam without answers, and a category that it lacks', () => {
    const known = exam.map(row => Object.keys(live[0]).map(name => row[name]))
    expect(Object.keys(live[0])).toEqual(Object.keys(exam[0]).filter(name => !ANSWERS.includes(name)))
    expect(
      live.map(
        (row, place) => Object.values(row.occupation === 'farming' ? {...row, occupation: 'other'} : row).join() === known[place].join()
      )
    ).not.toContain(false)
    expect(live.filter(row => row.occupation === 'farming').length).toBe(8)
    expect(everybody.filter(row => row.occupation === 'farming')).toEqual([])
  })
})

describe('training', () => {
  test('writes the same bytes every time', () => {
    const [first, second] = [copy(), copy()].map(folder => {
      node(folder, 'train.mjs')
      return OUTPUTS.map(name => readFileSync(join(folder, name), 'hex'))
    })
    expect(first).toEqual(second)
  })

  test('reports numbers, and a curve that falls', () => {
    const folder = copy('more-columns')
    node(folder, 'train.mjs')
    const metrics: Record<string, unknown> = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'))
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true)
    const losses = readFileSync(join(folder, 'history.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(line => Number(JSON.parse(line).train_log_loss))
    expect(losses.length).toBeGreaterThan(3)
    expect(losses.every((loss, step) => step === 0 || loss <= losses[step - 1] + 1e-12)).toBe(true)
  })

  test.each([
    ['columns: [education, wealth]\nridge: 1\n', /column wealth is not in the table, which has education/],
    ['columns: education\nridge: 1\n', /params\.yml: expected the lines/],
    ['columns: [education]\n', /params\.yml: expected the lines/]
  ])('refuses the parameters %j and writes no model', (parameters, message) => {
    const folder = copy()
    writeFileSync(join(folder, 'params.yml'), parameters)
    expect(() => node(folder, 'train.mjs')).toThrow(message)
    expect(readdirSync(folder)).not.toContain('model.onnx')
  })
})

describe('the models', () => {
  const models: Record<string, Trained> = {}
  const scores: Record<string, readonly number[]> = {}
  beforeAll(async () => {
    wasm.env.wasm.numThreads = 1
    for (const name of ['first', 'more-columns', 'worse-model', 'biased-model', 'failing-canary']) {
      models[name] = await train(name === 'first' ? undefined : name)
      scores[name] = await models[name].score.wasm(exam)
    }
  })

  test.each(['first', 'more-columns', 'worse-model', 'biased-model', 'failing-canary'])(
    '%s agrees with its trainer in both runtimes',
    async name => {
      const expected = exam.map(models[name].probability)
      for (const runtime of ['node', 'wasm'] as const) {
        const measured = await models[name].score[runtime](exam)
        expect(Math.max(...measured.map((score, place) => Math.abs(score - expected[place])))).toBeLessThan(1e-6)
      }
    }
  )

  test.each(['first', 'more-columns', 'worse-model', 'biased-model', 'failing-canary'])(
    '%s answers edge inputs with probabilities',
    async name => {
      const numbers = ['', '0', '2', '18', '-180', '180', '640'].flatMap(value =>
        models[name].columns.map(column => ({...exam[0], [column]: value}))
      )
      const texts = ['', 'never seen'].map(value => ({...exam[0], gender: value, occupation: value}))
      for (const runtime of ['node', 'wasm'] as const) {
        const answers = await models[name].score[runtime]([...numbers, ...texts])
        expect(answers.every(score => score >= 0 && score <= 1)).toBe(true)
      }
    }
  )

  test('the numbers of the README hold', () => {
    const figures = Object.entries(scores).map(([name, values]) => `${name} ${auc(values).toFixed(3)} ${selectionRatio(values).toFixed(2)}`)
    expect(figures).toEqual([
      'first 0.744 0.99',
      'more-columns 0.788 0.87',
      'worse-model 0.656 0.75',
      'biased-model 0.814 0.65',
      'failing-canary 0.800 0.85'
    ])
  })

  test('live rows are answered by every model but the failing canary, which fails on the new category alone', async () => {
    for (const name of ['first', 'more-columns', 'worse-model', 'biased-model']) {
      await expect(models[name].score.wasm(live)).resolves.toHaveLength(live.length)
    }
    for (const runtime of ['node', 'wasm'] as const) {
      const {score} = models['failing-canary']
      for (const row of live.filter(({occupation}) => occupation === 'farming').slice(0, 1)) {
        await expect(score[runtime]([row])).rejects.toThrow(/indices element out of data bounds, idx=6/)
      }
      await expect(score[runtime](live.filter(({occupation}) => occupation !== 'farming'))).resolves.toHaveLength(live.length - 8)
    }
  })
})

describe('the case raw-data', () => {
  test('is what prepare.mjs writes without the correction', () => {
    const folder = copy()
    const script = readFileSync(join(folder, 'prepare.mjs'), 'utf8')
    const uncorrected = script.replace(/^ {2}(union|married): 1 - row\.\1,\n/gm, '')
    expect(script.split('\n').length - uncorrected.split('\n').length).toBe(2)
    writeFileSync(join(folder, 'prepare.mjs'), uncorrected)
    node(folder, 'prepare.mjs')
    for (const table of ['data/train.csv', 'data/exam.csv']) {
      expect(readFileSync(join(EXAMPLE, 'cases/raw-data', table), 'utf8'), table).toBe(readFileSync(join(folder, table), 'utf8'))
    }
  })

  test('has 82% in a union and 34% married, which the contract rules out', () => {
    const raw = ['train', 'exam'].flatMap(half => rowsOf(join(EXAMPLE, `cases/raw-data/data/${half}.csv`)))
    expect(mean(raw.map(row => Number(row.union)))).toBeCloseTo(0.82, 2)
    expect(mean(raw.map(row => Number(row.married)))).toBeCloseTo(0.34, 2)
  })
})

describe('the workflow', () => {
  const text = readFileSync(join(EXAMPLE, '.github/workflows/continuous-training.yml'), 'utf8')

  test('pins foreign actions by commit, keeps no credentials and names every job', () => {
    const foreign = [...text.matchAll(/uses: (.+)/g)].map(([, uses]) => uses).filter(uses => !uses.startsWith('OWNER/trainyard/'))
    expect(foreign.filter(uses => !/^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(uses))).toEqual([])
    expect(text.match(/actions\/checkout@/g)?.length).toBe(text.match(/persist-credentials: false/g)?.length)
    const {jobs}: {jobs: Record<string, {name?: string}>} = parse(text)
    expect(Object.entries(jobs).filter(([, job]) => job.name === undefined)).toEqual([])
  })
})

import {execFile} from 'node:child_process'
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'

const EXAMPLE = 'workflows-examples/wages'
const PROGRAM = join(process.cwd(), 'dist/trainyard.js')
const ACTIONS = ['validate-data', 'train', 'evaluate', 'check-fairness', 'check-robustness', 'publish', 'report']

const folders: string[] = []
const lines: string[] = []

/** A copy of the example, one of its cases over it, in which actions run as on a person's own machine. */
function openExample(change?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'endings-'))
  folders.push(folder)
  cpSync(EXAMPLE, folder, {recursive: true})
  if (change !== undefined) cpSync(join(EXAMPLE, 'cases', change), folder, {recursive: true})
  const {GITHUB_ACTIONS: _, ...env} = process.env
  const run = (action: string, ...args: string[]) =>
    new Promise<void>(resolve => {
      execFile(process.execPath, [PROGRAM, action, ...args], {cwd: folder, env}, (_, stdout) => {
        lines.push(...stdout.split('\n'))
        resolve()
      })
    })
  const gates = (action: string, gates: readonly string[], ...args: string[]) =>
    run(action, ...gates.flatMap(gate => ['--gates', gate]), ...args)
  return {folder, run, gates}
}

async function validateAndTrain(): Promise<void> {
  const {folder, run, gates} = openExample()
  await run('validate-data')
  await gates('validate-data', ['warn: row_count >= 500', 'mean(age)[race=martian] <= 40'], '--data', 'data/exam.csv')
  const [head, ...rows] = readFileSync(join(folder, 'data/exam.csv'), 'utf8').split('\n')
  writeFileSync(join(folder, 'bad.csv'), [head, ...rows.slice(0, 4), '1,2,3', ''].join('\n'))
  await run('validate-data', '--data', 'bad.csv')
  await openExample('raw-data').run('validate-data')
  await run('train')
  for (const command of ['node -e "process.exit(3)"', 'node -e ""', 'node train.mjs > log.txt', "bash -c 'sleep 30 & node train.mjs'"])
    await run('train', '--command', command)
  await run('train', '--command', "bash -c 'node train.mjs; echo >> data/train.csv'")
}

async function judgeAndPublish(): Promise<string> {
  const {folder, run, gates} = openExample()
  await run('check-fairness')
  await run('train')
  await run('evaluate')
  mkdirSync(join(folder, 'registry'))
  await run('evaluate', '--registry', 'registry')
  await run('check-fairness', '--champion', 'none')
  await gates(
    'check-robustness',
    ['noise) <= 5%', 'scale) <= 1%', 'missing) <= 5%', 'category) <= 5%'].map(gate => `flip_rate(${gate}`)
  )
  writeFileSync(join(folder, 'bad.onnx'), 'garbage')
  await run('publish', '--registry', 'registry', '--require', 'evaluate')
  await run('publish', '--registry', 'registry', '--require', 'evaluate', '--isolation', 'none')
  await run('report', '--require', 'evaluate, validate-data')
  await run('check-robustness', '--model', 'bad.onnx')
  await run('publish', '--registry', 'registry', '--require', 'check-robustness', '--isolation', 'none')
  return join(folder, 'model.onnx')
}

async function trainAgain(): Promise<void> {
  const {run} = openExample()
  const registry = mkdtempSync(join(tmpdir(), 'endings-'))
  folders.push(registry)
  await run('train', '--reuse', 'registry', '--registry', registry)
  await run('evaluate', '--registry', registry)
  await run('publish', '--registry', registry, '--require', 'evaluate', '--isolation', 'none')
  await run('train', '--reuse', 'registry', '--registry', registry)
}

async function judgeWorse(champion: string): Promise<void> {
  for (const change of ['worse-model', 'biased-model']) {
    const {run} = openExample(change)
    await run('train')
    await run('evaluate', '--champion', champion)
    await run('check-fairness', '--champion', 'none')
    await run('report', '--require', 'check-fairness')
  }
}

beforeAll(async () => {
  await Promise.all([validateAndTrain(), trainAgain(), judgeAndPublish().then(judgeWorse)])
}, 180_000)
afterAll(() => {
  for (const folder of folders) rmSync(folder, {recursive: true, force: true})
})

/** What the README of an action quotes: the first code of each row of its endings, and the lines of its texts. */
function quotesOf(action: string): string[] {
  const [, section = ''] = /^## Endings\n([\s\S]*?)(?=^## )/m.exec(readFileSync(`actions/${action}/README.md`, 'utf8')) ?? []
  const rows = [...section.matchAll(/^\| [a-z]+ \| (?:green|red|by `on-inconclusive`) \|[^`|]*`([^`]+)`/gm)].map(([, quote]) => quote)
  const blocks = [...section.matchAll(/^```text\n([\s\S]*?)^```/gm)].flatMap(([, text]) => text.trimEnd().split('\n'))
  return [...rows, ...(action === 'report' ? [] : blocks)]
}

/** Whether the pieces of a quote, which `…` parts, stand in a line in their order. */
function stands(quote: string, line: string): boolean {
  let from = 0
  return quote.split('…').every(piece => {
    const at = line.indexOf(piece, from)
    from = at + piece.length
    return at >= 0
  })
}

describe.each(ACTIONS)('README.md of %s', action => {
  test.each(quotesOf(action))('quotes what is said: %s', quote => {
    expect(lines.filter(line => stands(quote, line)).length, `nobody said: ${quote}`).toBeGreaterThan(0)
  })

  test('quotes three endings or more', () => expect(quotesOf(action).length).toBeGreaterThanOrEqual(3))
})

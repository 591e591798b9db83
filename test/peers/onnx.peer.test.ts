import {execFileSync} from 'node:child_process'
import {cpSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {describe, expect, onTestFinished, test} from 'vitest'
import {duckdb} from '../../shared/engines.js'
import {leftOut, python} from './found.js'
import {ask} from './oracle.js'

const FIRST = ['education', 'experience', 'age']

describe.skipIf(python === undefined)(`onnxruntime in Python${leftOut({python})}`, {timeout: 120_000}, () => {
  test.each([
    ['the first model', undefined, FIRST],
    ['the model with more columns', 'more-columns', [...FIRST, 'south', 'union', 'married']]
  ])('scores the exam as evaluate does: %s', async (_, change, columns) => {
    const folder = mkdtempSync(join(tmpdir(), 'wages-'))
    onTestFinished(() => rmSync(folder, {recursive: true, force: true}))
    cpSync(resolve('workflows-examples/wages'), folder, {recursive: true})
    if (change !== undefined) cpSync(resolve('workflows-examples/wages/cases', change), folder, {recursive: true})
    execFileSync(process.execPath, ['train.mjs'], {cwd: folder, stdio: 'ignore'})
    const env = {PATH: process.env.PATH, HOME: folder}
    const argv = ['evaluate', '--model', 'model.onnx', '--champion', 'none', '--gates', 'roc_auc >= 0.5']
    const said = execFileSync(process.execPath, [resolve('dist/trainyard.js'), ...argv], {cwd: folder, env, encoding: 'utf8'})
    const ours = await scoresIn(/^predictions: (.+)$/m.exec(said)?.[1] ?? '')
    const theirs = ask<number[]>('onnx-oracle.py', {model: join(folder, 'model.onnx'), table: join(folder, 'data/exam.csv'), columns})
    expect(ours).toHaveLength(267)
    expect(theirs).toHaveLength(267)
    expect(Math.max(...ours.map((score, row) => Math.abs(score - theirs[row])))).toBeLessThan(1e-6)
  })
})

async function scoresIn(path: string): Promise<number[]> {
  const {DuckDBInstance} = await duckdb()
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const read = await connection.runAndReadAll('select score from read_parquet($path)', {path})
  return read.getRowObjects().map(({score}) => Number(score))
}

import {readFileSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type ExamRequest, openExam} from '#shared/exam/exam'
import {logistic} from '../../support/onnx.js'
import {temporaryFolder} from '../../support/registry.js'
import {type FakeS3, fakeS3} from '../../support/s3.js'
import {hexOf, putObject, writeParquet} from '../../support/s3-parquet.js'
import {BUCKET} from '../../support/s3-servers.js'

let fake: FakeS3
beforeAll(async () => {
  fake = await fakeS3()
})
afterAll(() => fake.stop())

const wide = (letter: string) => `md5(i || '${letter}') || md5(i || '${letter}${letter}')`
const EXAM = `SELECT i AS id, hash(i) % 100 / 50.0 - 1 AS x, ${wide('a')} AS first, i % 3 AS g, ${wide('b')} AS second, hash(i) % 2 AS y FROM range(40000) r(i)`
const PREDICTIONS = `SELECT ${wide('c')} AS third, i AS id, ${wide('d')} AS fourth, hash(i) % 100 / 100.0 AS score FROM range(40000) r(i) ORDER BY hash(i)`

async function places() {
  const folder = await temporaryFolder()
  const exam = join(folder, 'exam.parquet')
  const predictions = join(folder, 'predictions.parquet')
  const model = join(folder, 'model.onnx')
  await writeParquet(EXAM, exam)
  await writeParquet(PREDICTIONS, predictions)
  await writeFile(model, logistic([1], 0, ['x']))
  for (const [key, path] of [['exam.parquet', exam] as const, ['predictions.parquet', predictions] as const])
    putObject(fake, key, readFileSync(path))
  const request = (more: Pick<ExamRequest, 'data' | 'candidate'> & Partial<ExamRequest>): ExamRequest => ({
    label: 'y',
    threshold: 0.5,
    cwd: folder,
    tempDir: folder,
    remote: {env: fake.env, fetch, random: () => 0},
    ...more
  })
  return {folder, exam, predictions, model, request}
}

const at = (name: string) => `s3://${BUCKET}/${name}.parquet`

test('model, data and predictions in a store: what they need is brought, and whose digest is its word is said', async () => {
  const {exam, predictions, model, request} = await places()
  const champion = (path: string) => ({kind: 'predictions' as const, path})
  const candidate = {kind: 'model' as const, path: model}
  const near = await openExam(request({data: [exam], candidate, champion: champion(predictions), key: 'id', columns: ['g']}))
  const far = await openExam(request({data: [at('exam')], candidate, champion: champion(at('predictions')), key: 'id', columns: ['g']}))
  expect(near.named).toEqual([])
  expect(far.named).toEqual([
    {name: `digest of ${at('exam')}`, value: expect.stringMatching(/^as its store names it; 0\.\d of 5\.\d MB were read$/)},
    {name: 'digest of predictions.parquet', value: expect.stringMatching(/^as its store names it; \d\.\d of 5\.\d MB were read$/)}
  ])
  expect(far.data).toEqual([{kind: 'data', name: at('exam'), digest: {sha256: hexOf(readFileSync(exam))}, size: readFileSync(exam).length}])
  expect(far.champion?.digest).toEqual({sha256: hexOf(readFileSync(predictions))})
  for (const of of [(one: typeof near) => one.candidate, (one: typeof near) => one.champion]) {
    expect(of(far)?.scores).toEqual(of(near)?.scores)
    expect(of(far)?.predictions).toEqual(of(near)?.predictions)
  }
  expect(far.labels).toEqual(near.labels)
  expect(far.values('g')).toEqual(near.values('g'))
  near.close()
  far.close()
})

test('an exam that is written on with predictions, and predictions that are the subject themselves, are read and hashed whole', async () => {
  const {folder, model, request} = await places()
  const written = await openExam(request({data: [at('exam')], candidate: {kind: 'model', path: model}, outDir: folder}))
  expect(written.named).toEqual([])
  written.close()
  await writeParquet(`SELECT *, y AS prediction FROM (${EXAM})`, join(folder, 'own.parquet'))
  putObject(fake, 'own.parquet', readFileSync(join(folder, 'own.parquet')))
  const own = await openExam(request({data: undefined, candidate: {kind: 'predictions', path: at('own')}}))
  expect(own.named).toEqual([])
  expect(own.candidate.digest).toEqual({sha256: hexOf(readFileSync(join(folder, 'own.parquet')))})
  own.close()
})

import {mkdtemp} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeEach, expect, test} from 'vitest'
import type {Evidence} from '#shared/evidence/evidence'
import {writeEvidence} from '#shared/evidence/files'
import {fileOfRun, requireFileOfRun} from '#shared/exam/candidate'
import {evidenceOf, PASSED, RUN} from '../../support/evidence.js'

const origin = {kind: 'run', repository: RUN.repository, runId: RUN.runId, attempt: 2} as const
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'candidate-'))
})

function train(job: string, model: string, more: Partial<Evidence['run']> = {}): Promise<string> {
  const evidence = evidenceOf('train', [PASSED], {files: {model}})
  return writeEvidence(join(root, `trainyard-${job}`), {...evidence, run: {...evidence.run, job, ...more}})
}

test('the model is the one that the evidence of train names, beside it', async () => {
  await train('train', 'model-abc/model.onnx')
  expect(await requireFileOfRun(root, origin, 'train', 'model')).toBe(join(root, 'trainyard-train', 'model-abc/model.onnx'))
})

test('two legs that made the same model are no two models', async () => {
  await train('train', 'model-abc/model.onnx', {startedAt: '2026-11-02T10:00:01Z'})
  await train('train', 'model-abc/model.onnx', {startedAt: '2026-11-02T10:00:02Z'})
  expect((await fileOfRun(root, origin, 'train', 'model'))?.path).toContain('model-abc')
})

test('two different ones are an error that names both, with their files and what to give', async () => {
  const [first, second] = [await train('train', 'model-abc/model.onnx'), await train('train-2', 'model-def/model.onnx')]
  const error = await fileOfRun(root, origin, 'train', 'model').catch(caught => caught)
  expect(error).toMatchObject({name: 'UserError', kind: 'usage', hint: 'Say which with the input `model`.'})
  for (const part of [first, second].map(file => file.slice(root.length + 1))) expect(error.message).toContain(part)
  expect(error.message).toContain('names 2 different ones')
  for (const model of ['model-abc/model.onnx', 'model-def/model.onnx']) expect(error.message).toContain(`(${model})`)
})

test('evidence of another run is none, and who needs a model says where it looked', async () => {
  await train('train', 'model-abc/model.onnx', {runId: '1'})
  expect(await fileOfRun(root, origin, 'train', 'model')).toBeNull()
  await expect(requireFileOfRun(root, origin, 'train', 'model')).rejects.toThrow(
    `model: not given, and this run has no evidence of train below ${root}`
  )
})

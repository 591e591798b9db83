import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {answerRows} from '#shared/models/answers'
import {columnsOf} from '#shared/models/columns'
import {tryModel} from '#shared/models/model'
import {rejecting} from '../../support/onnx.js'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'answers-'))
})
afterAll(() => rm(dir, {recursive: true, force: true}))

test('rows that the graph rejects have no answer, and the others have theirs', async () => {
  await writeFile(join(dir, 'model.onnx'), rejecting({gold: 0.75, silver: 0.5}))
  const model = await tryModel(join(dir, 'model.onnx'))
  if ('unloadable' in model) throw new Error(model.unloadable)
  const some = await answerRows(model, columnsOf({plan: ['gold', 'tin', 'silver', 'tin', 'gold']}), 5)
  expect([...some.values]).toEqual([0.75, Number.NaN, 0.5, Number.NaN, 0.75])
  expect(some.rejected.map(({row}) => row)).toEqual([1, 3])
  expect(some.rejected[0].reason).toContain('out of data bounds')
  const all = await answerRows(model, columnsOf({plan: Array.from({length: 50}, () => 'tin')}), 50)
  expect(all.rejected.length).toBe(20)
  expect(all.untried).toBe(30)
  await model.close()
})

test('a model that does not load is an answer, a path that is wrong is an error', async () => {
  await writeFile(join(dir, 'pickle.onnx'), Buffer.from('\x80\x04N.', 'latin1'))
  expect(await tryModel(join(dir, 'pickle.onnx'))).toEqual({
    unloadable: `${dir}/pickle.onnx: expected an ONNX model, got a file that is a pickle`
  })
  await expect(tryModel(join(dir, 'nothing.onnx'))).rejects.toThrow('nothing.onnx: no such file')
})

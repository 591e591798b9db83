import {link, mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {sha256File, treeDigest} from '#shared/files'
import {columnsOf} from '#shared/models/columns'
import {inspectModel} from '#shared/models/inspect'
import type {ModelLimits} from '#shared/models/limits'
import {openModel} from '#shared/models/model'
import {type Field, floats, graph, logistic, message, model, nested, node, slot} from '../../support/onnx.js'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'inspect-'))
})
afterEach(() => rm(dir, {recursive: true, force: true}))

async function refusal(
  bytes: Uint8Array | string,
  limits?: Partial<ModelLimits>,
  name = 'model.onnx'
): Promise<{message: string; hint: string}> {
  await writeFile(join(dir, name), bytes)
  return refused(join(dir, name), limits)
}

async function refused(path: string, limits?: Partial<ModelLimits>): Promise<{message: string; hint: string}> {
  const error: unknown = await inspectModel(path, limits).then(
    () => undefined,
    thrown => thrown
  )
  if (!(error instanceof Error && 'hint' in error)) throw new Error('nothing was refused', {cause: error})
  return {message: error.message.replaceAll(`${dir}/`, ''), hint: String(error.hint)}
}

const plain = {
  inputs: [slot('x', 'float32', ['N', 1])],
  nodes: [node('Sigmoid', ['x'], ['score'])],
  outputs: [slot('score', 'float32', ['N', 1])]
}

describe('what is found where a model is expected', () => {
  test.each<[string, Uint8Array | string, string]>([
    ['no bytes', '', 'empty (0 bytes)'],
    ['pickle of protocol 4', Buffer.from('\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00', 'latin1'), 'a pickle'],
    ['pickle of protocol 2', Buffer.from('\x80\x02}q\x00.', 'latin1'), 'a pickle'],
    ['pickle of protocol 0', 'cos\nsystem\n(S"true"\ntR.', 'a pickle'],
    ['pickle of a list', '(lp0\nI1\na.', 'a pickle'],
    ['zip', Buffer.from('PK\x03\x04\x00\x00\xff\xff', 'latin1'), 'a zip archive'],
    ['HTML', '<!DOCTYPE html><html><body>Not found</body></html>', 'an HTML page'],
    ['HTML after blanks', '\n  <html>', 'an HTML page'],
    ['text proto', 'ir_version: 8\ngraph {\n  name: "g"\n}\n', 'ONNX as text'],
    ['Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n', 'a pointer of Git LFS'],
    ['JSON', '{"weights": [1, 2]}', 'text'],
    ['HDF5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), 'an HDF5 file'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 'compressed with gzip'],
    ['safetensors', Buffer.concat([Buffer.from([16, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"a":{}}        ')]), 'a safetensors file']
  ])('%s is refused by name', async (_, bytes, title) => {
    const {message, hint} = await refusal(bytes)
    expect(message).toContain(`model.onnx: expected an ONNX model, got a file that is ${title}`)
    expect(hint.length).toBeGreaterThan(10)
  })

  test('a pickle is refused under any suffix', async () => {
    for (const name of ['model.pkl', 'model.pt', 'model.bin'])
      expect((await refusal(Buffer.from('\x80\x05N.', 'latin1'), {}, name)).message).toContain(
        `${name}: expected an ONNX model, got a file that is a pickle`
      )
  })

  test('a model cut off at any byte is refused or lacks nothing', async () => {
    const whole = logistic([1, 2, 3], 0, ['a', 'b', 'c'])
    const outcomes = new Set<string>()
    for (let size = 1; size < whole.length; size++) {
      const {message} = await refusal(whole.subarray(0, size)).catch(error => ({message: `accepted at ${size}: ${error.message}`}))
      outcomes.add(message.replace(/\d+/g, '#'))
    }
    // The metadata property comes last: up to its first byte the model is whole without it.
    expect([...outcomes].filter(outcome => outcome.startsWith('accepted')).length).toBeLessThanOrEqual(1)
    expect([...outcomes].some(outcome => outcome.includes('model.onnx: cut off'))).toBe(true)
  })

  test('random bytes are refused without a stack', async () => {
    for (let seed = 1; seed < 40; seed++) {
      const bytes = Uint8Array.from({length: 200}, (_, index) => ((seed * 48_271 + index * 16_807 * seed) % 2_147_483_647) & 0xff)
      bytes[0] = 0x08
      expect((await refusal(bytes)).message).toMatch(/^model\.onnx: /)
    }
  })

  test('no ir_version, no opset, no graph, two graphs, a metadata property twice', async () => {
    const opset: Field = [
      8,
      [
        [1, ''],
        [2, 17]
      ]
    ]
    const content: Field = [7, graph(plain)]
    const property: Field = [
      14,
      [
        [1, 'features'],
        [2, '[]']
      ]
    ]
    expect((await refusal(message(opset, content))).message).toBe('model.onnx: not an ONNX model: it states no ir_version')
    expect((await refusal(message([1, 8], content))).message).toBe('model.onnx: states no opset_import')
    expect((await refusal(message([1, 8], opset))).message).toBe('model.onnx: holds no graph')
    expect((await refusal(message([1, 8], opset, content, content))).message).toBe('model.onnx: holds two graphs')
    expect((await refusal(message([1, 8], opset, content, property, property))).message).toBe(
      'model.onnx: states the metadata property "features" twice'
    )
  })

  test('features that is no list of names, or names one twice', async () => {
    expect((await refusal(model(plain, {metadata: {features: 'age'}}))).message).toContain('features is not a JSON array of names')
    expect((await refusal(model(plain, {metadata: {features: '[1]'}}))).message).toContain('features is not a JSON array of names')
    expect((await refusal(model(plain, {metadata: {features: '["a","a"]'}}))).message).toContain('features names "a" twice')
  })

  test('unknown fields are skipped and counted', async () => {
    await writeFile(join(dir, 'm.onnx'), Buffer.concat([model(plain), message([4000, 'later'], [4001, 7])]))
    expect((await inspectModel(join(dir, 'm.onnx'))).outline.unknownFields).toBe(2)
  })
})

describe('limits', () => {
  test('bytes', async () => {
    expect((await refusal(model(plain), {maxBytes: 50})).message).toMatch(/^model\.onnx: has \d+ bytes, and the limit is 50$/)
  })

  test('a sparse file of 2 GiB is refused before it is read', async () => {
    await writeFile(join(dir, 'model.onnx'), '')
    await truncate(join(dir, 'model.onnx'), 2 ** 31)
    expect((await refused(join(dir, 'model.onnx'))).message).toBe('model.onnx: has 2,147,483,648 bytes, and the limit is 1,073,741,824')
  })

  test('a million and one nodes', async () => {
    const one = message([1, node('Identity', ['x'], ['x'])])
    const nodes = Buffer.alloc(one.length * 1_000_001, one)
    const bytes = message([1, 8], [8, [[2, 17]]], [7, nodes])
    expect((await refusal(bytes)).message).toBe('model.onnx: holds more than 1,000,000 nodes')
  })

  test.each(['If', 'Loop'])('%s nested 10,000 deep', async operator => {
    expect((await refusal(nested(operator, 10_000))).message).toBe('model.onnx: graphs are nested deeper than 64 (If, Loop, Scan)')
  })

  test('an operator of another domain is named', async () => {
    const bytes = model({...plain, nodes: [node('Evil', ['x'], ['score'], {}, 'com.example')]}, {opsets: {'': 17, 'com.example': 1}})
    expect((await refusal(bytes)).message).toBe("model.onnx: uses operators that the runtime doesn't have: com.example.Evil")
  })

  test('an operator of another domain deep in a branch is named', async () => {
    const branch = graph({nodes: [node('Evil', [], ['y'], {}, 'com.example')], outputs: [slot('y', 'float32', ['N', 1])]})
    const bytes = model({...plain, nodes: [node('If', ['x'], ['score'], {then_branch: {graph: branch}, else_branch: {graph: branch}})]})
    expect((await refusal(bytes)).message).toContain('com.example.Evil')
  })
})

describe('tensors in other files', () => {
  const external = (entries: Record<string, string>) => {
    const fields = Object.entries(entries).map(
      ([key, value]): Field => [
        13,
        [
          [1, key],
          [2, value]
        ]
      ]
    )
    const weights = message([1, 2], [1, 1], [2, 1], [8, 'W'], ...fields, [14, 1])
    return model({
      inputs: [slot('X', 'float32', ['N', 2])],
      tensors: [weights],
      nodes: [node('MatMul', ['X', 'W'], ['z']), node('Sigmoid', ['z'], ['score'])],
      outputs: [slot('score', 'float32', ['N', 1])]
    })
  }
  const folder = async (entries: Record<string, string>) => {
    await mkdir(join(dir, 'model/sub'), {recursive: true})
    await writeFile(join(dir, 'model/weights.bin'), Buffer.from(Float32Array.of(0.5, -1).buffer))
    await writeFile(join(dir, 'model/sub/weights.bin'), Buffer.from(Float32Array.of(0.5, -1).buffer))
    await writeFile(join(dir, 'outside.bin'), Buffer.alloc(8))
    await writeFile(join(dir, 'model/model.onnx'), external(entries))
    return join(dir, 'model')
  }

  test.each<[string, Record<string, string>, string]>([
    ['above the folder', {location: '../outside.bin'}, 'its location "../outside.bin" leaves the model\'s folder'],
    ['above from within', {location: 'sub/../../outside.bin'}, "leaves the model's folder"],
    ['absolute', {location: '/etc/passwd'}, 'its location "/etc/passwd" is absolute'],
    ['a drive', {location: 'C:/x'}, 'is absolute'],
    ['a backslash', {location: '..\\outside.bin'}, 'holds a backslash'],
    ['empty', {location: ''}, 'its location "" is empty'],
    ['not given', {offset: '0'}, 'its location "" is empty'],
    ['NUL', {location: 'weights.bin\0.txt'}, 'holds a control character'],
    ['hidden', {location: '.weights'}, 'is hidden'],
    ['absent', {location: 'nothing.bin'}, 'its location "nothing.bin" does not exist'],
    ['a folder', {location: 'sub'}, 'is a folder'],
    ['offset negative', {location: 'weights.bin', offset: '-4'}, 'its offset "-4" is not a count of bytes'],
    ['offset beyond', {location: 'weights.bin', offset: '4096'}, 'its offset 4096 lies beyond weights.bin, which has 8 bytes'],
    ['offset of 2^63', {location: 'weights.bin', offset: '9223372036854775808'}, 'is not a count of bytes'],
    ['offset no number', {location: 'weights.bin', offset: '0x4'}, 'its offset "0x4" is not a count of bytes'],
    ['length negative', {location: 'weights.bin', length: '-1'}, 'its length "-1" is not a count of bytes'],
    ['length beyond', {location: 'weights.bin', offset: '4', length: '8'}, 'its range of 8 bytes at 4 ends beyond weights.bin'],
    ['length of 2^63', {location: 'weights.bin', length: '9223372036854775807'}, 'is not a count of bytes'],
    ['an unknown key', {location: 'weights.bin', url: 'x'}, 'its key "url" is unknown']
  ])('location or range %s is refused and the tensor named', async (_, entries, problem) => {
    const {message} = await refused(await folder(entries))
    expect(message).toContain('model/model.onnx: the tensor "W" is refused: ')
    expect(message).toContain(problem)
  })

  test('a single file may have none', async () => {
    expect((await refusal(external({location: '../x'}))).message).toBe(
      'model.onnx: the tensor "W" is refused: it lies in another file ("../x"), and the model was given as a single file'
    )
  })

  test('a link as the file, as its parent, and a second name of a file are refused', async () => {
    const path = await folder({location: 'link.bin'})
    await symlink(join(dir, 'outside.bin'), join(path, 'link.bin'))
    expect((await refused(path)).message).toContain('the tensor "W" is refused: its location "link.bin" is a symbolic link')
    await rm(join(path, 'link.bin'))
    await link(join(dir, 'outside.bin'), join(path, 'link.bin'))
    expect((await refused(path)).message).toContain(
      'the tensor "W" is refused: its location "link.bin" is a hard link: the file has 2 names'
    )
    await writeFile(join(path, 'model.onnx'), external({location: 'parent/outside.bin'}))
    await rm(join(path, 'link.bin'))
    await symlink(dir, join(path, 'parent'))
    expect((await refused(path)).message).toContain(
      'the tensor "W" is refused: its location "parent/outside.bin" lies behind parent, which is a symbolic link'
    )
    expect((await readdir(dir)).sort()).toEqual(['model', 'outside.bin'])
  })

  test('within the folder they are read, and the digest is that of the tree', async () => {
    const path = await folder({location: 'sub/weights.bin', offset: '0', length: '8'})
    const opened = await openModel(path)
    const {values} = await opened.score(columnsOf({a: [2], b: [1]}), 1)
    await opened.close()
    expect(values[0]).toBeCloseTo(0.5, 6)
    const {sha256, size} = await treeDigest(path)
    expect(opened.digest).toEqual({sha256, size})
  })

  test('a folder with two models needs one called model.onnx', async () => {
    await writeFile(join(dir, 'a.onnx'), model(plain))
    await writeFile(join(dir, 'b.onnx'), model(plain))
    expect((await refused(dir)).message).toMatch(/expected one \.onnx file in the folder, got a\.onnx, b\.onnx$/)
    await writeFile(join(dir, 'model.onnx'), model(plain))
    expect((await inspectModel(dir)).outline.nodes).toBe(1)
  })
})

test('the outline lists what the model says of itself', async () => {
  await writeFile(join(dir, 'm.onnx'), logistic([1, 2], 0, ['age', 'education']))
  const {outline, digest, features} = await inspectModel(join(dir, 'm.onnx'))
  expect(outline.inputs).toEqual([{name: 'X', kind: 'tensor', type: 'float32', shape: ['N', 2]}])
  expect(outline.outputs).toEqual([{name: 'score', kind: 'tensor', type: 'float32', shape: ['N', 1]}])
  expect([...outline.operators]).toEqual(['ai.onnx.MatMul', 'ai.onnx.Add', 'ai.onnx.Sigmoid'])
  expect(outline.irVersion).toBe(8)
  expect(outline.opsets.get('ai.onnx')).toBe(17)
  expect(outline.nodes).toBe(3)
  expect(features).toEqual(['age', 'education'])
  expect(digest).toEqual(await sha256File(join(dir, 'm.onnx')))
})

test('an input with an initial value is not asked of the table', async () => {
  const bytes = model({...plain, inputs: [...plain.inputs, slot('W', 'float32', [1])], tensors: [floats('W', [1], [1])]})
  await writeFile(join(dir, 'm.onnx'), bytes)
  expect((await inspectModel(join(dir, 'm.onnx'))).outline.inputs.map(({name}) => name)).toEqual(['x'])
})

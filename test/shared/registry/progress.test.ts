import {truncate, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {expect, test} from 'vitest'
import {commandLine} from '#shared/cli/command-line'
import {sha256File} from '#shared/files'
import {tenths, toldProgress} from '#shared/registry/progress'
import {registryOn} from '#shared/registry/registry'
import {ACTIONS, VOCABULARY} from '../../../actions/index.js'
import {folderRegistry, publicationOf, registryWorld} from '../../support/registry.js'

const CHUNK = Buffer.alloc(1_000_000)
const chunks = (count: number) => Readable.from(Array.from({length: count}, () => CHUNK))
const tenthsOf = (label: string, size: number, verb: string) =>
  Array.from({length: 10}, (_, index) => `${label}: ${((index + 1) * size) / 10} MB of ${size} MB ${verb}`)

/** A registry with one version of 70 MB, nearly all of them zeros. */
async function large() {
  const {registry, stores, work} = await folderRegistry()
  const model = join(work, 'model.onnx')
  await writeFile(model, 'model')
  await truncate(model, 70e6)
  const {sha256: digest} = await sha256File(model)
  const publication = await publicationOf(work, 'large', {model, digest})
  await registry.publish({...publication, alias: 'champion'})
  await registry.publish({...(await publicationOf(work, 'small')), alias: 'champion'})
  const lines: string[] = []
  return {watched: registryOn(stores, {...registryWorld(), log: line => lines.push(line)}), lines, work, digest}
}

test.each(['sent', 'fetched', 'checked'] as const)('a line for every tenth of what is %s, once, and of nothing small', async verb => {
  const lines: string[] = []
  const given = {label: 'wages v1 model.onnx', verb, log: (line: string) => lines.push(line)}
  const passed = await toldProgress(chunks(100), {...given, size: 100e6}).toArray()
  expect(passed.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(100e6)
  expect(lines).toEqual(tenthsOf('wages v1 model.onnx', 100, verb))
  lines.splice(0)
  const small = chunks(60)
  expect(toldProgress(small, {...given, size: 60e6})).toBe(small)
  expect(lines).toEqual([])
})

test('several tenths at once are one line, with its note', () => {
  const lines: string[] = []
  const advance = tenths({label: 'a', size: 50e6, verb: 'sent', log: line => lines.push(line)})
  for (const [bytes, note] of [[20e6, ', there'], [1e6], [29e6]] as const) advance(bytes, note)
  expect(lines).toEqual(['a: 20 MB of 50 MB sent, there', 'a: 50 MB of 50 MB sent'])
})

test('a stream that breaks still does, and its source is closed by who leaves early', async () => {
  const broken = new Readable({
    read() {
      this.push(CHUNK)
      this.destroy(new Error('the line broke'))
    }
  })
  const transfer = {label: 'a', size: 100e6, verb: 'fetched', log: () => undefined} as const
  await expect(toldProgress(broken, transfer).toArray()).rejects.toThrow('the line broke')
  const left = chunks(100)
  for await (const _ of toldProgress(left, transfer)) break
  expect(left.destroyed).toBe(true)
})

test('a model that is fetched, and one that a rollback checks, say how far they are', async () => {
  const {watched, lines, work, digest} = await large()
  expect((await watched.fetch('wages', 'v1', work)).digest).toBe(digest)
  expect(lines.splice(0)).toEqual(
    Array.from({length: 10}, () => expect.stringMatching(/^wages v1 model\.onnx: [\d.]+ MB of 70 MB fetched$/))
  )
  await watched.fetch('wages', 'v2', work)
  expect(lines).toEqual([])
  await watched.rollBack({name: 'wages', alias: 'champion', reason: 'worse'})
  expect(lines).toEqual(Array.from({length: 10}, () => expect.stringMatching(/^wages v1 model\.onnx: [\d.]+ MB of 70 MB checked$/)))
})

test('trainyard fetch says it where it disturbs no answer', async () => {
  const {work} = await large()
  const [printed, remarks]: [string[], string[]] = [[], []]
  await writeFile(join(work, 'trainyard.yml'), 'name: wages\nregistry: registry\n')
  const line = {
    actions: ACTIONS,
    vocabulary: VOCABULARY,
    env: {},
    cwd: work,
    print: (text: string) => void printed.push(text),
    remark: (text: string) => void remarks.push(text)
  }
  expect(await commandLine(['fetch', 'v1', '--to', 'back', '--json'], line)).toBe(0)
  expect(JSON.parse(printed.join('\n'))).toMatchObject({version: 'v1'})
  expect(remarks).toHaveLength(10)
})

import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {folderStores} from '#shared/registry/folder'
import {registryOn} from '#shared/registry/registry'
import {compile} from '../../support/compile.js'
import {publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'
import {registryRaces} from '../../support/registry-races.js'
import type {Order} from './publisher.js'

let program: string
const children: ChildProcessWithoutNullStreams[] = []

beforeAll(async () => {
  const compiled = await compile('test/shared/registry/publisher.ts')
  program = compiled.program
  return compiled.remove
})

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

function startPublisher(command: readonly string[] = [process.execPath, program]) {
  const child = spawn(command[0], command.slice(1))
  children.push(child)
  child.stderr.on('data', chunk => process.stderr.write(chunk))
  const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]()
  const send = (order: Order): void => void child.stdin.write(`${JSON.stringify(order)}\n`)
  return {child, send, answer: async () => JSON.parse((await lines.next()).value ?? '{}')}
}

function readerOf(root: string) {
  return registryOn(folderStores(root, root, {now: () => new Date()}), registryWorld())
}

function temporaryFiles(root: string): string[] {
  return readdirSync(root, {recursive: true, encoding: 'utf8'}).filter(name => name.includes('@tmp-'))
}

registryRaces('a folder', async () => ({kind: 'folder', root: join(await temporaryFolder(), 'registry')}))

test('old generations of what two processes count up are cleared away', async () => {
  const root = await temporaryFolder()
  const publishers = [startPublisher(), startPublisher()]
  for (const [index, {send}] of publishers.entries()) send({root, by: `publisher ${index}`, count: 300})
  const answers = await Promise.all(publishers.map(({answer}) => answer()))
  expect(answers[0].lost + answers[1].lost).toBeGreaterThan(0)
  expect((await readerOf(root).readState('canaries/counter.json'))?.value).toBe(600)
  const files = readdirSync(join(root, 'canaries'))
  expect(files.length).toBeLessThan(20)
  expect(files).toContain('counter.json')
  expect(files).toContain('counter.json@600')
}, 60_000)

test('killed before every call that changes the disk, readers see the old state or the new, and a second run completes it', async () => {
  const work = await temporaryFolder()
  const first = await publicationOf(work, 'the first model', {alias: 'candidate'})
  const second = await publicationOf(work, 'the second model', {alias: 'candidate'})
  const seen: string[] = []
  for (let call = 1; ; call++) {
    const root = join(work, `call-${call}`)
    const registry = readerOf(root)
    await registry.publish(first)
    const mark = join(work, `mark-${call}`)
    if (!(await killedAt(call, {root, by: 'ada', publication: second}, mark))) break
    seen.push(readFileSync(mark, 'utf8'))
    await expectOldOrNew(registry, [first.digest, second.digest])
    expect(await readerOf(root).publish(second)).toMatchObject({version: 'v2', digest: second.digest})
    expect(await registry.resolve('wages', 'candidate')).toEqual({version: 'v2', digest: second.digest, generation: 2})
    const log = (await registry.log('wages')).map(({event, version}) => `${event} ${version}`)
    expect(log.sort()).toEqual(['moved v1', 'moved v2', 'registered v1', 'registered v2'])
    await expectOldOrNew(registry, [second.digest])
  }
  expect(seen.length).toBeGreaterThan(30)
  for (const call of ['mkdir', 'open', 'write', 'sync', 'link', 'rename', 'unlink'])
    expect(seen.some(what => what.startsWith(call))).toBe(true)
  // Every temporary file lies in the folder that it is placed into: nothing is ever renamed across devices.
  for (const what of seen.filter(what => what.startsWith('open'))) expect(what).toMatch(/(?:blobs\/sha256|models\/wages\/\w+)\/@tmp-/)
}, 120_000)

test('a file system that takes no more bytes: the error has the path, what was published is intact, nothing is left over', async () => {
  const work = await temporaryFolder()
  const root = join(work, 'registry')
  const registry = readerOf(root)
  const {digest} = await registry.publish(await publicationOf(work, 'small', {alias: 'candidate'}))
  const publication = await publicationOf(work, 'large '.repeat(100_000), {alias: 'candidate', model: join(work, 'large.onnx')})
  // The kernel refuses to let any file of this process grow beyond 64 KiB.
  const {send, answer} = startPublisher(['bash', '-c', `ulimit -f 64 && exec "${process.execPath}" "${program}"`])
  send({root, by: 'ada', publication})
  expect((await answer()).error).toMatch(`${join(root, 'blobs/sha256', publication.digest)}: could not be written (EFBIG`)
  expect(temporaryFiles(root)).toEqual([])
  expect(await registry.resolve('wages', 'candidate')).toEqual({version: 'v1', digest, generation: 1})
  expect(readdirSync(join(root, 'blobs/sha256'))).toHaveLength(2)
  expect(await registry.publish(publication)).toMatchObject({version: 'v2', published: true})
})

/** Whether the publisher got as far as that call, and died there. */
async function killedAt(call: number, order: Order, seen: string): Promise<boolean> {
  const {child, send, answer} = startPublisher()
  const ended = once(child, 'exit')
  send({...order, stop: {call, seen}})
  const survived = await Promise.race([answer(), ended.then(() => null)])
  if (existsSync(seen)) {
    expect(await ended).toEqual([null, 'SIGKILL'])
    return true
  }
  expect(survived).toMatchObject({version: 'v2', published: true})
  child.kill()
  return false
}

async function expectOldOrNew(registry: ReturnType<typeof readerOf>, digests: readonly string[]): Promise<void> {
  const folder = await temporaryFolder()
  const candidate = await registry.resolve('wages', 'candidate')
  expect(digests).toContain(candidate?.digest)
  for (const version of await registry.versions('wages')) {
    const {digest} = await registry.fetch('wages', version, join(folder, version))
    expect(digest).toBe((await registry.manifest('wages', version)).digest)
    expect((await registry.evidence('wages', version)).map(({action}) => action)).toEqual(['evaluate'])
  }
}

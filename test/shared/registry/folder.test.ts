import * as disk from 'node:fs/promises'
import {mkdir, readdir, readFile, utimes, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {Readable} from 'node:stream'
import {describe, expect, test} from 'vitest'
import {UserError} from '#shared/errors'
import {folderStores} from '#shared/registry/folder'
import {registryOn} from '#shared/registry/registry'
import {folderRegistry, publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'
import {watchedFileSystem} from '../../support/watched-file-system.js'

const now = () => new Date()
const text = (value: string): Buffer => Buffer.from(value)

async function temporaryFiles(root: string): Promise<string[]> {
  return (await readdir(root, {recursive: true})).filter(name => name.includes('@tmp-'))
}

describe('objects', () => {
  test('a deleted one leaves no file, in whatever generation it was', async () => {
    const root = await temporaryFolder()
    const {objects} = folderStores(root, root, {now})
    const first = await objects.putIfAbsent('a/b.json', text('one'))
    await objects.putIfMatch('a/b.json', text('two'), String(first))
    await objects.putIfAbsent('a/c/d.json', text('deep'))
    await objects.delete('a/b.json')
    expect(await readdir(join(root, 'a'))).toEqual(['c'])
  })

  test('the same bytes written again have another tag, so that a move there and back is seen', async () => {
    const root = await temporaryFolder()
    const {objects} = folderStores(root, root, {now})
    const first = await objects.putIfAbsent('a.json', text('one'))
    const second = await objects.putIfMatch('a.json', text('two'), String(first))
    const third = await objects.putIfMatch('a.json', text('one'), String(second))
    expect(third).not.toBe(first)
    expect(await objects.putIfMatch('a.json', text('four'), String(first))).toBeNull()
  })

  test('keep the last generations only, and a writer that slept through many of them loses', async () => {
    const root = await temporaryFolder()
    const fs = {...disk}
    const {objects} = folderStores(root, root, {now, fs})
    let tag = await objects.putIfAbsent('a.json', text('1'))
    for (let n = 2; n <= 5; n++) tag = await objects.putIfMatch('a.json', text(String(n)), String(tag))
    const slept = String(tag)
    const awake = folderStores(root, root, {now}).objects
    // The sleeper has read generation 5 and is about to link the sixth while a hundred others come and go.
    fs.link = async (from, to) => {
      for (let n = 6; n <= 105; n++) {
        const newest = await awake.get('a.json')
        await awake.putIfMatch('a.json', text(String(n)), newest?.tag ?? '')
      }
      expect(await readdir(root)).not.toContain('a.json@6')
      await disk.link(from, to)
    }
    expect(await objects.putIfMatch('a.json', text('late'), slept)).toBeNull()
    expect((await awake.get('a.json'))?.bytes.toString()).toBe('105')
  })

  test('a writer that twenty others overtake between its link and its look has written all the same', async () => {
    const root = await temporaryFolder()
    const fs = {...disk}
    const {objects} = folderStores(root, root, {now, fs})
    const awake = folderStores(root, root, {now}).objects
    const first = await objects.putIfAbsent('a.json', text('1'))
    const second = await objects.putIfMatch('a.json', text('2'), String(first))
    fs.link = async (from, to) => {
      await disk.link(from, to)
      for (let n = 4; n <= 23; n++) await awake.putIfMatch('a.json', text(String(n)), (await awake.get('a.json'))?.tag ?? '')
    }
    expect(await objects.putIfMatch('a.json', text('3'), String(second))).not.toBeNull()
    expect((await awake.get('a.json'))?.bytes.toString()).toBe('23')
  })

  test('a deletion that was cut short does not come back to life', async () => {
    const root = await temporaryFolder()
    const {objects} = folderStores(root, root, {now})
    await writeFile(join(root, 'a.json@7'), 'left over')
    expect(await objects.get('a.json')).toBeNull()
    const tag = await objects.putIfAbsent('a.json', text('new'))
    await objects.putIfMatch('a.json', text('newer'), String(tag))
    expect((await objects.get('a.json'))?.bytes.toString()).toBe('newer')
  })

  test.each(['../a.json', 'a@2'])('a refused key writes nothing: %j', async key => {
    const work = await temporaryFolder()
    const root = join(work, 'registry')
    const {objects} = folderStores(root, root, {now})
    await expect(objects.putIfAbsent(key, text('x'))).rejects.toThrow('no key of a registry')
    expect(await readdir(work)).toEqual([])
  })
})

describe('blobs', () => {
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

  test('a damaged one is replaced by the right bytes, a right one left as it is', async () => {
    const root = await temporaryFolder()
    const {blobs} = folderStores(root, root, {now})
    const place = await blobs.put(sha256, 3, Readable.from([text('abc')]), {name: 'wages', version: 'v1'})
    await writeFile(join(root, place), 'abX')
    await blobs.put(sha256, 3, Readable.from([text('abc')]), {name: 'wages', version: 'v1'})
    expect(await readFile(join(root, place), 'utf8')).toBe('abc')
  })

  test('a stream that breaks off leaves no file, not even half of one', async () => {
    const root = await temporaryFolder()
    const {blobs} = folderStores(root, root, {now})
    const broken = Readable.from(
      (async function* () {
        yield text('ab')
        throw new UserError('model.onnx: gone')
      })()
    )
    await expect(blobs.put(sha256, 3, broken, {name: 'wages', version: 'v1'})).rejects.toThrow('model.onnx: gone')
    expect(await readdir(join(root, 'blobs/sha256'))).toEqual([])
  })
})

describe('a file system that refuses', () => {
  const CODES = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO', 'EPERM'] as const
  const failing = (code: string, what: string) => Object.assign(new Error(`${code}: injected, ${what}`), {code})

  test('any call of a publication may fail: the path is named, what was published before is intact, nothing is left over, and a rerun completes it', async () => {
    const {root, work} = await folderRegistry()
    const world = registryWorld()
    let failures = 0
    for (let call = 1; ; call++) {
      const here = join(root, String(call))
      const sound = registryOn(folderStores(here, here, {now}), world)
      await sound.publish(await publicationOf(work, 'the first model', {alias: 'candidate'}))
      const code = CODES[call % CODES.length]
      const fs = watchedFileSystem(disk, (number, what) => {
        if (number === call) throw failing(code, what)
      })
      const second = await publicationOf(work, 'the second model', {alias: 'candidate'})
      const failed = await registryOn(folderStores(here, here, {now, fs}), world)
        .publish(second)
        .then(
          () => null,
          error => error
        )
      if (failed === null) break
      failures++
      expect(failed).toBeInstanceOf(UserError)
      expect(failed.message).toMatch(new RegExp(`^${here}/(?:blobs|models)/\\S+: could not be written \\(${code}: injected`))
      expect(failed.hint).toContain('What was published before is unchanged.')
      expect(await temporaryFiles(here)).toEqual([])
      expect((await sound.fetch('wages', 'v1', join(work, `fetched-${call}`))).digest).toBe((await sound.manifest('wages', 'v1')).digest)
      expect(await sound.publish(second)).toMatchObject({version: 'v2', digest: second.digest})
      expect((await sound.resolve('wages', 'candidate'))?.version).toBe('v2')
    }
    expect(failures).toBeGreaterThan(30)
  })

  test('a temporary file that can not be removed is named', async () => {
    const root = await temporaryFolder()
    const fs = {
      ...disk,
      link: async () => Promise.reject(failing('EIO', 'link')),
      unlink: async () => Promise.reject(failing('EIO', 'unlink'))
    }
    const failed = await folderStores(root, root, {now, fs})
      .objects.putIfAbsent('a.json', text('x'))
      .catch(error => error)
    const [left] = await temporaryFiles(root)
    expect(failed.hint).toContain(`${join(root, left)} is left over: delete it.`)
  })

  test('a file that stands where a folder should be', async () => {
    const root = await temporaryFolder()
    await writeFile(join(root, 'models'), 'a file')
    const {objects} = folderStores(root, root, {now})
    await expect(objects.putIfAbsent('models/wages/a.json', text('x'))).rejects.toThrow(
      `${join(root, 'models/wages')}: can't be read (ENOTDIR`
    )
    expect(await readFile(join(root, 'models'), 'utf8')).toBe('a file')
  })

  test('what a killed process left behind is cleared away a day later, not before', async () => {
    const root = await temporaryFolder()
    const left = join(root, 'models/wages', '@tmp-1-abc')
    await mkdir(dirname(left), {recursive: true})
    await writeFile(left, 'half')
    const {objects} = folderStores(root, root, {now})
    await objects.putIfAbsent('models/wages/a.json', text('x'))
    expect(await temporaryFiles(root)).toHaveLength(1)
    expect(await objects.list('models/')).toEqual(['models/wages/a.json'])
    const yesterday = new Date(Date.now() - 25 * 3600 * 1000)
    await utimes(left, yesterday, yesterday)
    await objects.putIfAbsent('models/wages/b.json', text('x'))
    expect(await temporaryFiles(root)).toEqual([])
  })
})

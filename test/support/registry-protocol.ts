import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {describe, expect, test} from 'vitest'
import {UserError} from '#shared/errors'
import {treeDigest} from '#shared/files'
import {aliasOn} from '#shared/registry/log'
import {registryOn} from '#shared/registry/registry'
import type {Stores} from '#shared/registry/store'
import {publicationOf, registryWorld, temporaryFolder} from './registry.js'
import {openPlace, type PlaceSpec} from './registry-places.js'
import {registryUpkeep} from './registry-upkeep.js'
import {watchedStores} from './watched-stores.js'

const text = (value: string): Buffer => Buffer.from(value)

/** What holds for the registry at a fresh place, whatever store it is: one process, every call answered as it should be. */
export function registryProtocol(name: string, fresh: () => Promise<PlaceSpec>): void {
  registryUpkeep(name, fresh)
  const registry = async () => {
    const place = await fresh()
    const stores = await openPlace(place)
    return {place, stores, registry: registryOn(stores, registryWorld()), work: await temporaryFolder()}
  }

  describe(`${name}: objects`, () => {
    test('are created once, replaced only where the tag is still the one that was read, listed and deleted', async () => {
      const {objects} = await openPlace(await fresh())
      expect(await objects.get('a/b.json')).toBeNull()
      expect(await objects.list('a/')).toEqual([])
      const first = await objects.putIfAbsent('a/b.json', text('one'))
      expect(await objects.putIfAbsent('a/b.json', text('other'))).toBeNull()
      const second = await objects.putIfMatch('a/b.json', text('two'), String(first))
      expect(second).not.toBeNull()
      expect(await objects.putIfMatch('a/b.json', text('three'), String(first))).toBeNull()
      expect(await objects.get('a/b.json')).toEqual({bytes: text('two'), tag: second})
      await objects.putIfAbsent('a/c/d.json', text('deep'))
      await objects.putIfAbsent('ab/c.json', text('near'))
      expect(await objects.list('a/')).toEqual(['a/b.json', 'a/c/d.json'])
      expect(await objects.list('absent/')).toEqual([])
      await objects.delete('a/b.json')
      await objects.delete('a/b.json')
      expect(await objects.get('a/b.json')).toBeNull()
      expect(await objects.putIfMatch('a/b.json', text('late'), String(second))).toBeNull()
      expect(await objects.get('a/b.json')).toBeNull()
    })

    test('are seen by who opens the registry elsewhere, whose tags are taken here', async () => {
      const place = await fresh()
      const [here, there] = [(await openPlace(place)).objects, (await openPlace(place)).objects]
      await here.putIfAbsent('a.json', text('one'))
      const seen = await there.get('a.json')
      expect(seen?.bytes).toEqual(text('one'))
      expect(await there.putIfMatch('a.json', text('two'), String(seen?.tag))).not.toBeNull()
      expect(await here.putIfMatch('a.json', text('three'), String(seen?.tag))).toBeNull()
      expect((await (await openPlace(place)).objects.get('a.json'))?.bytes).toEqual(text('two'))
    })

    test('of many writers with one tag one gets the new one', async () => {
      const place = await fresh()
      const {objects} = await openPlace(place)
      const tag = String(await objects.putIfAbsent('a.json', text('0')))
      const writers = await Promise.all(Array.from({length: 6}, () => openPlace(place)))
      const written = await Promise.all(writers.map((each, index) => each.objects.putIfMatch('a.json', text(`writer ${index}`), tag)))
      const winners = written.flatMap((one, index) => (one === null ? [] : [index]))
      expect(winners).toHaveLength(1)
      expect((await (await openPlace(place)).objects.get('a.json'))?.bytes.toString()).toBe(`writer ${winners[0]}`)
    })

    test.each(['../a.json', 'a/../b.json', '/etc/a.json', 'a//b.json', '.hidden', 'a\n.json', ''])('refuse the key %j', async key => {
      const {objects} = await openPlace(await fresh())
      await expect(objects.putIfAbsent(key, text('x'))).rejects.toThrow('no key of a registry')
    })
  })

  describe(`${name}: blobs`, () => {
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    const owner = {name: 'wages', version: 'v1', digest: sha256}

    test('come back as they were sent, are sent once, and can be deleted', async () => {
      const {blobs} = await openPlace(await fresh())
      const place = await blobs.put(sha256, 3, Readable.from([text('abc')]), owner)
      expect(await blobs.put(sha256, 3, Readable.from([text('abc')]), owner)).toBe(place)
      expect(await bytesOf(await blobs.get(place))).toEqual(text('abc'))
      expect(await blobs.list(owner)).toEqual([place])
      await blobs.delete(place)
      await blobs.delete(place)
      expect(await blobs.get(place)).toBeNull()
    })

    test('nothing lies at the place when the stream breaks off', async () => {
      const {blobs} = await openPlace(await fresh())
      const broken = Readable.from(
        (async function* () {
          yield text('ab')
          throw new UserError('model.onnx: gone')
        })()
      )
      await expect(blobs.put(sha256, 3, broken, owner)).rejects.toThrow('model.onnx: gone')
      expect(await blobs.list(owner)).toEqual([])
    })

    test.each(['blobs/sha256/../../secret', '/etc/passwd', 'models/wages', ''])('refuse the place %j of a forged manifest', async place => {
      const {blobs} = await openPlace(await fresh())
      await expect(blobs.get(place)).rejects.toThrow('no place of a blob')
    })
  })

  describe(`${name}: versions`, () => {
    test('a published model is resolved, fetched byte for byte, and its evidence kept', async () => {
      const {place, registry: writer, work} = await registry()
      const published = await writer.publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
      expect(published).toMatchObject({version: 'v1', published: true, alias: {generation: 1, previous: null, event: 'moved'}})
      const reader = registryOn(await openPlace(place), registryWorld())
      expect(await reader.resolve('wages', 'candidate')).toEqual({version: 'v1', digest: published.digest, generation: 1})
      expect(await reader.resolve('wages', 'v1')).toEqual({version: 'v1', digest: published.digest})
      expect(await reader.resolve('wages', 'v7')).toBeNull()
      const fetched = await reader.fetch('wages', 'v1', join(work, 'fetched'))
      expect(await readFile(fetched.path, 'utf8')).toBe('model one')
      expect((await reader.evidence('wages', 'v1')).map(({action, bytes}) => [action, bytes.toString()])).toEqual([
        ['evaluate', '{"about": "a test"}']
      ])
      expect(await reader.names()).toEqual(['wages'])
      expect((await reader.log('wages')).map(({event, alias, version}) => [event, alias, version])).toEqual([
        ['registered', null, 'v1'],
        ['moved', 'candidate', 'v1']
      ])
    })

    test('a model that is a folder comes back as the same tree', async () => {
      const {place, registry: writer, work} = await registry()
      const model = join(work, 'model')
      await mkdir(join(model, 'weights'), {recursive: true})
      await writeFile(join(model, 'config.json'), '{}')
      await writeFile(join(model, 'weights', 'one.bin'), Buffer.alloc(3 << 20, 7))
      await writeFile(join(model, 'weights', 'same.bin'), Buffer.alloc(3 << 20, 7))
      await writeFile(join(model, 'weights', 'empty.bin'), '')
      const {sha256} = await treeDigest(model)
      await writer.publish(await publicationOf(work, 'unused', {model, digest: sha256}))
      const reader = registryOn(await openPlace(place), registryWorld())
      const {path} = await reader.fetch('wages', 'v1', join(work, 'fetched'))
      expect((await treeDigest(path)).sha256).toBe(sha256)
    })

    test('the same digest publishes nothing and moves the alias all the same; another under a taken version is refused', async () => {
      const {place, registry: writer, work} = await registry()
      const first = await writer.publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
      await writer.publish(await publicationOf(work, 'model two', {alias: 'candidate'}))
      const again = registryOn(await openPlace(place), registryWorld('bob'))
      expect(await again.publish(await publicationOf(work, 'model one', {alias: 'candidate'}))).toMatchObject({
        version: 'v1',
        published: false,
        alias: {generation: 3, version: 'v1', previous: {version: 'v2'}}
      })
      const third = await publicationOf(work, 'model three', {version: 'v1'})
      await expect(again.publish(third)).rejects.toThrow(
        `wages v1: already exists with digest ${first.digest}; this model is ${third.digest}`
      )
      expect(await again.versions('wages')).toEqual(['v2', 'v1'])
    })

    test('the next v<n> is above every one that exists, whatever SemVer versions there are', async () => {
      const {registry: writer, work} = await registry()
      for (const version of ['v9', 'v10', '3.0.0']) await writer.publish(await publicationOf(work, `model ${version}`, {version}))
      expect((await writer.publish(await publicationOf(work, 'the next'))).version).toBe('v11')
    })

    test('a write whose answer was lost is found to have succeeded', async () => {
      const {stores, work} = await registry()
      const deaf: Stores = {
        ...stores,
        objects: {...stores.objects, putIfAbsent: (...put) => stores.objects.putIfAbsent(...put).then(() => null)}
      }
      const published = await registryOn(deaf, registryWorld()).publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
      expect(published).toMatchObject({version: 'v1', published: true, alias: {generation: 1}})
    })

    test('a publisher that fails before or after any write has changed nothing by half, and a rerun completes it', async () => {
      const {work} = await registry()
      const publication = await publicationOf(work, 'model one', {alias: 'candidate'})
      for (const when of ['before', 'after'] as const) {
        for (let write = 1; ; write++) {
          const place = await fresh()
          const fail = (number: number) => {
            if (number === write) throw new Error('injected')
          }
          const failing = registryOn(watchedStores(await openPlace(place), {[when]: fail}), registryWorld())
          const failed = await failing.publish(publication).then(
            () => false,
            () => true
          )
          if (!failed) {
            expect(write).toBeGreaterThanOrEqual(3)
            break
          }
          const rerun = registryOn(await openPlace(place), registryWorld())
          const alias = await rerun.resolve('wages', 'candidate')
          if (alias !== null) expect(alias).toEqual({version: 'v1', digest: publication.digest, generation: 1})
          expect(await rerun.publish(publication)).toMatchObject({version: 'v1', digest: publication.digest, alias: {generation: 1}})
          expect((await rerun.log('wages')).map(({event}) => event).sort()).toEqual(['moved', 'registered'])
        }
      }
    })
  })

  describe(`${name}: aliases and states`, () => {
    test('a first move is a promotion; the log tells who, when, from what to what', async () => {
      const {place, registry: writer, work} = await registry()
      const move = async (of: string) => {
        const {version, digest} = await writer.publish(await publicationOf(work, of))
        return {name: 'wages', alias: 'champion', version, digest, reason: 'better'}
      }
      const [one, two] = [await move('model one'), await move('model two')]
      expect(await writer.resolve('wages', 'champion')).toBeNull()
      expect(await writer.everPromoted('wages', 'champion')).toBe(false)
      await writer.moveAlias({...one, expected: null})
      await writer.moveAlias({...two, expected: 1})
      await writer.moveAlias({...one, expected: 2, event: 'rolled-back', reason: 'errors rose'})
      await expect(writer.moveAlias({...two, expected: 1})).rejects.toThrow('alias champion of wages, read at generation 1, was moved')
      const reader = registryOn(await openPlace(place), registryWorld())
      expect(await reader.everPromoted('wages', 'champion')).toBe(true)
      const moves = (await reader.log('wages')).filter(({alias}) => alias === 'champion')
      expect(
        moves.map(({event, version, generation, reason, previous}) => [event, version, generation, reason, previous?.version])
      ).toEqual([
        ['promoted', 'v1', 1, 'better', undefined],
        ['promoted', 'v2', 2, 'better', 'v1'],
        ['rolled-back', 'v1', 3, 'errors rose', 'v2']
      ])
      expect(aliasOn(moves, 'champion', new Date(moves[1].at))?.version).toBe('v2')
    })

    test('a state is written where its tag is the one that was read', async () => {
      const {registry: writer, place} = await registry()
      const key = `canaries/${'c'.repeat(64)}.json`
      expect(await writer.readState(key)).toBeNull()
      const first = await writer.writeState(key, {step: 1}, null)
      expect(await writer.writeState(key, {step: 9}, null)).toBeNull()
      const second = await writer.writeState(key, {step: 2}, first)
      expect(await writer.writeState(key, {step: 3}, first)).toBeNull()
      expect(await registryOn(await openPlace(place), registryWorld()).readState(key)).toEqual({value: {step: 2}, tag: second})
    })
  })
}

async function bytesOf(stream: Readable | null): Promise<Buffer | null> {
  if (stream === null) return null
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

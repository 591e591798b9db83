import {existsSync} from 'node:fs'
import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {describe, expect, test} from 'vitest'
import {treeDigest} from '#shared/files'
import {openRegistry} from '#shared/registry/address'
import {aliasOn} from '#shared/registry/log'
import {registryOn} from '#shared/registry/registry'
import type {BlobStore, Stores} from '#shared/registry/store'
import {folderRegistry, publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'

test('a published model is resolved, fetched byte for byte, and its evidence kept', async () => {
  const {registry, work} = await folderRegistry()
  const published = await registry.publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
  expect(published).toMatchObject({version: 'v1', published: true, alias: {generation: 1, previous: null, event: 'moved'}})
  expect(await registry.resolve('wages', 'candidate')).toEqual({version: 'v1', digest: published.digest, generation: 1})
  expect(await registry.resolve('wages', 'v1')).toEqual({version: 'v1', digest: published.digest})
  const fetched = await registry.fetch('wages', 'v1', join(work, 'fetched'))
  expect(fetched.digest).toBe(published.digest)
  expect(await readFile(fetched.path, 'utf8')).toBe('model one')
  expect((await registry.evidence('wages', 'v1')).map(({action, bytes}) => [action, bytes.toString()])).toEqual([
    ['evaluate', '{"about": "a test"}']
  ])
  expect((await registry.log('wages')).map(({event, alias, version}) => [event, alias, version])).toEqual([
    ['registered', null, 'v1'],
    ['moved', 'candidate', 'v1']
  ])
})

test('a model that is a folder comes back as the same tree', async () => {
  const {registry, work} = await folderRegistry()
  const model = join(work, 'model')
  await mkdir(join(model, 'weights'), {recursive: true})
  await writeFile(join(model, 'config.json'), '{}')
  await writeFile(join(model, 'weights', 'one.bin'), Buffer.alloc(3 << 20, 7))
  await writeFile(join(model, 'weights', 'empty.bin'), '')
  const {sha256} = await treeDigest(model)
  await registry.publish(await publicationOf(work, 'unused', {model, digest: sha256}))
  const {path} = await registry.fetch('wages', 'v1', join(work, 'fetched'))
  expect((await treeDigest(path)).sha256).toBe(sha256)
})

describe('publishing', () => {
  test('the same digest is a success that publishes nothing, and moves the alias all the same', async () => {
    const {registry, work} = await folderRegistry()
    await registry.publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
    await registry.publish(await publicationOf(work, 'model two', {alias: 'candidate'}))
    const again = await registry.publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
    expect(again).toMatchObject({version: 'v1', published: false, alias: {generation: 3, version: 'v1', previous: {version: 'v2'}}})
    expect(await registry.versions('wages')).toEqual(['v2', 'v1'])
  })

  test('another model under a taken version is refused with the digest that is there, and nothing is sent', async () => {
    const {registry, work, root} = await folderRegistry()
    const first = await publicationOf(work, 'model one', {version: '1.0.0', alias: 'candidate'})
    await registry.publish(first)
    const blobs = await readdir(join(root, 'blobs/sha256'))
    const second = await publicationOf(work, 'model two', {version: '1.0.0', alias: 'candidate'})
    await expect(registry.publish(second)).rejects.toThrow(
      `wages 1.0.0: already exists with digest ${first.digest}; this model is ${second.digest}`
    )
    expect(await readdir(join(root, 'blobs/sha256'))).toEqual(blobs)
    expect((await registry.resolve('wages', 'candidate'))?.digest).toBe(first.digest)
  })

  test('the next v<n> is above every one that exists, whatever SemVer versions there are', async () => {
    const {registry, work} = await folderRegistry()
    for (const version of ['v9', 'v10', '3.0.0']) await registry.publish(await publicationOf(work, `model ${version}`, {version}))
    expect((await registry.publish(await publicationOf(work, 'the next'))).version).toBe('v11')
  })

  test('a model that changed after it was judged is refused with both digests, and nothing is kept of it', async () => {
    const {registry, work, root} = await folderRegistry()
    const publication = await publicationOf(work, 'judged')
    await writeFile(publication.model, 'something else')
    const {sha256} = await treeDigest(publication.model)
    await expect(registry.publish(publication)).rejects.toThrow(
      `${publication.model}: is not the model that was judged: judged sha256 ${publication.digest}, at hand ${sha256}`
    )
    expect(await readdir(root)).toEqual([])
  })

  test.each([
    ['swapped', 'JUDGED'],
    ['grown', 'judged and more'],
    ['cut', 'jud']
  ])('a model that is %s between hashing and sending is refused with both digests: no blob, no version', async (_, bytes) => {
    const {stores, work, root} = await folderRegistry()
    const publication = await publicationOf(work, 'judged')
    const late: BlobStore = {
      ...stores.blobs,
      put: async (...given) => {
        await writeFile(publication.model, bytes)
        return await stores.blobs.put(...given)
      }
    }
    const registry = registryOn({...stores, blobs: late}, registryWorld())
    await expect(registry.publish(publication)).rejects.toThrow(
      new RegExp(
        `changed before it was sent: expected sha256 ${publication.digest} \\(6 bytes\\), sent (?:[0-9a-f]{64}|of more than was expected) `
      )
    )
    expect(await readdir(join(root, 'blobs/sha256'))).toEqual([])
    expect(await registry.versions('wages')).toEqual([])
  })

  test.each([
    ['truncated', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['with a bit flipped', (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === 3 ? byte ^ 1 : byte)))],
    ['twice', (bytes: Buffer) => Buffer.concat([bytes, bytes])]
  ])(
    'an upload that arrives %s is found out when it is read back: named, referred to by nothing, and mended by a rerun',
    async (_, harm) => {
      const {stores, registry, work, root} = await folderRegistry()
      const publication = await publicationOf(work, 'a model of some size', {alias: 'candidate'})
      const lying: BlobStore = {
        ...stores.blobs,
        put: async (sha256, size, stream, owner) => {
          const place = await stores.blobs.put(sha256, size, stream, owner)
          await writeFile(join(root, place), harm(await readFile(join(root, place))))
          return place
        }
      }
      const failed = await registryOn({...stores, blobs: lying}, registryWorld())
        .publish(publication)
        .catch(error => error)
      expect(failed.message).toContain(
        `the registry returns other bytes than were published: expected sha256 ${publication.digest} (20 bytes), got `
      )
      expect(failed.hint).toContain(`blobs/sha256/${publication.digest} is damaged`)
      expect(await registry.versions('wages')).toEqual([])
      expect(await registry.resolve('wages', 'candidate')).toBeNull()
      expect(await registry.publish(publication)).toMatchObject({version: 'v1', published: true})
    }
  )

  test('a store that answers "taken" for ever is given up after eight attempts with growing pauses', async () => {
    const {stores, work} = await folderRegistry()
    const world = registryWorld()
    let asked = 0
    const contended: Stores = {
      ...stores,
      objects: {
        ...stores.objects,
        putIfAbsent: async (key, bytes) => {
          if (!key.includes('/aliases/')) return await stores.objects.putIfAbsent(key, bytes)
          asked++
          return null
        }
      }
    }
    await expect(registryOn(contended, world).publish(await publicationOf(work, 'model one', {alias: 'candidate'}))).rejects.toThrow(
      'alias candidate of wages, was moved by somebody else meanwhile: wanted v1'
    )
    expect(asked).toBe(8)
    expect(world.naps).toEqual([50, 100, 200, 400, 800, 1000, 1000])
  })

  test('a write whose answer was lost is found to have succeeded', async () => {
    const {stores, work} = await folderRegistry()
    const deaf: Stores = {
      ...stores,
      objects: {...stores.objects, putIfAbsent: (key, bytes) => stores.objects.putIfAbsent(key, bytes).then(() => null)}
    }
    const published = await registryOn(deaf, registryWorld()).publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
    expect(published).toMatchObject({version: 'v1', published: true, alias: {generation: 1}})
  })

  test('words that look like parts of a log key mislead nobody', async () => {
    const {registry, work} = await folderRegistry()
    const version = '1.0.0-alias-champion-7'
    const published = await registry.publish(await publicationOf(work, 'model one', {version, alias: 'a-version-b'}))
    expect(await registry.everPromoted('wages', 'champion')).toBe(false)
    expect(await registry.everPromoted('wages', 'champion-7')).toBe(false)
    expect(await registry.resolve('wages', 'a-version-b')).toEqual({version, digest: published.digest, generation: 1})
    expect(await registry.publish(await publicationOf(work, 'model one'))).toMatchObject({version, published: false})
  })

  test('a version whose log entry is missing is found by its digest all the same', async () => {
    const {registry, work, root} = await folderRegistry()
    await registry.publish(await publicationOf(work, 'model one'))
    await rm(join(root, 'models/wages/log'), {recursive: true})
    expect(await registry.publish(await publicationOf(work, 'model one'))).toMatchObject({version: 'v1', published: false})
    expect((await registry.log('wages')).map(({event}) => event)).toEqual(['registered'])
  })

  test('no key lies under another key', async () => {
    const {registry, stores, work} = await folderRegistry()
    await registry.publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
    await registry.publish(await publicationOf(work, 'model two', {name: 'wages.json', version: '1.0.0', alias: 'candidate'}))
    const keys = await stores.objects.list('models/')
    expect(keys).toHaveLength(8)
    for (const key of keys) expect(keys.filter(other => other.startsWith(`${key}/`))).toEqual([])
  })
})

describe('fetching', () => {
  test('a damaged blob is refused with both digests, and no model file appears', async () => {
    const {registry, work, root} = await folderRegistry()
    const {digest} = await registry.publish(await publicationOf(work, 'model one'))
    await writeFile(join(root, 'blobs/sha256', digest), 'model 0ne')
    await expect(registry.fetch('wages', 'v1', join(work, 'fetched'))).rejects.toThrow(`expected sha256 ${digest} (9 bytes), got `)
    expect(await readdir(join(work, 'fetched'))).toEqual([])
  })

  test('a second fetch into the same folder finds the model there, unless it was changed', async () => {
    const {registry, work, root} = await folderRegistry()
    const model = join(work, 'model')
    await mkdir(model)
    await writeFile(join(model, 'a.bin'), 'a')
    const {sha256} = await treeDigest(model)
    await registry.publish(await publicationOf(work, 'unused', {model, digest: sha256}))
    const first = await registry.fetch('wages', 'v1', work)
    await rm(join(root, 'blobs'), {recursive: true})
    expect(await registry.fetch('wages', 'v1', work)).toEqual(first)
    await writeFile(join(first.path, 'b.bin'), 'b')
    await expect(registry.fetch('wages', 'v1', work)).rejects.toThrow(`its manifest says ${sha256}`)
  })

  test('a blob that is gone is named', async () => {
    const {registry, work, root} = await folderRegistry()
    const {digest} = await registry.publish(await publicationOf(work, 'model one'))
    await rm(join(root, 'blobs/sha256', digest))
    await expect(registry.fetch('wages', 'v1', join(work, 'fetched'))).rejects.toThrow(
      `wages v1 model-one.onnx: the registry has no blobs/sha256/${digest}`
    )
  })

  test('a registry that breaks off in the middle of a blob is an error with its place', async () => {
    const {stores, registry, work} = await folderRegistry()
    const {digest} = await registry.publish(await publicationOf(work, 'model one'))
    const breaking: BlobStore = {
      ...stores.blobs,
      get: async () =>
        Readable.from(
          (async function* () {
            yield Buffer.from('mod')
            throw new Error('connection reset')
          })()
        )
    }
    await expect(registryOn({...stores, blobs: breaking}, registryWorld()).fetch('wages', 'v1', join(work, 'fetched'))).rejects.toThrow(
      `blobs/sha256/${digest}: can't be read (connection reset)`
    )
    expect(await readdir(join(work, 'fetched'))).toEqual([])
  })

  test('an absent version is named with those that are there', async () => {
    const {registry, work} = await folderRegistry()
    await registry.publish(await publicationOf(work, 'model one'))
    await expect(registry.manifest('wages', 'v7')).rejects.toThrow(expect.objectContaining({hint: 'There are v1.'}))
    expect(await registry.resolve('wages', 'v7')).toBeNull()
  })

  test.each([
    ['torn', (text: string) => text.slice(0, 100), 'not a whole JSON document'],
    ['of a later schema', (text: string) => text.replace('manifest:v1', 'manifest:v2'), 'expected the schema urn:trainyard:manifest:v1'],
    ['of another version', (text: string) => text.replace('"version": "v1"', '"version": "v2"'), 'version: expected the one in its key'],
    ['that leads out of the folder', (text: string) => text.replace('model-one.onnx', '../../escaped'), 'a path inside the model'],
    ['that names a hidden file', (text: string) => text.replace('model-one.onnx', '.bashrc'), 'a path inside the model'],
    [
      'with another digest than its file',
      (text: string) => text.replace(/"digest": "[0-9a-f]{64}"/, `"digest": "${'0'.repeat(64)}"`),
      'files: expected one of digest'
    ],
    ['with a wrong size', (text: string) => text.replace('"size": 9', '"size": -9'), 'size: expected a whole number'],
    ['of no attempt', (text: string) => text.replace('"by":', '"attempt": "1", "by":'), 'attempt: expected a whole number']
  ])('a manifest %s is refused', async (_, change, message) => {
    const {registry, work, root} = await folderRegistry()
    await registry.publish(await publicationOf(work, 'model one'))
    const path = join(root, 'models/wages/versions/v1.json')
    await writeFile(path, change(await readFile(path, 'utf8')))
    await expect(registry.fetch('wages', 'v1', join(work, 'fetched'))).rejects.toThrow(
      `models/wages/versions/v1.json: ${message.startsWith('a path') ? 'path: expected ' : ''}${message}`
    )
    expect(existsSync(join(work, 'fetched'))).toBe(false)
  })

  test('a manifest whose files were exchanged for others does not give the tree that it claims', async () => {
    const {registry, work, root} = await folderRegistry()
    const model = join(work, 'model')
    await mkdir(model)
    await writeFile(join(model, 'a.bin'), 'a')
    await writeFile(join(model, 'b.bin'), 'b')
    const {sha256} = await treeDigest(model)
    await registry.publish(await publicationOf(work, 'unused', {model, digest: sha256}))
    const path = join(root, 'models/wages/versions/v1.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"path": "a.bin"', '"path": "renamed.bin"'))
    await expect(registry.fetch('wages', 'v1', join(work, 'fetched'))).rejects.toThrow(`its manifest says ${sha256}`)
  })
})

describe('aliases', () => {
  async function withTwoVersions() {
    const place = await folderRegistry()
    const [one, two] = [
      await place.registry.publish(await publicationOf(place.work, 'model one')),
      await place.registry.publish(await publicationOf(place.work, 'model two'))
    ]
    const to = ({version, digest}: {version: string; digest: string}) => ({
      name: 'wages',
      alias: 'champion',
      version,
      digest,
      reason: 'better'
    })
    return {...place, one: to(one), two: to(two)}
  }

  test('a first move is a promotion; the log tells who, when, from what to what', async () => {
    const {registry, one, two} = await withTwoVersions()
    expect(await registry.resolve('wages', 'champion')).toBeNull()
    expect(await registry.everPromoted('wages', 'champion')).toBe(false)
    await registry.moveAlias({...one, expected: null})
    await registry.moveAlias({...two, expected: 1})
    await registry.moveAlias({...one, expected: 2, event: 'rolled-back', reason: 'errors rose'})
    expect(await registry.everPromoted('wages', 'champion')).toBe(true)
    const moves = (await registry.log('wages')).filter(({alias}) => alias === 'champion')
    expect(
      moves.map(({event, version, generation, reason, by, previous}) => [event, version, generation, reason, by, previous?.version])
    ).toEqual([
      ['promoted', 'v1', 1, 'better', 'ada', undefined],
      ['promoted', 'v2', 2, 'better', 'ada', 'v1'],
      ['rolled-back', 'v1', 3, 'errors rose', 'ada', 'v2']
    ])
    expect(aliasOn(moves, 'champion', new Date(moves[1].at))?.version).toBe('v2')
    expect(aliasOn(moves, 'champion', new Date(Date.parse(moves[0].at) - 1))).toBeNull()
  })

  test('somebody moved it between read and write: reported with both digests and who, and left where they put it', async () => {
    const {registry, one, two} = await withTwoVersions()
    await registry.moveAlias(one)
    await expect(registry.moveAlias({...two, expected: null})).rejects.toThrow(
      `alias champion of wages, read at no generation, was moved by somebody else meanwhile: wanted v2 (sha256 ${two.digest}), but it points at v1 (sha256 ${one.digest}, generation 1), moved by ada`
    )
    expect((await registry.resolve('wages', 'champion'))?.version).toBe('v1')
  })

  test('a swap that is lost to another writer is reported too, though the generation was right when it was read', async () => {
    const {stores, registry, one, two} = await withTwoVersions()
    await registry.moveAlias(one)
    const third = {...one, reason: 'quicker', event: 'rolled-back'} as const
    let raced = false
    const slow: Stores = {
      ...stores,
      objects: {
        ...stores.objects,
        putIfMatch: async (...given) => {
          if (!raced) {
            raced = true
            await registry.moveAlias({...two, expected: 1})
            await registry.moveAlias({...third, expected: 2})
          }
          return await stores.objects.putIfMatch(...given)
        }
      }
    }
    await expect(registryOn(slow, registryWorld('bob')).moveAlias({...two, expected: 1})).rejects.toThrow('read at generation 1, was moved')
    expect((await registry.resolve('wages', 'champion'))?.generation).toBe(3)
  })

  test('an alias only ever points at a version that is there, with its digest', async () => {
    const {registry, one, two} = await withTwoVersions()
    await expect(registry.moveAlias({...one, digest: two.digest})).rejects.toThrow(`wages v1: has digest ${one.digest}, not ${two.digest}`)
    await expect(registry.moveAlias({...one, version: 'v3'})).rejects.toThrow('wages v3: not in the registry')
    expect(await registry.resolve('wages', 'champion')).toBeNull()
  })

  test('an older pointer is refused unless it is accepted, and the next move goes above it', async () => {
    const {registry, root, one, two} = await withTwoVersions()
    await registry.moveAlias(one)
    const path = join(root, 'models/wages/aliases/champion.json')
    const old = await readFile(path)
    await registry.moveAlias(two)
    await rm(`${path}@2`)
    expect(await readFile(path)).toEqual(old)
    await expect(registry.resolve('wages', 'champion')).rejects.toThrow(
      `alias champion of wages: points at v1 (sha256 ${one.digest}) as of generation 1, older than generation 2 that was seen`
    )
    expect(await registry.resolve('wages', 'champion', {older: 'accept'})).toMatchObject({version: 'v1', generation: 1})
    expect(await registry.moveAlias(two)).toMatchObject({generation: 3})
  })

  test('a generation that a consumer has seen counts like one in the log', async () => {
    const {registry, one} = await withTwoVersions()
    await registry.moveAlias(one)
    await expect(registry.resolve('wages', 'champion', {seen: 5})).rejects.toThrow('older than generation 5 that was seen')
  })

  test('an alias that is gone was promoted once, and comes back with a higher generation', async () => {
    const {registry, stores, one} = await withTwoVersions()
    await registry.moveAlias(one)
    await stores.objects.delete('models/wages/aliases/champion.json')
    expect(await registry.resolve('wages', 'champion')).toBeNull()
    expect(await registry.everPromoted('wages', 'champion')).toBe(true)
    expect((await registry.moveAlias(one)).generation).toBe(2)
  })

  test('moving it to where it is changes nothing, and writes the log entry that a crash left out', async () => {
    const {registry, root, one} = await withTwoVersions()
    await registry.moveAlias(one)
    const log = join(root, 'models/wages/log')
    for (const name of await readdir(log)) if (name.includes('champion')) await rm(join(log, name))
    expect((await registry.moveAlias(one)).generation).toBe(1)
    expect((await registry.log('wages')).filter(({alias}) => alias === 'champion')).toHaveLength(1)
  })
})

test('a state is written where its tag is the one that was read', async () => {
  const {registry} = await folderRegistry()
  const key = `canaries/${'c'.repeat(64)}.json`
  expect(await registry.readState(key)).toBeNull()
  const first = await registry.writeState(key, {step: 1}, null)
  expect(await registry.writeState(key, {step: 9}, null)).toBeNull()
  const second = await registry.writeState(key, {step: 2}, first)
  expect(await registry.writeState(key, {step: 3}, first)).toBeNull()
  expect(await registry.readState(key)).toEqual({value: {step: 2}, tag: second})
})

describe('addresses', () => {
  const world = (env: Record<string, string>, cwd = '/') => ({...registryWorld(), env, cwd})

  test('a folder is opened, relative ones from the working directory', async () => {
    const cwd = await temporaryFolder()
    await mkdir(join(cwd, 'models'))
    const registry = await openRegistry('models', world({RUNNER_ENVIRONMENT: 'self-hosted'}, cwd))
    const published = await registry.publish(await publicationOf(cwd, 'model one'))
    expect(published.url).toBe(`file://${cwd}/models/models/wages/versions/v1.json`)
  })

  test.each([
    ['models', {RUNNER_ENVIRONMENT: 'github-hosted'}, 'registry models: a folder of a GitHub-hosted runner is gone after the job'],
    ['s3://Bucket/prefix', {}, 'registry "s3://Bucket/prefix": "Bucket" is no name of a bucket'],
    ['mlflow+https://host', {}, 'registry mlflow+https://host: there is no registry of this kind'],
    [' ', {}, 'registry: empty']
  ])('%j under %j is refused', async (address, env, message) => {
    const cwd = await temporaryFolder()
    await expect(openRegistry(address, world(env, cwd))).rejects.toThrow(expect.objectContaining({kind: 'usage', message}))
    expect(await readdir(cwd)).toEqual([])
  })

  test.each(['gthub', 'GitHub', 'githbu'])('%s: whether github is meant is asked first', async address => {
    const hint = expect.stringMatching(/^Did you mean github, .*\? For a new registry/)
    await expect(openRegistry(address, world({}, await temporaryFolder()))).rejects.toThrow(expect.objectContaining({hint}))
  })

  test('a folder that is there is a registry, an empty one; one that is not there is out of reach and is not made', async () => {
    const cwd = await temporaryFolder()
    for (const address of ['models', 'mnt/models'])
      await expect(openRegistry(address, world({}, cwd))).rejects.toThrow(
        expect.objectContaining({
          message: `registry ${address}: can't be reached: there is no folder ${join(cwd, address)}`,
          hint: expect.stringMatching(
            new RegExp(`^For a new registry make it once: mkdir -p ${join(cwd, address)}\\. Else .*TRAINYARD_REGISTRY`)
          )
        })
      )
    expect(await readdir(cwd)).toEqual([])
    await mkdir(join(cwd, 'models'))
    const registry = await openRegistry('models', world({}, cwd))
    expect(await registry.everPromoted('wages', 'champion')).toBe(false)
    await writeFile(join(cwd, 'file'), '')
    await expect(openRegistry('file', world({}, cwd))).rejects.toThrow(`registry file: can't be reached: ${join(cwd, 'file')} is a file`)
  })
})

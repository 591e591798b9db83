import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {treeDigest} from '#shared/files'
import {folderRegistry, publicationOf} from '../../support/registry.js'

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

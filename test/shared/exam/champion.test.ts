import {readdir, readFile, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeEach, expect, test} from 'vitest'
import {findChampion} from '#shared/exam/champion'
import type {ModelReference} from '#shared/inputs'
import {folderRegistry, publicationOf, registryWorld} from '../../support/registry.js'

let yard: Awaited<ReturnType<typeof folderRegistry>>
beforeEach(async () => {
  yard = await folderRegistry()
})

const named = (name: string): ModelReference => ({kind: 'named', name})

function find(champion: ModelReference, given: {readonly name?: string; readonly registry?: string} = {}) {
  const world = {...registryWorld(), env: {}, cwd: yard.work, tempDir: join(yard.work, 'temp')}
  return findChampion({champion, name: 'wages', registry: yard.root, ...given}, world)
}

const publish = async (text: string, alias?: string) => yard.registry.publish(await publicationOf(yard.work, text, {alias}))

test('the model that the alias points at is fetched byte for byte', async () => {
  await publish('the champion', 'champion')
  const {state, sitter, title} = await find(named('champion'))
  expect([state, title, await readFile(sitter?.path ?? '', 'utf8')]).toEqual([{kind: 'ready'}, 'v1 (champion)', 'the champion'])
})

test('where none was ever promoted it is the first model, whatever else was published', async () => {
  expect((await find(named('champion'))).state).toEqual({kind: 'nothing', message: 'first model: compared with nothing'})
  await publish('a candidate', 'candidate')
  expect((await find(named('champion'))).state).toEqual({kind: 'nothing', message: 'first model: compared with nothing'})
})

test('an alias that existed and is gone is an error, not a first model', async () => {
  await publish('the champion', 'champion')
  const aliases = join(yard.root, 'models/wages/aliases')
  for (const file of await readdir(aliases)) await rm(join(aliases, file))
  const {state, sitter} = await find(named('champion'))
  expect([state, sitter]).toEqual([
    {kind: 'error', message: 'the alias champion of wages existed and is gone; point it at a version again'},
    undefined
  ])
})

test.each<[string, ModelReference, {name?: string; registry?: string}, string]>([
  ['no registry', named('champion'), {registry: undefined}, 'no registry is given to find the champion in'],
  ['no name', named('champion'), {name: undefined}, 'no name is given to find the champion under'],
  ['a registry out of reach', named('champion'), {registry: '/no/such/place'}, 'the champion could not be had: registry /no/such/place'],
  ['a version that is not there', named('v9'), {}, 'there is no version v9 of wages in the registry'],
  ['a name that is none', named('champion'), {name: '../wages'}, 'the champion could not be had: name "../wages"']
])('%s is an error', async (_, champion, given, message) => {
  const {state, sitter} = await find(champion, given)
  expect(state).toMatchObject({kind: 'error', message: expect.stringContaining(message)})
  expect(sitter).toBeUndefined()
})

test('a damaged champion is an error, and no model file is there to be compared with', async () => {
  const {digest} = await publish('the champion', 'champion')
  await rm(join(yard.root, 'blobs/sha256', digest))
  const {state, sitter} = await find(named('champion'))
  expect([state.kind, sitter]).toEqual(['error', undefined])
  expect(await readdir(join(yard.work, 'temp', 'champion')).catch(() => [])).toEqual([])
})

test('none is none, and a path is a model or predictions by its ending', async () => {
  expect((await find({kind: 'none'})).title).toBe('none')
  expect((await find({kind: 'path', path: '/a/p.parquet'})).sitter).toMatchObject({kind: 'predictions', path: '/a/p.parquet'})
  expect((await find({kind: 'path', path: '/a/m.onnx'})).sitter).toMatchObject({kind: 'model', path: '/a/m.onnx'})
})

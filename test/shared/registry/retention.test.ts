import {existsSync} from 'node:fs'
import {readdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {type Registry, registryOn} from '#shared/registry/registry'
import type {Stores} from '#shared/registry/store'
import {folderRegistry, publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'
import {watchedStores} from '../../support/watched-stores.js'

/** Publishes v1 to v<n> and promotes each. */
async function promoted(registry: Registry, work: string, n: number): Promise<void> {
  for (let version = 1; version <= n; version++) {
    const {digest} = await registry.publish(await publicationOf(work, `model ${version}`, {alias: 'candidate'}))
    await registry.moveAlias({name: 'wages', alias: 'champion', version: `v${version}`, digest, reason: 'canary'})
  }
}

async function planned(registry: Registry, keep: number): Promise<string[]> {
  return (await registry.planRetention('wages', keep)).versions.flatMap(({manifest, why}) => (why === null ? [manifest.version] : []))
}

const canary = (name: string, phase: string, digest: string) => ({
  schema: 'urn:trainyard:canary:v1',
  ...{name, phase, endpoint: 'https://models.example', candidate: {version: 'v1', digest}},
  lease: {holder: 'o/r 7 deploy', attempt: 1, run: 'https://github.com/o/r/actions/runs/7', expiresAt: '2026-01-02T03:04:05Z'}
})

describe('the plan', () => {
  test('keeps the newest, what aliases point at, and what a rollback would go back to', async () => {
    const {registry, work} = await folderRegistry()
    await promoted(registry, work, 10)
    await registry.rollBack({name: 'wages', alias: 'champion', reason: 'worse'})
    const {versions} = await registry.planRetention('wages', 1)
    expect(Object.fromEntries(versions.map(({manifest, why}) => [manifest.version, why]))).toEqual({
      v10: 'among the newest 1',
      v9: 'alias champion',
      v8: 'what champion would go back to',
      ...Object.fromEntries(['v7', 'v6', 'v5', 'v4', 'v3', 'v2', 'v1'].map(version => [version, null]))
    })
  })

  test.each(['step', 'promoted', 'rollback-failed'])('keeps what a rollout in phase %s names, also when no alias does', async phase => {
    const {registry, work} = await folderRegistry()
    await promoted(registry, work, 5)
    const {digest} = await registry.manifest('wages', 'v2')
    await registry.writeState('canaries/one.json', canary('wages', phase, digest), null)
    await registry.writeState('canaries/two.json', canary('churn', phase, (await registry.manifest('wages', 'v1')).digest), null)
    expect(await planned(registry, 1)).toEqual(['v3', 'v1'])
  })

  test.each([
    ['promoted', ['v4', 'v3', 'v1']],
    ['rolled-back', ['v4', 'v2', 'v1']],
    ['rollback-failed', []],
    ['step', []],
    ['rolling-back', []]
  ])('of a rollout in phase %s goes what it may not need again: %j', async (phase, goes) => {
    const {registry, work} = await folderRegistry()
    await promoted(registry, work, 6)
    const [one, two, three, four] = await Promise.all(
      ['v1', 'v2', 'v3', 'v4'].map(async version => (await registry.manifest('wages', version)).digest)
    )
    const ended = {
      ...{...canary('wages', phase, two), lastGood: three, champion: {version: 'v4', digest: four, generation: 4}},
      ...{before: {[three]: 95, [two]: 5}, weights: {[phase === 'promoted' ? two : three]: 100}, reason: 'worse'},
      ...{startedAt: '2026-01-02T03:04:05Z', updatedAt: '2026-01-02T03:04:05Z', counted: {versions: {[one]: {}, [four]: {}}}}
    }
    await registry.writeState('canaries/one.json', ended, null)
    expect(await planned(registry, 1)).toEqual(goes)
  })

  test.each([
    ['a torn log entry', 'models/wages/log/20260102T030405000Z-alias-champion-1.json', 'not a whole JSON document'],
    ['a torn rollout', 'canaries/one.json', 'canaries/one.json: not a whole JSON document']
  ])('%s: nothing is planned, for what is needed cannot be told', async (_, key, message) => {
    const {registry, work, root} = await folderRegistry()
    await promoted(registry, work, 3)
    await registry.writeState('canaries/one.json', canary('wages', 'step', 'a'.repeat(64)), null)
    const [first] = key.startsWith('models')
      ? (await readdir(join(root, 'models/wages/log'))).filter(name => name.includes('champion-1'))
      : []
    await writeFile(join(root, first === undefined ? key : `models/wages/log/${first}`), '{"schema":')
    await expect(registry.planRetention('wages', 1)).rejects.toThrow(message)
  })
})

describe('retiring', () => {
  test('removes models, keeps evidence, numbers and what others share, and is in the log', async () => {
    const {registry, work, root} = await folderRegistry()
    await promoted(registry, work, 5)
    const {digest} = await registry.manifest('wages', 'v1')
    await registry.publish(await publicationOf(work, 'model 2', {name: 'churn', model: join(work, 'model-2.onnx')}))
    const retired = await registry.retire(await registry.planRetention('wages', 1), 'keep 1')
    expect(retired.map(({version, freed}) => [version, freed])).toEqual([
      ['v3', 7],
      ['v2', 0],
      ['v1', 7]
    ])
    expect(existsSync(join(root, 'blobs/sha256', digest))).toBe(false)
    expect(await registry.versions('wages')).toEqual(['v5', 'v4'])
    await expect(registry.fetch('wages', 'v1', work)).rejects.toThrow('wages v1: was retired by ada at ')
    expect((await registry.evidence('wages', 'v1')).map(({action}) => action)).toEqual(['evaluate'])
    expect((await registry.fetch('churn', 'v1', join(work, 'churn'))).path).toContain('model-2.onnx')
    const {entries, holes} = await registry.history('wages')
    expect(entries.filter(({event}) => event === 'retired').map(({version, reason}) => [version, reason])).toEqual([
      ['v3', 'keep 1'],
      ['v2', 'keep 1'],
      ['v1', 'keep 1']
    ])
    expect(holes).toEqual([])
    expect(await registry.publish(await publicationOf(work, 'model 1', {model: join(work, 'model-1.onnx')}))).toMatchObject({
      version: 'v6',
      published: true
    })
    await expect(
      registry.publish(await publicationOf(work, 'model 1', {model: join(work, 'model-1.onnx'), version: 'v1'}))
    ).rejects.toThrow(`wages v1: was there with digest ${digest} and was retired by ada`)
  })

  test('puts a version back that an alias has come to point at since the plan', async () => {
    const {registry, work} = await folderRegistry()
    await promoted(registry, work, 4)
    const plan = await registry.planRetention('wages', 1)
    const {digest} = await registry.manifest('wages', 'v1')
    await registry.moveAlias({name: 'wages', alias: 'candidate', version: 'v1', digest, reason: 'try it again'})
    expect((await registry.retire(plan, 'keep 1')).map(({version}) => version)).toEqual(['v2'])
    expect((await registry.fetch('wages', 'v1', join(work, 'v1'))).digest).toBe(digest)
    expect(await registry.tombstone('wages', 'v1')).toBeNull()
  })

  test('an alias that is moved to a version while that is retired goes back, and says so', async () => {
    const {registry, stores, work} = await folderRegistry()
    await promoted(registry, work, 3)
    const {digest} = await registry.manifest('wages', 'v1')
    // Retention has taken the manifest away and looked at the aliases just before the alias is written.
    const late: Stores = {
      ...stores,
      objects: {
        ...stores.objects,
        putIfMatch: async (key, bytes, tag) => {
          if (key.endsWith('champion.json')) await stores.objects.delete('models/wages/versions/v1.json')
          return await stores.objects.putIfMatch(key, bytes, tag)
        }
      }
    }
    const racing = registryOn(late, registryWorld('grace'))
    await expect(racing.moveAlias({name: 'wages', alias: 'champion', version: 'v1', digest, reason: 'try'})).rejects.toThrow(
      'wages v1: was retired while the alias champion was moved to it'
    )
    expect(await registry.resolve('wages', 'champion')).toMatchObject({version: 'v3', generation: 5})
  })

  test('what a rollout has come to need since a run died is put back by the next one', async () => {
    const {registry, stores, work} = await folderRegistry()
    await promoted(registry, work, 4)
    const {digest} = await registry.manifest('wages', 'v2')
    const dying = registryOn(
      watchedStores(stores, {
        after: write => {
          if (write === 2) throw new Error('killed')
        }
      }),
      registryWorld()
    )
    await expect(dying.retire(await dying.planRetention('wages', 1), 'keep 1')).rejects.toThrow('killed')
    expect(await registry.versions('wages')).toEqual(['v4', 'v3', 'v1'])
    await registry.writeState('canaries/one.json', canary('wages', 'step', digest), null)
    await registry.retire(await registry.planRetention('wages', 1), 'keep 1')
    expect(await registry.versions('wages')).toEqual(['v4', 'v3', 'v2'])
    expect((await registry.fetch('wages', 'v2', join(work, 'fetched'))).digest).toBe(digest)
  })

  test('killed after every write, no manifest lacks its blobs, what is needed is there, and a rerun completes it', async () => {
    const work = await temporaryFolder()
    for (let stop = 1; ; stop++) {
      const {registry, stores, root} = await folderRegistry()
      await promoted(registry, work, 4)
      const dying = registryOn(
        watchedStores(stores, {
          after: write => {
            if (write === stop) throw new Error('killed')
          }
        }),
        registryWorld()
      )
      const ended = await dying.retire(await dying.planRetention('wages', 1), 'keep 1').then(
        () => 'ended',
        (error: Error) => error.message
      )
      for (const version of await registry.versions('wages'))
        expect((await registry.fetch('wages', version, join(work, `${stop}-${version}`))).digest).toHaveLength(64)
      expect((await registry.versions('wages')).slice(0, 2)).toEqual(['v4', 'v3'])
      await registry.retire(await registry.planRetention('wages', 1), 'keep 1')
      expect(await registry.versions('wages')).toEqual(['v4', 'v3'])
      for (const version of ['v1', 'v2']) expect((await registry.tombstone('wages', version))?.removed).toBe(true)
      expect(await readdir(join(root, 'blobs/sha256'))).toHaveLength(3)
      expect((await registry.history('wages')).entries.filter(({event}) => event === 'retired')).toHaveLength(2)
      if (ended === 'ended') {
        expect(stop).toBeGreaterThan(8)
        break
      }
    }
  })

  test('a publisher that found a blob just before it went is told at once', async () => {
    const {registry, stores, work} = await folderRegistry()
    await promoted(registry, work, 4)
    const again = await publicationOf(work, 'model 1', {model: join(work, 'model-1.onnx'), name: 'churn'})
    const blobs = {
      ...stores.blobs,
      delete: async (place: string) => {
        // Its bytes are still there, so nothing is sent; its manifest comes after retention has looked for who refers to them.
        if (place.endsWith(again.digest)) await registry.publish(again)
        await stores.blobs.delete(place)
      }
    }
    const retiring = registryOn({...stores, blobs}, registryWorld())
    await expect(retiring.retire(await retiring.planRetention('wages', 1), 'keep 1')).rejects.toThrow(
      `a version that was published meanwhile refers to blobs/sha256/${again.digest}, which was removed just before`
    )
  })
})

test('kept data come back byte for byte below a folder, whatever their paths were', async () => {
  const {registry, work} = await folderRegistry()
  const files = [
    ['data/train.csv', 'a,b\n1,2\n'],
    ['/mnt/share/data/train.csv', 'a,b\n3,4\n'],
    ['../data/train.csv', 'a,b\n5,6\n']
  ]
  const {sha256File} = await import('#shared/files')
  const kept = await Promise.all(
    files.map(async ([path, text], index) => {
      const file = join(work, `data-${index}.csv`)
      await writeFile(file, text)
      return {kind: 'data', path, file, ...(await sha256File(file))} as const
    })
  )
  await registry.publish(await publicationOf(work, 'model', {kept}))
  const paths = await registry.fetchKept('wages', 'v1', 'data', join(work, 'back'))
  expect(await Promise.all(paths.map(path => readFile(path, 'utf8')))).toEqual(files.map(([, text]) => text))
  expect(paths.map(path => path.slice(join(work, 'back').length + 1))).toEqual([
    'data/train.csv',
    'mnt/share/data/train.csv',
    `${kept[2].sha256.slice(0, 12)}/data/train.csv`
  ])
  await expect(registry.fetchKept('wages', 'v1', 'data', join(work, 'back'))).rejects.toThrow(
    'data/train.csv: could not be written (EEXIST'
  )
})

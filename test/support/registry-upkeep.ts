import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {sha256File} from '#shared/files'
import {type Registry, registryOn} from '#shared/registry/registry'
import {publicationOf, registryWorld, temporaryFolder} from './registry.js'
import {openPlace, type PlaceSpec} from './registry-places.js'
import {watchedStores} from './watched-stores.js'

const CHAMPION = {name: 'wages', alias: 'champion'} as const

/** What holds for history, rollback, retention and kept files, whatever store it is. */
export function registryUpkeep(name: string, fresh: () => Promise<PlaceSpec>): void {
  const open = async () => {
    const stores = await openPlace(await fresh())
    return {stores, registry: registryOn(stores, registryWorld()), work: await temporaryFolder()}
  }

  describe(`${name}: upkeep`, () => {
    test('a champion goes back, then further back, and the history tells without a hole', async () => {
      const {registry, work} = await open()
      await promoted(registry, work, 4)
      const champion = async () => (await registry.resolve('wages', 'champion'))?.version
      await registry.rollBack({...CHAMPION, reason: 'worse'})
      expect(await champion()).toBe('v3')
      await registry.rollBack({...CHAMPION, reason: 'worse still'})
      expect(await champion()).toBe('v2')
      const {entries, holes} = await registry.history('wages')
      expect(entries.map(({event, version}) => `${event} ${version}`).slice(-3)).toEqual([
        'promoted v4',
        'rolled-back v3',
        'rolled-back v2'
      ])
      expect(holes).toEqual([])
    })

    test('files beside the model come back byte for byte', async () => {
      const {registry, work} = await open()
      const file = join(work, 'train.csv')
      await writeFile(file, 'a,b\n1,2\n')
      const kept = [
        {kind: 'data', path: 'data/train.csv', file, ...(await sha256File(file))},
        {kind: 'data', path: 'data/same content.csv', file, ...(await sha256File(file))}
      ] as const
      await registry.publish(await publicationOf(work, 'model', {kept}))
      const paths = await registry.fetchKept('wages', 'v1', 'data', join(work, 'back'))
      expect(paths).toHaveLength(2)
      for (const path of paths) expect(await readFile(path, 'utf8')).toBe('a,b\n1,2\n')
    })

    test('retention, killed after every write: no manifest lacks its model, what is needed is there, a rerun completes it', async () => {
      for (let stop = 1; ; stop++) {
        const {registry, stores, work} = await open()
        await promoted(registry, work, 3)
        const kill = (write: number) => {
          if (write === stop) throw new Error('killed')
        }
        const dying = registryOn(watchedStores(stores, {after: kill}), registryWorld())
        const ended = await dying
          .planRetention('wages', 1)
          .then(plan => dying.retire(plan, 'keep 1'))
          .then(
            () => true,
            () => false
          )
        for (const version of await registry.versions('wages'))
          expect((await registry.fetch('wages', version, join(work, version))).digest).toHaveLength(64)
        await registry.retire(await registry.planRetention('wages', 1), 'keep 1')
        expect(await registry.versions('wages')).toEqual(['v3', 'v2'])
        expect((await registry.tombstone('wages', 'v1'))?.removed).toBe(true)
        expect((await registry.evidence('wages', 'v1')).map(({action}) => action)).toEqual(['evaluate'])
        expect((await registry.history('wages')).entries.filter(({event}) => event === 'retired')).toHaveLength(1)
        expect(await registry.publish(await publicationOf(work, 'model 4'))).toMatchObject({version: 'v4'})
        if (ended) {
          expect(stop).toBeGreaterThan(4)
          return
        }
      }
    }, 120_000)
  })
}

async function promoted(registry: Registry, work: string, n: number): Promise<void> {
  for (let count = 1; count <= n; count++) {
    const {version, digest} = await registry.publish(await publicationOf(work, `model ${count}`))
    await registry.moveAlias({...CHAMPION, version, digest, reason: 'canary'})
  }
}

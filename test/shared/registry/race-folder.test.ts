import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {registryOn} from '#shared/registry/registry'
import {folderRegistry, publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'
import {publishers} from '../../support/registry-children.js'
import {openPlace, type PlaceSpec} from '../../support/registry-places.js'
import {killedEverywhere, registryRaces} from '../../support/registry-races.js'

const fresh = async (): Promise<PlaceSpec> => ({kind: 'folder', root: join(await temporaryFolder(), 'registry')})

// Calls of the disk are the moments here: every write of a store begins and ends with one.
registryRaces('a folder', fresh, {moments: []})

describe('a folder alone', () => {
  const start = publishers()

  test('old generations of what two processes count up are cleared away', async () => {
    const root = await temporaryFolder()
    const place = {kind: 'folder', root} as const
    const counters = [start(), start()]
    for (const [index, {send}] of counters.entries()) send({place, by: `publisher ${index}`, count: 300})
    const answers = await Promise.all(counters.map(({answer}) => answer()))
    expect(answers.reduce((sum, {lost = 0}) => sum + lost, 0)).toBeGreaterThan(0)
    const registry = registryOn(await openPlace(place), registryWorld())
    expect((await registry.readState('canaries/counter.json'))?.value).toBe(600)
    const files = readdirSync(join(root, 'canaries'))
    expect(files.length).toBeLessThan(100)
    expect(files).toContain('counter.json')
    expect(files).toContain('counter.json@600')
  }, 60_000)

  test('killed before every call that changes the disk, readers see the old state or the new, and a second run completes it', async () => {
    const seen = await killedEverywhere('before every call that changes the disk', start, fresh)
    expect(seen.length).toBeGreaterThan(30)
    for (const call of ['mkdir', 'open', 'write', 'sync', 'link', 'rename', 'unlink'])
      expect(seen.some(what => what.startsWith(call))).toBe(true)
    // Every temporary file lies in the folder that it is placed into: nothing is ever renamed across devices.
    for (const what of seen.filter(what => what.startsWith('open'))) expect(what).toMatch(/(?:blobs\/sha256|models\/wages\/\w+)\/@tmp-/)
  }, 120_000)

  test('a file system that takes no more bytes: the error has the path, what was published is intact, nothing is left over', async () => {
    const {registry, root, work} = await folderRegistry()
    const {digest} = await registry.publish(await publicationOf(work, 'small', {alias: 'candidate'}))
    const publication = await publicationOf(work, 'large '.repeat(100_000), {alias: 'candidate', model: join(work, 'large.onnx')})
    // The kernel refuses to let any file of this process grow beyond 64 KiB.
    const {send, answer} = start('ulimit -f 64')
    send({place: {kind: 'folder', root}, by: 'ada', publication})
    expect((await answer()).error).toMatch(`${join(root, 'blobs/sha256', publication.digest)}: could not be written (EFBIG`)
    expect(readdirSync(root, {recursive: true, encoding: 'utf8'}).filter(name => name.includes('@tmp-'))).toEqual([])
    expect(await registry.resolve('wages', 'candidate')).toEqual({version: 'v1', digest, generation: 1})
    expect(readdirSync(join(root, 'blobs/sha256'))).toHaveLength(2)
    expect(await registry.publish(publication)).toMatchObject({version: 'v2', published: true})
  })
})

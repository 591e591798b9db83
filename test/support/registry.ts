import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {onTestFinished} from 'vitest'
import {treeDigest} from '#shared/files'
import {folderStores} from '#shared/registry/folder'
import type {Publication} from '#shared/registry/publication'
import {type Registry, type RegistryWorld, registryOn} from '#shared/registry/registry'
import type {BlobStore, ObjectStore, Stores} from '#shared/registry/store'

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-registry-'))
  onTestFinished(() => rm(folder, {recursive: true, force: true}))
  return folder
}

/** A world whose clock ticks a second at each look. */
export function registryWorld(by = 'ada'): RegistryWorld & {readonly naps: number[]} {
  let seconds = 0
  const naps: number[] = []
  return {
    now: () => new Date(Date.UTC(2026, 0, 2, 3, 4, 5 + seconds++)),
    random: () => 0.5,
    sleep: async ms => void naps.push(ms),
    by,
    runUrl: `https://github.com/o/r/actions/runs/${by}`,
    naps
  }
}

export async function folderRegistry(
  world: RegistryWorld = registryWorld()
): Promise<{registry: Registry; stores: Stores; root: string; work: string}> {
  const work = await temporaryFolder()
  const root = join(work, 'registry')
  const stores = folderStores(root, root, {now: () => new Date()})
  return {registry: registryOn(stores, world), stores, root, work}
}

/** A model file with this text, ready to be published. */
export async function publicationOf(work: string, text: string, more: Partial<Publication> = {}): Promise<Publication> {
  const model = join(work, `${text.replace(/\W+/g, '-')}.onnx`)
  await writeFile(model, text)
  const {sha256} = await treeDigest(model)
  return {
    name: 'wages',
    model,
    digest: sha256,
    evidence: [{action: 'evaluate', bytes: Buffer.from('{"about": "a test"}')}],
    lineage: {materials: [{kind: 'data', name: 'train.csv', sha256: 'a'.repeat(64)}], parent: null},
    reason: 'published by a test',
    ...more
  }
}

/** Stores that call `before` and `after` around every write, with the number of writes so far, so that a test may stop there. */
export function watchedStores(
  stores: Stores,
  hooks: {readonly before?: (write: number, what: string) => void; readonly after?: (write: number, what: string) => void}
): Stores {
  let writes = 0
  const watched =
    <A extends unknown[], R>(what: string, write: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      const number = ++writes
      const label = `${what} ${String(given[0])}`
      hooks.before?.(number, label)
      const result = await write(...given)
      hooks.after?.(number, label)
      return result
    }
  const {objects, blobs} = stores
  const watchedObjects: ObjectStore = {
    ...objects,
    putIfAbsent: watched('putIfAbsent', objects.putIfAbsent),
    putIfMatch: watched('putIfMatch', objects.putIfMatch),
    delete: watched('delete', objects.delete)
  }
  const watchedBlobs: BlobStore = {...blobs, put: watched('put', blobs.put), delete: watched('delete', blobs.delete)}
  return {...stores, objects: watchedObjects, blobs: watchedBlobs}
}

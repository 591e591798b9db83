import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {onTestFinished} from 'vitest'
import {treeDigest} from '#shared/files'
import {folderStores} from '#shared/registry/folder'
import type {Publication} from '#shared/registry/publication'
import {type Registry, type RegistryWorld, registryOn} from '#shared/registry/registry'
import type {Stores} from '#shared/registry/store'

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
  await mkdir(root)
  const stores = folderStores(root, root, {now: () => new Date()})
  return {registry: registryOn(stores, world), stores, root, work}
}

/** A model file with this text, ready to be published; a given digest is that of a given model. */
export async function publicationOf(work: string, text: string, more: Partial<Publication> = {}): Promise<Publication> {
  const model = more.model ?? join(work, `${text.replace(/\W+/g, '-')}.onnx`)
  if (more.digest === undefined) await writeFile(model, text)
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

import {UserError} from '#shared/errors'
import type {AliasWorld} from './aliases.js'
import {logRetired} from './log.js'
import {type Manifest, manifestKey} from './manifest.js'
import {listVersions, readManifest} from './publication.js'
import {renderDocument} from './record.js'
import {type RetentionPlan, readNeeds} from './retention.js'
import type {ObjectStore, Stores} from './store.js'
import {listRetired, readTombstone, renderTombstone, type Tombstone, tombstoneKey} from './tombstone.js'

export interface Retired {
  readonly version: string
  readonly digest: string
  /** bytes of blobs that were removed */
  readonly freed: number
}

type RetirementWorld = AliasWorld & Stores

/**
 * Removes the models of versions that a plan does not need. First the manifest goes, leaving a tombstone, then the blobs that no version refers to
 * and what the store made to hold them: a crash leaves no manifest without its blobs, and running it again completes it. Evidence and profile stay.
 * A version that an alias or a rollout has come to need meanwhile is put back. Where what held a model can't be removed, the others are retired all
 * the same, and then UserError names it; it stays unfinished.
 */
export async function retire(world: RetirementWorld, {name, versions, unfinished}: RetentionPlan, reason: string): Promise<Retired[]> {
  const buried: Tombstone[] = []
  for (const {manifest} of versions.filter(({why}) => why === null)) buried.push(await bury(world, manifest, reason))
  const gone = await withoutNeeded(world.objects, name, [...unfinished, ...buried])
  for (const tombstone of gone) await logRetired(world, tombstone)
  const referred = await placesReferred(world.objects)
  const retired: Retired[] = []
  const deleted = new Set<string>()
  const standing: Standing[] = []
  for (const tombstone of gone) {
    let freed = 0
    const bytes = bytesOf(tombstone.manifest)
    for (const {place, size} of bytes) {
      if (referred.has(place) || deleted.has(place)) continue
      await world.blobs.delete(place)
      deleted.add(place)
      freed += size
    }
    const places = bytes.map(({place}) => place)
    const left = places.some(place => referred.has(place)) ? undefined : await vacate(world, tombstone, places)
    if (left !== undefined) {
      standing.push(left)
      continue
    }
    await finish(world.objects, tombstone)
    retired.push({version: tombstone.manifest.version, digest: tombstone.manifest.digest, freed})
  }
  await refuseTorn(world, name, deleted)
  refuseStanding(name, standing)
  return retired
}

/** A version whose model is gone while what held it is not. */
interface Standing {
  readonly version: string
  readonly error: UserError
}

async function vacate({blobs}: Stores, {manifest}: Tombstone, places: readonly string[]): Promise<Standing | undefined> {
  try {
    await blobs.vacate?.(manifest, places)
    return undefined
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return {version: manifest.version, error}
  }
}

function refuseStanding(name: string, [first, ...more]: readonly Standing[]): void {
  if (first === undefined) return
  const {version, error} = first
  const others = more.length === 0 ? '' : `; nor could what held ${more.length} more: ${more.map(one => one.version).join(', ')}`
  throw new UserError(`${name} ${version}: its model is removed, and what held it could not be: ${error.message}${others}`, {
    hint: error.hint,
    cause: error
  })
}

/** Takes a manifest away; its tombstone is there before. */
async function bury({objects, by, runUrl, now}: RetirementWorld, manifest: Manifest, reason: string): Promise<Tombstone> {
  const {name, version} = manifest
  const left = await readTombstone(objects, name, version)
  const tombstone: Tombstone = left ?? {manifest, removed: false, reason, by, at: now().toISOString(), runUrl}
  if (left === null) await objects.putIfAbsent(tombstoneKey(name, version), renderTombstone(tombstone))
  await objects.delete(manifestKey(name, version))
  return tombstone
}

/** Puts back what an alias or a rollout has come to need; gives the others. */
async function withoutNeeded(objects: ObjectStore, name: string, buried: readonly Tombstone[]): Promise<Tombstone[]> {
  if (buried.length === 0) return []
  const needs = await readNeeds(objects, name)
  const needed = ({manifest}: Tombstone) =>
    needs.some(({version, digest}) => digest === manifest.digest && (version ?? manifest.version) === manifest.version)
  for (const {manifest} of buried.filter(needed)) {
    await objects.putIfAbsent(manifestKey(name, manifest.version), renderDocument(manifest))
    await objects.delete(tombstoneKey(name, manifest.version))
  }
  return buried.filter(one => !needed(one))
}

async function finish(objects: ObjectStore, {manifest}: Tombstone): Promise<void> {
  const {name, version} = manifest
  const stored = await readTombstone(objects, name, version)
  if (stored === null) return
  const {tag, ...tombstone} = stored
  await objects.putIfMatch(tombstoneKey(name, version), renderTombstone({...tombstone, removed: true}), tag)
}

/** The large things of a version: the model, its data and the record of its training. */
function bytesOf({files, kept = []}: Manifest): {readonly place: string; readonly size: number}[] {
  return [...files, ...kept]
}

/** Where lies what any version of any model needs, retired ones' evidence included: blobs are shared where contents are the same. */
async function placesReferred(objects: ObjectStore): Promise<ReadonlySet<string>> {
  const places = new Set<string>()
  for (const name of new Set((await objects.list('models/')).map(key => key.split('/')[1]))) {
    for (const version of await listVersions(objects, name)) {
      const manifest = await readManifest(objects, name, version)
      if (manifest) for (const {place} of [...bytesOf(manifest), ...documentsOf(manifest)]) places.add(place)
    }
    for (const version of await listRetired(objects, name)) {
      const tombstone = await readTombstone(objects, name, version)
      if (tombstone) for (const {place} of documentsOf(tombstone.manifest)) places.add(place)
    }
  }
  return places
}

function documentsOf({evidence, profile}: Manifest): {readonly place: string}[] {
  return profile ? [...evidence, profile] : [...evidence]
}

/** A publisher may have found a blob there just before it was deleted: that is said at once, and not found out at the next deployment. */
async function refuseTorn({objects}: RetirementWorld, name: string, deleted: ReadonlySet<string>): Promise<void> {
  if (deleted.size === 0) return
  const torn = [...(await placesReferred(objects))].find(place => deleted.has(place))
  if (torn !== undefined)
    throw new UserError(`${name}: a version that was published meanwhile refers to ${torn}, which was removed just before`, {
      hint: 'Publish that model again under a new version. Let retire and publish not run at once: give both jobs one concurrency group.'
    })
}

import {UserError} from '#shared/errors'
import {readHistory} from './history.js'
import type {Manifest} from './manifest.js'
import {countOf} from './names.js'
import {predecessorOf} from './predecessor.js'
import {listVersions, readManifest} from './publication.js'
import {readRollouts} from './rollouts.js'
import type {ObjectStore} from './store.js'
import {listRetired, readTombstone, type Tombstone} from './tombstone.js'

/** A version, and why it stays; null: nothing needs it. */
export interface Kept {
  readonly manifest: Manifest
  readonly why: string | null
}

/** What retention would do to a model's versions. */
export interface RetentionPlan {
  readonly name: string
  /** how many of the newest stay in any case */
  readonly keep: number
  /** the newest first */
  readonly versions: readonly Kept[]
  /** retirements that did not come to their end: their versions are no longer there, some of their bytes may be */
  readonly unfinished: readonly Tombstone[]
}

/**
 * Which versions nothing needs: not the newest `keep`, not what an alias points at or would go back to, not what a rollout
 * that goes on names, nor what takes traffic after one that ended.
 * Throws UserError when any of these can't be read, for then what is needed can't be told.
 */
export async function planRetention(objects: ObjectStore, name: string, keep: number): Promise<RetentionPlan> {
  const manifests = (await Promise.all((await listVersions(objects, name)).map(version => readManifest(objects, name, version)))).filter(
    manifest => manifest !== null
  )
  const newest = manifests.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at) || countOf(b.version) - countOf(a.version))
  const needs = await readNeeds(objects, name)
  const versions = newest.map((manifest, index) => {
    const needed = needs.find(({version, digest}) => (version === undefined || version === manifest.version) && digest === manifest.digest)
    return {manifest, why: index < keep ? `among the newest ${keep}` : (needed?.why ?? null)}
  })
  const unfinished: Tombstone[] = []
  for (const version of await listRetired(objects, name)) {
    const tombstone = await readTombstone(objects, name, version)
    if (tombstone && !tombstone.removed && !manifests.some(manifest => manifest.version === version)) unfinished.push(tombstone)
  }
  return {name, keep, versions, unfinished}
}

/** Something that a version is kept for. */
interface Need {
  /** absent: every version of this digest */
  readonly version?: string
  readonly digest: string
  readonly why: string
}

/** What aliases, the way back from them, and rollouts need of a model. */
export async function readNeeds(objects: ObjectStore, name: string): Promise<Need[]> {
  const {entries, holes} = await readHistory(objects, name)
  const [hole] = holes.filter(one => !/not in the log; told from/.test(one))
  if (hole !== undefined)
    throw new UserError(`${name}: what has to stay can't be told: ${hole}`, {hint: 'Mend the log first. Nothing was removed.'})
  const last = [...new Set(entries.flatMap(({alias}) => alias ?? []))].map(alias =>
    entries.filter(entry => entry.alias === alias).reduce((a, b) => (b.generation > a.generation ? b : a))
  )
  const pointed = last.map(({alias, version, digest}) => ({version, digest, why: `alias ${alias}`}))
  const back = last.flatMap(({alias, previous}) =>
    [predecessorOf(entries, alias ?? ''), previous].flatMap(one => (one === null ? [] : [{...one, why: `what ${alias} would go back to`}]))
  )
  const rolled = (await readRollouts(objects)).filter(rollout => rollout.name === name)
  const named = rolled.flatMap(({endpoint, open, digests}) =>
    [...digests].map(digest => ({digest, why: open ? `the rollout on ${endpoint}` : `the last rollout on ${endpoint}`}))
  )
  return [...pointed, ...named, ...back]
}

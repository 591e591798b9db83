import {UserError} from '#shared/errors'
import type {Alias} from './alias.js'
import {type AliasWorld, readAlias} from './aliases.js'
import {checkBlob} from './blobs.js'
import {type History, readHistory} from './history.js'
import {parseAlias, parseName, parseVersion} from './names.js'
import {pointAlias} from './pointing.js'
import {missingGenerations, type Pointed, predecessorOf} from './predecessor.js'
import {readManifest} from './publication.js'
import {readRollouts} from './rollouts.js'
import type {ObjectStore, Stores} from './store.js'

export interface Rollback {
  readonly name: string
  readonly alias: string
  /** absent: where the alias was before */
  readonly to?: string
  readonly reason: string
}

type RollbackWorld = AliasWorld & Stores & {readonly log?: (line: string) => void}

export interface RolledBack {
  readonly from: Pointed
  readonly alias: Alias
}

/**
 * Moves an alias back to where it was, in one compare-and-swap, once every byte of that version was read and found whole. Throws UserError, with the
 * alias where it is: when a rollout of the model is open, when there is nowhere to go back to or the log can't tell, when that version is gone or
 * damaged, and when somebody else moved the alias meanwhile.
 */
export async function rollBack(world: RollbackWorld, {name, alias, to, reason}: Rollback): Promise<RolledBack> {
  const {objects} = world
  const current = await readAlias(objects, parseName(name), parseAlias(alias))
  if (current === null)
    throw new UserError(`alias ${alias} of ${name}: points nowhere`, {hint: 'There is nothing to roll back: promote a version first.'})
  await refuseRollout(objects, name)
  const target = to === undefined ? predecessor(await readHistory(objects, name), name, current) : await versionOf(objects, name, to)
  if (target.version === current.version && target.digest === current.digest)
    throw new UserError(`alias ${alias} of ${name}: points at ${target.version} already`, {hint: 'Nothing was moved.'})
  await checkModel(world, name, target)
  const move = {name, alias, ...target, expected: current.generation, event: 'rolled-back', reason} as const
  return {from: {version: current.version, digest: current.digest}, alias: await pointAlias(world, move)}
}

async function refuseRollout(objects: ObjectStore, name: string): Promise<void> {
  const open = (await readRollouts(objects)).find(rollout => rollout.name === name && rollout.open)
  if (open)
    throw new UserError(
      `${name}: a rollout on ${open.endpoint} is under way in ${open.run}, and would move champion and traffic meanwhile`,
      {
        hint: 'Cancel that run: it goes back by itself. If it was lost, run deploy-canary again, which finishes it.'
      }
    )
}

function predecessor(history: History, name: string, {alias, version, event, previous, generation}: Alias): Pointed {
  // A move that came after the alias was read is for the compare-and-swap to find.
  const entries = history.entries.filter(entry => entry.alias !== alias || entry.generation <= generation)
  const missing = missingGenerations(entries, alias)
  const before = missing.length === 0 ? predecessorOf(entries, alias) : event === 'rolled-back' ? null : previous
  if (before !== null) return {version: before.version, digest: before.digest}
  const why = missing.length === 0 ? 'never pointed anywhere else' : `has a hole in its log (generation ${missing.join(', ')})`
  throw new UserError(`alias ${alias} of ${name}: points at ${version} and ${why}, so there is no predecessor to go back to`, {
    hint: 'Name a version with --to.'
  })
}

async function versionOf(objects: ObjectStore, name: string, to: string): Promise<Pointed> {
  const manifest = await readManifest(objects, name, parseVersion(to))
  if (manifest) return {version: manifest.version, digest: manifest.digest}
  throw new UserError(`${name} ${to}: not in the registry`, {hint: 'trainyard history lists what was published.'})
}

/** Reads a version's model to its last byte. Throws UserError when the version, or any of its files, is gone or is not what it was. */
export async function checkModel(
  {objects, blobs, log}: Pick<RollbackWorld, 'objects' | 'blobs' | 'log'>,
  name: string,
  {version, digest}: Pointed
): Promise<void> {
  const manifest = await readManifest(objects, name, version)
  if (manifest === null)
    throw new UserError(`${name} ${version}: is no longer in the registry`, {
      hint: 'It was retired or deleted: name another version with --to.'
    })
  if (manifest.digest !== digest)
    throw new UserError(`${name} ${version}: has digest ${manifest.digest}, the log says ${digest}`, {
      hint: 'The registry was changed by hand: name another version with --to.'
    })
  for (const file of manifest.files) await checkBlob(blobs, {...file, label: `${name} ${version} ${file.path}`}, log)
}

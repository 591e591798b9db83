import {UserError} from '#shared/errors'
import type {Alias} from './alias.js'
import {type AliasWorld, readAlias} from './aliases.js'
import {checkBlob} from './blobs.js'
import {byWhom} from './by.js'
import {type History, readHistory} from './history.js'
import type {LogEntry} from './log.js'
import {parseAlias, parseName, parseVersion} from './names.js'
import {pointAlias} from './pointing.js'
import {missingGenerations, type Pointed, predecessorOf} from './predecessor.js'
import {listVersions, readManifest} from './publication.js'
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
 * alias where it is: when a rollout of the model is open, when there is nowhere to go back to or the log can't tell, when the alias never was at the
 * version that is asked for, when that version is gone or damaged, and when somebody else moved the alias meanwhile.
 */
export async function rollBack(world: RollbackWorld, {name, alias, to, reason}: Rollback): Promise<RolledBack> {
  const {objects} = world
  const current = await readAlias(objects, parseName(name), parseAlias(alias))
  if (current === null)
    throw new UserError(`alias ${alias} of ${name}: points nowhere`, {hint: 'There is nothing to roll back: promote a version first.'})
  await refuseRollout(objects, name)
  const history = await readHistory(objects, name)
  const target =
    to === undefined
      ? await predecessor(objects, history, name, current)
      : onceThere(history, name, alias, await versionOf(objects, name, to))
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

async function predecessor(
  objects: ObjectStore,
  history: History,
  name: string,
  {alias, version, event, previous, generation}: Alias
): Promise<Pointed> {
  // A move that came after the alias was read is for the compare-and-swap to find.
  const entries = history.entries.filter(entry => entry.alias !== alias || entry.generation <= generation)
  const missing = missingGenerations(entries, alias)
  const before = missing.length === 0 ? predecessorOf(entries, alias) : event === 'rolled-back' ? null : previous
  if (before !== null) return {version: before.version, digest: before.digest}
  if (missing.length > 0)
    throw nowhere(name, {alias, version}, `has a hole in its log (generation ${missing.join(', ')})`, 'Name a version with --to.')
  const back = entries.findLast(entry => entry.alias === alias && entry.event === 'rolled-back')
  if (!back) throw nowhere(name, {alias, version}, 'never pointed anywhere else', 'deploy-canary brings another version.')
  const since = `was rolled back to it${back.previous ? ` from ${back.previous.version}` : ''} at ${back.at} ${byWhom(back.by)}`
  throw nowhere(name, {alias, version}, since, await waysForward(objects, name, pointedAt(entries, alias), version))
}

function nowhere(name: string, {alias, version}: Pick<Alias, 'alias' | 'version'>, why: string, hint: string): UserError {
  return new UserError(`alias ${alias} of ${name}: points at ${version} and ${why}, so there is no predecessor to go back to`, {hint})
}

async function waysForward(objects: ObjectStore, name: string, once: readonly Pointed[], current: string): Promise<string> {
  const there = new Set(await listVersions(objects, name))
  const left = [...new Set(once.map(({version}) => version))].filter(version => version !== current && there.has(version)).toReversed()
  return left.length === 0
    ? 'Nothing that it pointed at is left: deploy-canary brings another version.'
    : `${left.map(version => `--to ${version}`).join(' or ')} goes forward again.`
}

/** Every place that the log knows an alias at, oldest first; also by what later moves say that they came from. */
function pointedAt(entries: readonly LogEntry[], alias: string): Pointed[] {
  return entries
    .filter(entry => entry.alias === alias)
    .flatMap(({previous, version, digest}) => [...(previous ? [previous] : []), {version, digest}])
}

/** A version that never was there can't be gone back to: it would skip the gates that let others there. */
function onceThere({entries}: History, name: string, alias: string, target: Pointed): Pointed {
  const once = pointedAt(entries, alias)
  if (once.some(({version, digest}) => version === target.version && digest === target.digest)) return target
  const missing = missingGenerations(entries, alias)
  const why =
    missing.length === 0 ? `never was ${alias}` : `the log, which lacks generation ${missing.join(', ')}, does not know it as ${alias}`
  const were = [...new Set(once.map(({version}) => version))].join(', ')
  throw new UserError(`${name} ${target.version}: ${why}, so there is nothing to go back to`, {
    hint: `${alias === 'champion' ? 'deploy-canary brings a new version. ' : ''}It was ${were}: name one of these with --to.`
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

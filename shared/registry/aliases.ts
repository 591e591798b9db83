import {UserError} from '#shared/errors'
import {ALIAS, type Alias, aliasKey, type MoveEvent, parseAliasRecord} from './alias.js'
import type {Approval} from './approval.js'
import {byWhom} from './by.js'
import {lastLoggedGeneration, logMove, moveEntry} from './log.js'
import {parseAlias, parseName, parseVersion} from './names.js'
import {renderDocument} from './record.js'
import {insist, type Patience} from './retry.js'
import type {ObjectStore} from './store.js'
import {putTogether} from './together.js'

export interface AliasWorld extends Patience {
  readonly objects: ObjectStore
  readonly now: () => Date
  readonly by: string
  readonly runUrl: string
}

export interface Move {
  readonly name: string
  readonly alias: string
  readonly version: string
  readonly digest: string
  /** the generation that was read before deciding, null for an alias that was not there; another one by now is an error. Absent: whatever it is */
  readonly expected?: number | null
  /** default: `promoted` for the alias champion, `moved` for others */
  readonly event?: MoveEvent
  /** writes it also where it points there already, so that a move which is still under way finds another generation */
  readonly again?: boolean
  readonly reason: string
  /** who let it go where it goes, for the log */
  readonly approvals?: readonly Approval[]
}

/** The alias as stored; null when there is none. */
export async function readAlias(objects: ObjectStore, name: string, alias: string): Promise<(Alias & {tag: string}) | null> {
  const key = aliasKey(name, alias)
  const stored = await objects.get(key)
  return stored && {...parseAliasRecord(key, stored.bytes), tag: stored.tag}
}

/**
 * Points an alias at a version by compare-and-swap and logs it. An alias that points there already is left as it is, and its log entry made sure of.
 * Throws UserError with both digests when it is not at the expected generation, or when others win eight times.
 */
export async function moveAlias(world: AliasWorld, move: Move): Promise<Alias> {
  parseName(move.name)
  parseAlias(move.alias)
  parseVersion(move.version)
  const moved = await insist(world, async () => {
    const {tag, ...current} = (await readAlias(world.objects, move.name, move.alias)) ?? {tag: null, generation: null}
    const pointed = 'digest' in current ? current : null
    if (!move.again && pointed?.version === move.version && pointed.digest === move.digest) return await logged(world, move.name, pointed)
    if (move.expected !== undefined && move.expected !== (pointed?.generation ?? null)) throw movedMeanwhile(move, pointed)
    if (pointed) await logMove(world, move.name, pointed)
    const next = await nextAlias(world, move, pointed)
    const key = aliasKey(move.name, move.alias)
    const bytes = renderDocument(next)
    const written = await putTogether(world.objects, {key, bytes, tag}, [moveEntry(move.name, next)])
    return written === null ? undefined : await logged(world, move.name, next)
  })
  if (moved) return moved
  throw movedMeanwhile(move, await readAlias(world.objects, move.name, move.alias))
}

async function nextAlias(world: AliasWorld, move: Move, pointed: Alias | null): Promise<Alias> {
  // Above the log too: an alias that was deleted or put back to an older state must not hand out a generation twice.
  const last = Math.max(pointed?.generation ?? 0, await lastLoggedGeneration(world, move.name, move.alias))
  return {
    schema: ALIAS,
    alias: move.alias,
    version: move.version,
    digest: move.digest,
    generation: last + 1,
    event: move.event ?? (move.alias === 'champion' ? 'promoted' : 'moved'),
    reason: move.reason,
    previous: pointed && {version: pointed.version, digest: pointed.digest},
    by: world.by,
    at: world.now().toISOString(),
    runUrl: world.runUrl,
    ...(move.approvals === undefined || move.approvals.length === 0 ? {} : {approvals: move.approvals})
  }
}

async function logged(world: AliasWorld, name: string, moved: Alias): Promise<Alias> {
  await logMove(world, name, moved)
  return moved
}

function movedMeanwhile({name, alias, version, digest, expected}: Move, found: Alias | null): UserError {
  const there = found
    ? `it points at ${found.version} (sha256 ${found.digest}, generation ${found.generation}), moved ${byWhom(found.by)} at ${found.at}`
    : 'it is not there'
  const read = expected === undefined ? '' : `, read at ${expected === null ? 'no generation' : `generation ${expected}`}`
  return new UserError(
    `alias ${alias} of ${name}${read}, was moved by somebody else meanwhile: wanted ${version} (sha256 ${digest}), but ${there}`,
    {
      hint: found?.runUrl ? `Look at ${found.runUrl}, then run this again.` : 'Find out who did, then run this again.'
    }
  )
}

import {UserError} from '#shared/errors'
import type {Alias} from './alias.js'
import {type AliasWorld, type Move, moveAlias} from './aliases.js'
import {manifestKey} from './manifest.js'

/**
 * Moves an alias to a version that is there. Retention looks at the aliases after it has taken a manifest away, and this looks for the manifest after
 * it has moved the alias, so that at least one of two at once sees the other. Throws UserError, with the alias back where it was, when the version is gone.
 */
export async function pointAlias(world: AliasWorld, move: Move): Promise<Alias> {
  const moved = await moveAlias(world, move)
  if ((await world.objects.get(manifestKey(move.name, move.version))) !== null) return moved
  const {previous} = moved
  const {name, alias, version} = move
  const reason = `${version} was retired while ${alias} was moved to it`
  if (previous) await moveAlias(world, {name, alias, ...previous, expected: moved.generation, event: 'rolled-back', reason})
  throw new UserError(`${name} ${version}: was retired while the alias ${alias} was moved to it`, {
    hint: previous ? `${alias} points at ${previous.version} again. Choose another version.` : `Point ${alias} at another version.`
  })
}

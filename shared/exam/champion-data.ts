import {messageOf} from '#shared/errors'
import type {ReferenceState} from '#shared/gates/metric'
import {type AddressWorld, openRegistry} from '#shared/registry/address'
import type {Manifest} from '#shared/registry/manifest'
import type {Registry} from '#shared/registry/registry'
import {whyAbsent} from './champion.js'

/** The data that the champion was made with, as far as the registry knows them. */
export interface ChampionData {
  /** whether there are any, and if not, why */
  readonly state: ReferenceState
  /** `v3 (champion)` */
  readonly title: string
  /** the files that were validated then, or, of an older version, only those that it was trained on */
  readonly files: readonly {readonly name: string; readonly sha256: string}[]
  /** the profile that is kept with it, a JSON document; null: none is */
  readonly profile: () => Promise<Buffer | null>
}

/** Looks the champion's data up. Never throws: what went wrong is the state's message. */
export async function findChampionData(
  {name, registry}: {readonly name?: string; readonly registry?: string},
  world: AddressWorld
): Promise<ChampionData> {
  if (registry === undefined)
    return without({kind: 'error', message: 'no registry is given to find the champion in; give registry (or TRAINYARD_REGISTRY)'})
  if (name === undefined) return without({kind: 'error', message: 'no name is given to find the champion under; give name'})
  try {
    return await fromRegistry(await openRegistry(registry, world), name)
  } catch (error) {
    return without({kind: 'error', message: `the champion could not be had: ${messageOf(error)}`})
  }
}

async function fromRegistry(registry: Registry, name: string): Promise<ChampionData> {
  const found = await registry.resolve(name, 'champion')
  if (found === null) return without((await whyAbsent(registry, name, 'champion')).state)
  const manifest = await registry.manifest(name, found.version)
  return {
    state: {kind: 'ready'},
    title: `${found.version} (champion)`,
    files: filesOf(manifest),
    profile: () => registry.profile(name, found.version)
  }
}

function filesOf({profile, lineage}: Manifest): ChampionData['files'] {
  return profile?.data ?? lineage.materials.filter(({kind}) => kind === 'data')
}

function without(state: ReferenceState): ChampionData {
  return {state, title: 'none', files: [], profile: async () => null}
}

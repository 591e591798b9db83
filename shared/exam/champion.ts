import {join} from 'node:path'
import {distance} from 'fastest-levenshtein'
import {messageOf, UserError} from '#shared/errors'
import type {ReferenceState} from '#shared/gates/metric'
import type {ModelReference} from '#shared/inputs'
import {type AddressWorld, openRegistry} from '#shared/registry/address'
import {isVersion} from '#shared/registry/names'
import type {Registry} from '#shared/registry/registry'
import type {Sitter} from './exam.js'

/** The champion, or the base, as far as it could be found, and how a gate against it reads if it could not. */
export interface Champion {
  readonly state: ReferenceState
  readonly sitter?: Sitter
  /** how the report names it: `v3 (champion)`, `none`, `first model` */
  readonly title: string
}

/** How a gate against it reads once it sat the exam: what keeps its answers from being compared is an error of that gate. */
export function stateOf(name: 'champion' | 'base', found: Champion | undefined, fault: string | undefined): ReferenceState {
  if (fault !== undefined) return {kind: 'error', message: `${name}: ${fault}`}
  return found?.state ?? {kind: 'ready'}
}

export interface ChampionRequest {
  readonly champion: ModelReference
  readonly name?: string
  readonly registry?: string
}

const missing = (message: string): Champion => ({state: {kind: 'error', message}, title: 'not found'})

/**
 * Finds the champion and fetches its bytes below `tempDir`. Never throws: what went wrong is the state's message, an error only for gates that
 * ask for it. A registry that was reached and never had a champion of this name means the first model.
 */
export async function findChampion(
  {champion, name, registry}: ChampionRequest,
  world: AddressWorld & {readonly tempDir: string}
): Promise<Champion> {
  if (champion.kind === 'none') return {state: {kind: 'nothing', message: 'champion: none, so compared with nothing'}, title: 'none'}
  if (champion.kind === 'path') {
    const kind = /\.(?:csv|parquet|jsonl)$/.test(champion.path) ? 'predictions' : 'model'
    return {
      state: {kind: 'ready'},
      sitter: {kind, path: champion.path, name: 'champion'},
      title: champion.path.split('/').at(-1) ?? champion.path
    }
  }
  if (registry === undefined)
    return missing('no registry is given to find the champion in; give registry (or TRAINYARD_REGISTRY), or champion: none')
  if (name === undefined) return missing('no name is given to find the champion under; give name, or champion: none')
  try {
    return await fromRegistry(await openRegistry(registry, world), name, champion.name, world.tempDir)
  } catch (error) {
    const hint = error instanceof UserError && error.hint !== undefined ? `. ${error.hint}` : ''
    return missing(`the champion could not be had: ${messageOf(error)}${hint}`)
  }
}

async function fromRegistry(registry: Registry, name: string, alias: string, tempDir: string): Promise<Champion> {
  const found = await registry.resolve(name, alias)
  if (found === null) return await whyAbsent(registry, name, alias)
  const {path} = await registry.fetch(name, found.version, join(tempDir, 'champion'))
  const title = isVersion(alias) ? found.version : `${found.version} (${alias})`
  return {state: {kind: 'ready'}, sitter: {kind: 'model', path, name: `${name} ${title}`}, title}
}

/** What it means that the registry was reached and has no such alias or version. */
export async function whyAbsent(registry: Registry, name: string, alias: string): Promise<Champion> {
  if (isVersion(alias)) return missing(`there is no version ${alias} of ${name} in the registry`)
  if (await registry.everPromoted(name, alias))
    return missing(`the alias ${alias} of ${name} existed and is gone; point it at a version again`)
  const slip = await misspelling(registry, name, alias)
  if (slip !== undefined) return missing(slip)
  return {state: {kind: 'nothing', message: 'first model: compared with nothing'}, title: 'first model'}
}

/** The first model is told from a slip of the pen: another alias than champion, or a name that is nearly that of a model. */
async function misspelling(registry: Registry, name: string, alias: string): Promise<string | undefined> {
  const aliases = [...new Set((await registry.log(name)).flatMap(entry => entry.alias ?? []))]
  if (alias !== 'champion') return `there is no alias ${alias} of ${name}; there is: ${aliases.join(', ') || 'none'}`
  const names = await registry.names()
  const near = names.includes(name) ? undefined : names.find(other => distance(other, name) <= 2)
  return near === undefined
    ? undefined
    : `no model is called ${name}, and one is called ${near}; mend the name, or give champion: none for the first of a new one`
}

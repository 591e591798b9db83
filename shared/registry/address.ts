import {stat} from 'node:fs/promises'
import {dirname, resolve} from 'node:path'
import {codeOf, UserError} from '#shared/errors'
import {folderStores} from './folder.js'
import {type Registry, type RegistryWorld, registryOn} from './registry.js'
import type {Stores} from './store.js'

export interface AddressWorld extends RegistryWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  /** what a relative folder is relative to */
  readonly cwd: string
}

interface StoreKind {
  readonly supports: (address: string) => boolean
  readonly open: (address: string, world: AddressWorld) => Stores | Promise<Stores>
}

const KINDS: readonly StoreKind[] = [
  {supports: address => address === 'github', open: address => refuse(address, 'the registry "github" is not in this version')},
  {supports: address => address.startsWith('s3://'), open: address => refuse(address, 'S3 registries are not in this version')},
  {supports: address => /^[a-z][a-z0-9+.-]*:\/\//i.test(address), open: address => refuse(address, 'there is no registry of this kind')},
  {supports: () => true, open: openFolder}
]

/** Opens the registry at an address: a folder in this version. Throws UserError when there is no such kind, or it can't serve here. */
export async function openRegistry(address: string, world: AddressWorld): Promise<Registry> {
  if (address.trim() === '') throw new UserError('registry: empty', {kind: 'usage', hint: 'Give a folder, or leave it out.'})
  const kind = KINDS.find(({supports}) => supports(address)) ?? KINDS[KINDS.length - 1]
  return registryOn(await kind.open(address, world), world)
}

async function openFolder(address: string, {env, cwd, now}: AddressWorld): Promise<Stores> {
  if (env.RUNNER_ENVIRONMENT === 'github-hosted')
    throw new UserError(`registry ${address}: a folder of a GitHub-hosted runner is gone after the job`, {
      kind: 'usage',
      hint: 'Use github or s3://bucket/prefix.'
    })
  const folder = resolve(cwd, address)
  await requireParent(address, folder)
  return folderStores(address, folder, {now})
}

// A registry that is not there yet is an empty one; where not even its parent is there, a disk is not mounted or the path is wrong.
async function requireParent(address: string, folder: string): Promise<void> {
  const there = await stat(folder)
    .catch(error => {
      if (codeOf(error) === 'ENOENT') return stat(dirname(folder))
      throw error
    })
    .catch(() => null)
  if (there?.isDirectory()) return
  throw new UserError(`registry ${address}: can't be reached: ${there ? `${folder} is a file` : `there is no folder ${dirname(folder)}`}`, {
    hint: 'Check the path, or make the folder once.'
  })
}

function refuse(address: string, why: string): never {
  throw new UserError(`registry ${address}: ${why}`, {kind: 'usage', hint: 'Use a folder that outlives the job, on a runner of your own.'})
}

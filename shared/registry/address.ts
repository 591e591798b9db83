import {stat} from 'node:fs/promises'
import {basename, resolve} from 'node:path'
import {codeOf, messageOf, UserError} from '#shared/errors'
import {folderStores} from './folder.js'
import {type Registry, type RegistryWorld, registryOn} from './registry.js'
import {s3Stores} from './s3.js'
import type {Stores} from './store.js'

export interface AddressWorld extends RegistryWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  /** what a relative folder is relative to */
  readonly cwd: string
  /** for the registry `github` */
  readonly githubToken?: string
  /** default: the one of this process; GitHub is asked through the proxy of the environment */
  readonly fetch?: typeof fetch
}

interface StoreKind {
  readonly supports: (address: string) => boolean
  readonly open: (address: string, world: AddressWorld) => Stores | Promise<Stores>
}

const KINDS: readonly StoreKind[] = [
  {supports: address => address === 'github', open: openGithub},
  {supports: address => address.startsWith('s3://'), open: s3Stores},
  {supports: address => /^[a-z][a-z0-9+.-]*:\/\//i.test(address), open: address => refuse(address, 'there is no registry of this kind')},
  {supports: () => true, open: openFolder}
]

/** Opens the registry at an address. Throws UserError when there is no such kind, or it can't serve here. */
export async function openRegistry(address: string, world: AddressWorld): Promise<Registry> {
  if (address.trim() === '') throw new UserError('registry: empty', {kind: 'usage', hint: 'Give a folder, or leave it out.'})
  const kind = KINDS.find(({supports}) => supports(address)) ?? KINDS[KINDS.length - 1]
  return registryOn(await kind.open(address, world), world)
}

async function openGithub(address: string, {env, githubToken, log, random, sleep}: AddressWorld): Promise<Stores> {
  const {githubStores} = await import('./github.js')
  return githubStores(address, {env, githubToken, log, random, ...(sleep && {sleep: async ms => void (await sleep(ms))})})
}

async function openFolder(address: string, {env, cwd, now}: AddressWorld): Promise<Stores> {
  if (env.RUNNER_ENVIRONMENT === 'github-hosted')
    throw new UserError(`registry ${address}: a folder of a GitHub-hosted runner is gone after the job`, {
      kind: 'usage',
      hint: 'Use github or s3://bucket/prefix.'
    })
  const folder = resolve(cwd, address)
  await requireFolder(address, folder)
  return folderStores(address, folder, {now})
}

// Where the folder is not there, a disk is not mounted or the path is wrong: taken for an empty registry, a champion would not be missed.
async function requireFolder(address: string, folder: string): Promise<void> {
  const found = await stat(folder).catch(error => codeOf(error) ?? messageOf(error))
  if (typeof found !== 'string' && found.isDirectory()) return
  const absent = found === 'ENOENT'
  const why = absent ? `there is no folder ${folder}` : typeof found === 'string' ? `${folder}: ${found}` : `${folder} is a file`
  throw new UserError(`registry ${address}: can't be reached: ${why}`, {
    hint: absent ? `${nearGithub(folder)}${NEW_FOLDER.replace('#', folder)}` : 'Check the path.'
  })
}

const NEW_FOLDER =
  'For a new registry make it once: mkdir -p #. Else check the address, which comes from the input registry or TRAINYARD_REGISTRY, and that the disk is mounted.'

/** A folder is what every other word is taken for, a misspelt one too. */
function nearGithub(folder: string): string {
  const word = basename(folder).toLowerCase()
  const shared = [...'github'].filter(letter => word.includes(letter)).length
  return shared >= 4 && word.length <= 8 ? 'Did you mean github, the registry in the repository itself? ' : ''
}

function refuse(address: string, why: string): never {
  throw new UserError(`registry ${address}: ${why}`, {kind: 'usage', hint: 'Use a folder that outlives the job, on a runner of your own.'})
}

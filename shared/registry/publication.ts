import {basename, join} from 'node:path'
import {UserError} from '#shared/errors'
import {treeDigest} from '#shared/files'
import type {Alias} from './alias.js'
import type {AliasWorld} from './aliases.js'
import {fileBlob, sendBlob} from './blobs.js'
import {byWhom} from './by.js'
import {documentSender} from './documents.js'
import {type FileToKeep, sendKept} from './kept.js'
import {loggedDigests, logVersion, versionEntry} from './log.js'
import {type KeptProfile, type Lineage, MANIFEST, type Manifest, manifestKey, parseManifest} from './manifest.js'
import {checkWords, countOf, isVersion} from './names.js'
import {pointAlias} from './pointing.js'
import {renderDocument} from './record.js'
import {insist} from './retry.js'
import type {BlobOwner, ObjectStore, Stores, Written} from './store.js'
import {putTogether} from './together.js'
import {listRetired, readTombstone} from './tombstone.js'
import {VersionTaken} from './version-taken.js'

export interface Publication {
  readonly name: string
  /** absent: the version that has this digest, else the next `v<n>` */
  readonly version?: string
  /** moved to the version afterwards; absent: none */
  readonly alias?: string
  /** file or folder on this machine */
  readonly model: string
  /** of the model as it was judged */
  readonly digest: string
  /** documents that are kept with it, byte for byte */
  readonly evidence: readonly {readonly action: string; readonly bytes: Uint8Array}[]
  readonly lineage: Lineage
  /** of the data, with the files that it describes */
  readonly profile?: {readonly bytes: Uint8Array; readonly data: KeptProfile['data']}
  /** files beside the model */
  readonly kept?: readonly FileToKeep[]
  /** that it is published from; absent outside of GitHub */
  readonly commit?: string
  /** of the run that publishes it, from 1; absent outside of GitHub */
  readonly attempt?: number
  readonly reason: string
}

export interface Published {
  readonly version: string
  readonly digest: string
  /** false: the same digest was there */
  readonly published: boolean
  readonly url: string
  readonly alias: Alias | null
}

export type PublicationWorld = AliasWorld & Stores

/**
 * Blobs, then the manifest, which the store may have to make public, then the alias: a crash leaves the old state or the new, and running it again completes it. Throws UserError when the
 * model's bytes are not the judged ones, and when the version is another model's, with its digest.
 */
export async function publish(world: PublicationWorld, publication: Publication): Promise<Published> {
  checkWords(publication)
  const files = await readModel(publication)
  const taken = await insist(world, () => claimVersion(world, publication, files))
  if (!taken) throw new UserError(`${publication.name}: eight versions in a row were taken by other publishers`, {hint: 'Run this again.'})
  const {manifest, published} = taken
  await logVersion(world, manifest, publication.reason)
  await world.blobs.seal?.(manifest, placesOf(manifest))
  const {name, alias, reason} = publication
  const {version, digest} = manifest
  const moved = alias === undefined ? null : await pointAlias(world, {name, alias, version, digest, reason})
  return {version, digest, published, url: world.urlOf(manifestKey(name, version)), alias: moved}
}

/** Every version of a model, the newest `v<n>` first, then SemVer by name. */
export async function listVersions(objects: ObjectStore, name: string): Promise<string[]> {
  const prefix = manifestKey(name, '').replace(/\.json$/, '')
  const versions = (await objects.list(prefix)).map(key => key.slice(prefix.length).replace(/\.json$/, '')).filter(isVersion)
  return versions.sort((a, b) => countOf(b) - countOf(a))
}

/** The manifest of a version; null when it was never published. Throws UserError when it is torn. */
export async function readManifest(objects: ObjectStore, name: string, version: string): Promise<Manifest | null> {
  const key = manifestKey(name, version)
  const stored = await objects.get(key)
  return stored && parseManifest(key, stored.bytes)
}

type Tree = Awaited<ReturnType<typeof treeDigest>> & {readonly kind: 'file' | 'folder'}

async function readModel({model, digest}: Publication): Promise<Tree> {
  const tree = await treeDigest(model)
  if (tree.sha256 !== digest)
    throw new UserError(`${model}: is not the model that was judged: judged sha256 ${digest}, at hand ${tree.sha256}`, {
      hint: 'Judge it as it is now, or bring back the one that was judged.'
    })
  const single = tree.files.length === 1 && tree.files[0].sha256 === tree.sha256
  return {...tree, kind: single ? 'file' : 'folder'}
}

interface Claim {
  readonly manifest: Manifest
  readonly published: boolean
}

/** Undefined: somebody else took the next version first. */
async function claimVersion(world: PublicationWorld, publication: Publication, tree: Tree): Promise<Claim | undefined> {
  const {name} = publication
  const there = await findSame(world.objects, publication)
  if (there) return {manifest: there, published: false}
  const version = publication.version ?? (await nextVersion(world, name))
  const sent = await sendAll(world, publication, tree, {name, version, digest: tree.sha256}).catch(error => {
    if (error instanceof VersionTaken) return error
    throw error
  })
  if (sent instanceof VersionTaken) return await lostBefore(world, publication, sent)
  const {manifest, along} = sent
  const key = manifestKey(name, version)
  const bytes = renderDocument(manifest)
  await putTogether(world.objects, {key, bytes, tag: null}, [...along, versionEntry(manifest, publication.reason)])
  // Read back in any case: an answer that was lost on the way may have been a success.
  const stored = await world.objects.get(key)
  if (!stored)
    throw new UserError(`${key}: was written and is not there`, {hint: 'The registry lost it: find out why, then run this again.'})
  if (stored.bytes.equals(bytes)) return {manifest, published: true}
  const winner = parseManifest(key, stored.bytes)
  await world.blobs.discard?.(manifest, placesOf(winner))
  if (winner.digest === manifest.digest) return {manifest: winner, published: false}
  if (publication.version !== undefined) throw alreadyExists(winner, manifest.digest)
  return undefined
}

/** Undefined: the next version is to be tried. */
async function lostBefore({objects}: PublicationWorld, publication: Publication, error: VersionTaken): Promise<Claim | undefined> {
  const winner = await findSame(objects, publication)
  if (winner) return {manifest: winner, published: false}
  if (publication.version !== undefined) throw error
  return undefined
}

async function findSame(objects: ObjectStore, {name, version, digest}: Publication): Promise<Manifest | null> {
  if (version !== undefined) {
    const manifest = await readManifest(objects, name, version)
    if (manifest && manifest.digest !== digest) throw alreadyExists(manifest, digest)
    return manifest ?? (await refuseRetired(objects, name, version))
  }
  const logged = await loggedDigests({objects}, name)
  for (const known of await listVersions(objects, name)) {
    // A version that is not in the log was published by somebody who died before writing there.
    if ((logged.get(known) ?? digest.slice(0, 12)) !== digest.slice(0, 12)) continue
    const manifest = await readManifest(objects, name, known)
    if (manifest?.digest === digest) return manifest
  }
  return null
}

/** A version is published once, also when it is no longer there. */
async function refuseRetired(objects: ObjectStore, name: string, version: string): Promise<null> {
  const tombstone = await readTombstone(objects, name, version)
  if (tombstone === null) return null
  const {by, at, manifest} = tombstone
  throw new UserError(`${name} ${version}: was there with digest ${manifest.digest} and was retired ${byWhom(by)} at ${at}`, {
    hint: 'Leave version out for the next v<n>, or choose another.'
  })
}

/** Of everything that a release may hold. */
function placesOf({files, kept = []}: Manifest): string[] {
  return [...files, ...kept].map(({place}) => place)
}

async function nextVersion({objects, blobs}: PublicationWorld, name: string): Promise<string> {
  const taken = [...(await listVersions(objects, name)), ...(await listRetired(objects, name)), ...((await blobs.taken?.(name)) ?? [])]
  return `v${taken.reduce((highest, version) => Math.max(highest, countOf(version)), 0) + 1}`
}

/** A manifest, and the documents that it refers to and that are to be written with it. */
interface Sent {
  readonly manifest: Manifest
  readonly along: readonly Written[]
}

async function sendAll(world: PublicationWorld, publication: Publication, tree: Tree, owner: BlobOwner & {digest: string}): Promise<Sent> {
  world.blobs.admit?.(
    [...tree.files, ...(publication.kept ?? [])].map(({path, size}) => ({label: path, size})),
    owner
  )
  const documents = documentSender(world, publication, owner)
  const files: Manifest['files'][number][] = []
  for (const file of tree.files) {
    const path = tree.kind === 'file' ? publication.model : join(publication.model, file.path)
    files.push({...file, place: await sendBlob(world.blobs, fileBlob(path, file), owner)})
  }
  const evidence: Manifest['evidence'][number][] = []
  for (const {action, bytes} of publication.evidence) {
    evidence.push({action, ...(await documents.send(`evidence of ${action}`, bytes))})
  }
  const {profile: described} = publication
  const profile = described && {...(await documents.send('profile of the data', described.bytes)), data: described.data}
  const kept = await sendKept(world.blobs, publication.kept ?? [], owner, documents)
  const manifest: Manifest = {
    schema: MANIFEST,
    ...owner,
    kind: tree.kind,
    files: tree.kind === 'file' ? files.map(file => ({...file, path: basename(publication.model)})) : files,
    evidence,
    lineage: publication.lineage,
    ...(profile && {profile}),
    ...(kept.length > 0 && {kept}),
    ...(publication.commit && {commit: publication.commit}),
    ...(publication.attempt !== undefined && {attempt: publication.attempt}),
    by: world.by,
    at: world.now().toISOString(),
    runUrl: world.runUrl
  }
  return {manifest, along: documents.along}
}

function alreadyExists(winner: Manifest, digest: string): UserError {
  return new UserError(`${winner.name} ${winner.version}: already exists with digest ${winner.digest}; this model is ${digest}`, {
    hint: `A version is published once (this one ${byWhom(winner.by)} at ${winner.at}). Leave version out for the next v<n>, or choose another.`
  })
}

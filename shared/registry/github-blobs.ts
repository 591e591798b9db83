import {Readable} from 'node:stream'
import {UserError} from '#shared/errors'
import {ApiError} from '#shared/github/api-error'
import type {Asset, Releases} from '#shared/github/releases'
import type {Branch} from './github-branch.js'
import {openDrafts} from './github-drafts.js'
import {type Purpose, refusalOf} from './github-refusals.js'
import {tagOf} from './github-tags.js'
import {Interrupted} from './interrupted.js'
import {toldProgress} from './progress.js'
import type {BlobOwner, BlobStore} from './store.js'
import {VersionTaken} from './version-taken.js'

const MOST_ASSETS = 1000
const LARGEST_BYTES = 2 * 1024 ** 3
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const LOOKS = 6

interface BlobWorld {
  readonly random: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly log: (line: string) => void
}

/** Files as assets of one release a version; small documents lie on the branch, with the manifest. */
export function githubBlobs(
  releases: Releases,
  branch: Branch,
  repository: string,
  world: BlobWorld,
  removeDocument: (place: string) => Promise<void>
): BlobStore {
  const ask = async <T>(purpose: Purpose, call: Promise<T>, tag?: string): Promise<T> =>
    await call.catch(error => {
      throw refusalOf(error, purpose, repository, tag)
    })
  const drafts = openDrafts(releases, branch.git, repository, ask, () => branch.look('now'))

  /** The asset that holds these bytes already; what an interrupted upload left is removed. */
  const findOrClear = async (found: readonly Asset[], sha256: string, size: number): Promise<Asset | undefined> => {
    const there = found.find(({name}) => name === sha256)
    if (there === undefined || holds(there, sha256, size)) return there
    await ask('write', releases.removeAsset(there.id))
    return undefined
  }

  /** After an upload that GitHub refused or did not answer: the asset, if it is whole all the same. */
  const settle = async (release: number, sha256: string, size: number, looks: number): Promise<Asset | undefined> => {
    for (let look = 1; ; look++) {
      const found = await releases.assets(release).catch(() => [])
      const there = found.find(({name}) => name === sha256)
      if (there === undefined || there.uploaded || look >= looks) return await findOrClear(found, sha256, size)
      await world.sleep(world.random() * 250 * 2 ** look)
    }
  }

  const send = async (sha256: string, size: number, stream: Readable, owner: BlobOwner): Promise<Asset> => {
    const draft = await drafts.open(owner)
    const there = await findOrClear(draft.assets, sha256, size)
    if (there !== undefined) {
      stream.destroy()
      return there
    }
    if (draft.assets.length >= MOST_ASSETS) throw tooMany(owner, draft.assets.length + 1)
    let broken: unknown
    stream.once('error', error => {
      broken = error
    })
    const told = toldProgress(stream, {label: `${tagOf(owner)} ${sha256.slice(0, 12)}`, size, verb: 'sent', log: world.log})
    try {
      const sent = await releases.upload(draft, {name: sha256, size, stream: told})
      drafts.keep(owner, sent)
      return sent
    } catch (error) {
      stream.destroy()
      // What is there already, another publisher of the same model may be sending right now.
      const rivalled = error instanceof ApiError && error.status === 422
      const whole = await settle(draft.id, sha256, size, rivalled ? LOOKS : 1)
      if (broken !== undefined) throw broken
      if (whole !== undefined) return whole
      drafts.forget(owner)
      if (!(error instanceof ApiError) || isRefusal(error)) throw refusalOf(error, 'write', repository)
      throw new Interrupted(`registry github (${repository}): the upload of ${sha256} was interrupted: ${error.message}`, {
        hint: 'Run this again: what was sent whole is not sent again.'
      })
    }
  }

  /** Another publisher of the same model has lost the version, and taken away the draft that both were filling. */
  const removed = async (sha256: string): Promise<VersionTaken> => {
    await branch.look('now')
    return new VersionTaken(`registry github (${repository}): ${sha256} was removed right after it was sent`, {hint: 'Run this again.'})
  }

  return {
    admit: (files, owner) => {
      const large = files.find(({size}) => size >= LARGEST_BYTES)
      if (large !== undefined) throw tooLarge(large.label, large.size)
      if (files.length > MOST_ASSETS) throw tooMany(owner, files.length)
    },
    put: async (sha256, size, stream, owner) => {
      if (size >= LARGEST_BYTES) throw tooLarge(sha256, size)
      // GitHub takes no asset without a byte.
      if (sha256 === EMPTY) {
        stream.destroy()
        return `assets/0/${EMPTY}`
      }
      const asset = await send(sha256, size, stream, owner)
      return `assets/${asset.id}/${sha256}`
    },
    vouches: async (place, sha256, size) => {
      const {id} = parsePlace(place)
      if (id === 0) return true
      const asset = await ask('read', releases.asset(id))
      if (asset === undefined) throw await removed(sha256)
      return asset.uploaded === true && asset.size === size && asset.sha256 === sha256
    },
    get: async place => {
      if (place.startsWith('blobs/sha256/')) return await readDocument(branch, place)
      const {id} = parsePlace(place)
      if (id === 0) return Readable.from([])
      const stream = await ask('read', releases.download(id))
      return stream === undefined ? null : explained(stream, repository)
    },
    list: async owner => (await drafts.assets(owner)).filter(({uploaded}) => uploaded).map(({id, name}) => `assets/${id}/${name}`),
    delete: async place => {
      if (place.startsWith('blobs/')) return await removeDocument(place)
      const {id} = parsePlace(place)
      if (id !== 0) await ask('write', releases.removeAsset(id))
    },
    seal: (owner, places) => drafts.publish(owner, idsOf(places)),
    discard: (owner, kept) => drafts.discard(owner, idsOf(kept)),
    vacate: (owner, places) => drafts.vacate(owner, idsOf(places)),
    taken: async name => {
      const tags = await ask('read', branch.git.tags(`${name}@`))
      return tags.map(tag => tag.slice(name.length + 1))
    }
  }
}

function holds({uploaded, size, sha256}: Asset, wanted: string, bytes: number): boolean {
  return uploaded && size === bytes && (sha256 ?? wanted) === wanted
}

// What trying again changes nothing about. A release that is gone was discarded by another publisher of the same model.
function isRefusal({status}: ApiError): boolean {
  return status !== undefined && status < 500 && status !== 404 && status !== 422 && status !== 408
}

async function readDocument(branch: Branch, place: string): Promise<Readable | null> {
  if (!/^blobs\/sha256\/[0-9a-f]{64}$/.test(place)) throw noPlace(place)
  const sha = (await branch.look()).files.get(place)
  return sha === undefined ? null : Readable.from([await branch.blob(sha)], {objectMode: false})
}

function explained(stream: Readable, repository: string): Readable {
  async function* bytes() {
    try {
      yield* stream
    } catch (error) {
      throw refusalOf(error, 'read', repository)
    }
  }
  return Readable.from(bytes(), {objectMode: false, highWaterMark: 1 << 20})
}

const idsOf = (places: readonly string[]): ReadonlySet<number> =>
  new Set(places.filter(place => place.startsWith('assets/')).map(place => parsePlace(place).id))

function parsePlace(place: string): {id: number} {
  const [, id] = /^assets\/(\d{1,15})\/[0-9a-f]{64}$/.exec(place) ?? []
  if (id === undefined) throw noPlace(place)
  return {id: Number(id)}
}

function noPlace(place: string): UserError {
  return new UserError(`${JSON.stringify(place)}: no place of a blob on GitHub`, {hint: 'The manifest was written for another registry.'})
}

function tooLarge(label: string, size: number): UserError {
  return new UserError(`${label}: ${(size / 1024 ** 3).toFixed(2)} GiB, and the registry github takes files below 2 GiB`, {
    hint: 'Use the registry s3://bucket/prefix.'
  })
}

function tooMany(owner: BlobOwner, files: number): UserError {
  return new UserError(
    `${owner.name} ${owner.version}: ${files} files, and the registry github takes ${MOST_ASSETS} of a version at most`,
    {
      hint: 'Pack the model into fewer files, or use the registry s3://bucket/prefix.'
    }
  )
}

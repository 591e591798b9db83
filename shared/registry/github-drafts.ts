import {UserError} from '#shared/errors'
import {ApiError} from '#shared/github/api-error'
import type {GitData} from '#shared/github/git-data'
import type {Asset, Release, Releases} from '#shared/github/releases'
import type {Purpose} from './github-refusals.js'
import {tagOf} from './github-tags.js'
import type {BlobOwner} from './store.js'
import {VersionTaken} from './version-taken.js'

export interface Drafts {
  /** the release that a version's files go to: a draft until its manifest counts; one that an earlier attempt left is filled on */
  open(owner: BlobOwner): Promise<Release>
  keep(owner: BlobOwner, asset: Asset): void
  forget(owner: BlobOwner): void
  assets(owner: BlobOwner): Promise<readonly Asset[]>
  /** makes the release that holds these assets public; one that is already stays as it is */
  publish(owner: BlobOwner, assets: ReadonlySet<number>): Promise<void>
  /** removes the draft that was opened here, unless it holds one of these assets */
  discard(owner: BlobOwner, kept: ReadonlySet<number>): Promise<void>
  /** removes the version's releases that were made here and hold none but these assets, and the tags made here with them; again changes nothing */
  vacate(owner: BlobOwner, gone: ReadonlySet<number>): Promise<void>
}

type Ask = <T>(purpose: Purpose, call: Promise<T>, tag?: string) => Promise<T>

/** Drafts by tag and by the digest of the model: two publishers of one version with other models fill one each. */
export function openDrafts(
  releases: Releases,
  git: Pick<GitData, 'tags' | 'removeTag'>,
  repository: string,
  ask: Ask,
  lookAgain: () => Promise<unknown>
): Drafts {
  const opened = new Map<string, Promise<Release>>()
  const keyOf = (owner: BlobOwner) => `${tagOf(owner)} ${owner.digest ?? ''}`

  const listed = async (owner: BlobOwner): Promise<readonly Release[]> => {
    const all = await ask('read', releases.list())
    return all.filter(({tag}) => tag === tagOf(owner))
  }
  const findOrCreate = async (owner: BlobOwner): Promise<Release> => {
    const same = await listed(owner)
    const left = same.find(({body}) => body.includes(markOf(owner)))
    if (left !== undefined) return left
    if (same.some(({draft}) => !draft)) {
      // Most likely somebody has published this version since the branch was looked at.
      await lookAgain()
      throw taken(owner, repository)
    }
    const draft = {tag: tagOf(owner), name: `${owner.name} ${owner.version}`, body: bodyOf(owner)}
    try {
      return await releases.createDraft(draft)
    } catch (error) {
      // It may have been made although GitHub did not say so.
      const unsure = error instanceof ApiError && (error.status === undefined || error.status >= 500)
      const made = unsure ? (await listed(owner)).find(({body}) => body.includes(markOf(owner))) : undefined
      if (made !== undefined) return made
      return await ask('write', unsure ? releases.createDraft(draft) : Promise.reject(error))
    }
  }
  const holding = (found: readonly Release[], assets: ReadonlySet<number>) =>
    found.find(release => release.assets.some(({id}) => assets.has(id)))
  const publishOne = async ({id, body}: Release, owner: BlobOwner): Promise<void> => {
    const tag = tagOf(owner)
    // A tag that is there already is not ours to remove one day. It may be by another publisher of this very draft: his word on it stays.
    const tagged = (await ask('read', git.tags(tag))).includes(tag)
    const unmarked = body.replace(`\n${TAG_MADE}`, '')
    const said = tagged ? unmarked : `${unmarked}\n${TAG_MADE}`
    try {
      await releases.publish(id, tag, said === body ? undefined : said)
    } catch (error) {
      if (error instanceof ApiError && error.status === 422 && /already_exists|already exists/.test(error.message))
        throw taken(owner, repository)
      await ask('write', Promise.reject(error), tag)
    }
  }

  return {
    open: async owner => {
      const found = opened.get(keyOf(owner)) ?? findOrCreate(owner)
      opened.set(keyOf(owner), found)
      found.catch(() => opened.delete(keyOf(owner)))
      return await found
    },
    keep: (owner, asset) => {
      const found = opened.get(keyOf(owner))
      if (found !== undefined)
        opened.set(
          keyOf(owner),
          found.then(release => ({...release, assets: [...release.assets, asset]}))
        )
    },
    forget: owner => void opened.delete(keyOf(owner)),
    assets: async owner => (await listed(owner)).flatMap(({assets}) => assets),
    publish: async (owner, assets) => {
      if (assets.size === 0) return
      const mine = await opened.get(keyOf(owner))
      if (mine !== undefined && holding([mine], assets)) {
        if (mine.draft) await publishOne(mine, owner)
        return
      }
      const published = await ask('read', releases.byTag(tagOf(owner)))
      if (published !== undefined && holding([published], assets)) return
      const left = holding(await listed(owner), assets)
      if (left?.draft) return await publishOne(left, owner)
      if (left === undefined) throw deleted(owner, repository)
    },
    discard: async (owner, kept) => {
      const mine = await opened.get(keyOf(owner))?.catch(() => undefined)
      opened.delete(keyOf(owner))
      if (mine === undefined || !mine.draft) return
      // Another publisher of the same model may have filled it too, and won. Left lying a draft does no harm.
      const assets = await releases.assets(mine.id).catch(() => undefined)
      if (assets !== undefined && !holding([{...mine, assets}], kept)) await releases.remove(mine.id).catch(() => undefined)
    },
    vacate: async (owner, gone) => {
      const published = await ask('read', releases.byTag(tagOf(owner)))
      for (const {id, body, draft} of published ? [published] : await listed(owner)) {
        if (!body.includes(markOf(owner))) continue
        const assets = await ask('read', releases.assets(id))
        if (assets.some(asset => !gone.has(asset.id))) continue
        // The tag first: without it a release is a draft, which still says whose it is to the run that goes on after this one.
        if (!draft && body.includes(TAG_MADE)) await ask('write', git.removeTag(tagOf(owner)), tagOf(owner))
        await ask('write', releases.remove(id))
      }
    }
  }
}

/** That a release came with its tag. Where it does not say so, the tag is somebody else’s. */
const TAG_MADE = '<!-- trainyard/v1 tag=made -->'

function markOf({digest = ''}: BlobOwner): string {
  return `<!-- trainyard/v1 model=${digest} -->`
}

function bodyOf(owner: BlobOwner): string {
  const {name, version, digest = ''} = owner
  return `${markOf(owner)}\nThe files of ${name} ${version}, sha256 ${digest}. The registry on the branch trainyard refers to them: do not delete this release, nor its tag.`
}

function taken(owner: BlobOwner, repository: string): VersionTaken {
  return new VersionTaken(
    `registry github (${repository}): there is a release ${tagOf(owner)} already that no publication of this model made`,
    {
      hint: 'Publish under another version, or remove that release and its tag.'
    }
  )
}

function deleted(owner: BlobOwner, repository: string): UserError {
  return new UserError(
    `registry github (${repository}): the release ${tagOf(owner)} is gone, and the files of ${owner.name} ${owner.version} with it`,
    {
      hint: 'Publish the model again under a new version.'
    }
  )
}

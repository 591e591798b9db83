import * as disk from 'node:fs/promises'
import type {FileSystem} from '#shared/registry/durable'
import {folderStores} from '#shared/registry/folder'
import type {GithubWorld} from '#shared/registry/github'
import type {Stores} from '#shared/registry/store'

/** How another process reaches a registry of a test. */
export type PlaceSpec =
  | {readonly kind: 'folder'; readonly root: string}
  | {readonly kind: 'github'; readonly url: string}
  | {readonly kind: 's3'; readonly address: string; readonly env: Readonly<Record<string, string>>; readonly partBytes?: number}

/** Opens the stores of a registry anew, as another machine would; `fs` is what a folder lies on. */
export async function openPlace(spec: PlaceSpec, fs: FileSystem = disk): Promise<Stores> {
  switch (spec.kind) {
    case 'folder':
      return folderStores(spec.root, spec.root, {now: () => new Date(), fs})
    case 'github':
      return (await import('#shared/registry/github')).githubStores('github', githubWorld(spec.url), {
        paced: false,
        secondMs: 10,
        stallMs: 5000
      })
    case 's3':
      return (await import('#shared/registry/s3')).s3Stores(spec.address, {...spec, random: Math.random})
  }
}

/** A world in which the repository `octo/wages` of a fake GitHub is the one at hand. */
export function githubWorld(url: string): GithubWorld {
  return {env: {GITHUB_REPOSITORY: 'octo/wages', GITHUB_API_URL: url}, githubToken: 't', fetch, random: Math.random}
}

import {folderStores} from '#shared/registry/folder'
import {type GithubWorld, githubStores} from '#shared/registry/github'
import {s3Stores} from '#shared/registry/s3'
import type {Stores} from '#shared/registry/store'

/** How another process reaches a registry of a test. */
export type PlaceSpec =
  | {readonly kind: 'folder'; readonly root: string}
  | {readonly kind: 'github'; readonly url: string}
  | {readonly kind: 's3'; readonly address: string; readonly env: Readonly<Record<string, string>>; readonly partBytes?: number}

/** Opens the stores of a registry anew, as another machine would. */
export async function openPlace(spec: PlaceSpec): Promise<Stores> {
  switch (spec.kind) {
    case 'folder':
      return folderStores(spec.root, spec.root, {now: () => new Date()})
    case 'github':
      return githubStores('github', githubWorld(spec.url), {paced: false, secondMs: 10, stallMs: 5000})
    case 's3':
      return s3Stores(spec.address, {...spec, random: Math.random})
  }
}

/** A world in which the repository `octo/wages` of a fake GitHub is the one at hand. */
export function githubWorld(url: string): GithubWorld {
  return {env: {GITHUB_REPOSITORY: 'octo/wages', GITHUB_API_URL: url}, githubToken: 't', fetch, random: Math.random}
}

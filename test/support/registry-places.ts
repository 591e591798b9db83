import {folderStores} from '#shared/registry/folder'
import {s3Stores} from '#shared/registry/s3'
import type {Stores} from '#shared/registry/store'

/** How another process reaches a registry of a test. */
export type PlaceSpec =
  | {readonly kind: 'folder'; readonly root: string}
  | {readonly kind: 's3'; readonly address: string; readonly env: Readonly<Record<string, string>>; readonly partBytes?: number}

/** Opens the stores of a registry anew, as another machine would. */
export async function openPlace(spec: PlaceSpec): Promise<Stores> {
  switch (spec.kind) {
    case 'folder':
      return folderStores(spec.root, spec.root, {now: () => new Date()})
    case 's3':
      return s3Stores(spec.address, {...spec, random: Math.random})
  }
}

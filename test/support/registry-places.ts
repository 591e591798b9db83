import {folderStores} from '#shared/registry/folder'
import type {Stores} from '#shared/registry/store'

/** How another process reaches a registry of a test. */
export type PlaceSpec = {readonly kind: 'folder'; readonly root: string}

type Opener<K extends PlaceSpec['kind']> = (spec: Extract<PlaceSpec, {kind: K}>) => Stores | Promise<Stores>

const OPENERS: {readonly [K in PlaceSpec['kind']]: Opener<K>} = {
  folder: ({root}) => folderStores(root, root, {now: () => new Date()})
}

/** Opens the stores of a registry anew, as another machine would. */
export async function openPlace(spec: PlaceSpec): Promise<Stores> {
  return await OPENERS[spec.kind](spec)
}

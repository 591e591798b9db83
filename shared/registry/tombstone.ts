import {type Manifest, manifestKey, parseManifest} from './manifest.js'
import {isVersion} from './names.js'
import {parseDocument, renderDocument} from './record.js'
import type {ObjectStore} from './store.js'

export const TOMBSTONE = 'urn:trainyard:retired:v1'

/** What stays of a version whose model was removed: its manifest as it was, with the evidence that it names; its number is never given again. */
export interface Tombstone {
  readonly manifest: Manifest
  /** whether the model's bytes are gone; false: a retirement that did not come to its end */
  readonly removed: boolean
  readonly reason: string
  readonly by: string
  /** ISO 8601, UTC */
  readonly at: string
  readonly runUrl: string
}

export function tombstoneKey(name: string, version: string): string {
  return `models/${name}/retired/${version}.json`
}

/** The bytes under which a tombstone is stored. */
export function renderTombstone(tombstone: Tombstone): Buffer {
  return renderDocument({schema: TOMBSTONE, ...tombstone})
}

/** The versions that were retired, or are being retired. */
export async function listRetired(objects: ObjectStore, name: string): Promise<string[]> {
  const prefix = `models/${name}/retired/`
  return (await objects.list(prefix)).map(key => key.slice(prefix.length).replace(/\.json$/, '')).filter(isVersion)
}

/** Null: the version was never retired. Throws UserError when the document is torn. */
export async function readTombstone(objects: ObjectStore, name: string, version: string): Promise<(Tombstone & {tag: string}) | null> {
  const key = tombstoneKey(name, version)
  const stored = await objects.get(key)
  if (stored === null) return null
  const {fields, read} = parseDocument(key, stored.bytes, TOMBSTONE)
  return {
    manifest: parseManifest(manifestKey(name, version), renderDocument(read.fields(fields.manifest, 'manifest'))),
    removed: fields.removed === true,
    reason: read.text(fields, 'reason'),
    by: read.text(fields, 'by'),
    at: read.time(fields, 'at'),
    runUrl: read.text(fields, 'runUrl'),
    tag: stored.tag
  }
}

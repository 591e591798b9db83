import {randomBytes} from 'node:crypto'
import {existsSync} from 'node:fs'
import {rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {UserError} from '#shared/errors'
import {treeDigest} from '#shared/files'
import {fetchBlob} from './blobs.js'
import type {Manifest} from './manifest.js'
import type {Stores} from './store.js'

/** Copies a version's model to `<folder>/model-<12 hex of its digest>/` unless it is there; whatever lies there is hashed. Throws UserError when it is not the model. */
export async function fetchModel(
  {blobs, log}: Pick<Stores, 'blobs'> & {readonly log?: (line: string) => void},
  manifest: Manifest,
  folder: string
): Promise<{path: string; digest: string}> {
  const {kind, digest, files, name, version} = manifest
  const tree = join(folder, `model-${digest.slice(0, 12)}`)
  const inside = (root: string) => (kind === 'file' ? join(root, files[0].path) : root)
  const staged = `${tree}-${randomBytes(6).toString('hex')}.part`
  try {
    if (!existsSync(tree)) {
      for (const file of files) await fetchBlob(blobs, {...file, label: `${name} ${version} ${file.path}`}, join(staged, file.path), log)
      // Another fetch of the same model may have been quicker.
      await rename(staged, tree).catch(error => {
        if (!existsSync(tree)) throw error
      })
    }
    const fetched = await treeDigest(inside(tree))
    if (fetched.sha256 === digest) return {path: inside(tree), digest}
    throw new UserError(`${name} ${version}: its files in ${tree} give sha256 ${fetched.sha256}, its manifest says ${digest}`, {
      hint: 'Something changed that folder, or the manifest was changed by hand: remove the folder and look at the manifest.'
    })
  } finally {
    await rm(staged, {recursive: true, force: true})
  }
}

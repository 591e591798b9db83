import {randomBytes} from 'node:crypto'
import {cp, mkdir, rename, rm, stat} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {messageOf, UserError} from '#shared/errors'
import {type TreeDigest, treeDigest} from '#shared/files'

export interface KeptModel extends TreeDigest {
  /** absolute path of the copy, and the same from `folder` */
  readonly path: string
  readonly name: string
}

/**
 * Copies a model, a file or a folder, to `<folder>/model-<first 12 hex digits of its digest>/`, so that what is handed on is what was hashed.
 * Throws UserError when it is empty, holds what no artifact carries (hidden files, links), changes meanwhile, or finds no room; then nothing is left in `folder`.
 */
export async function keepModel(model: string, folder: string): Promise<KeptModel> {
  const digest = await treeDigest(model)
  if (digest.size === 0) throw new UserError(`${model}: is empty`, {hint: 'the command must write the model before it ends'})
  if (basename(model).startsWith('.'))
    throw new UserError(`${model}: a hidden file would be left out when artifacts are uploaded`, {
      hint: 'name it without a dot at the start'
    })
  const isFolder = (await stat(model)).isDirectory()
  const short = `model-${digest.sha256.slice(0, 12)}`
  const name = isFolder ? short : `${short}/${basename(model)}`
  const copy = join(folder, `copy-${randomBytes(6).toString('hex')}`)
  try {
    await mkdir(copy, {recursive: true})
    await cp(model, isFolder ? copy : join(copy, basename(model)), {recursive: true})
    const copied = await treeDigest(isFolder ? copy : join(copy, basename(model)))
    if (copied.sha256 !== digest.sha256)
      throw new UserError(`${model}: changed while it was copied`, {hint: 'something still writes to it: let the command end first'})
    await rm(join(folder, short), {recursive: true, force: true})
    await rename(copy, join(folder, short))
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${folder}: the model could not be kept there (${messageOf(error)})`, {
      hint: 'free some space there, or let the user of this runner write there',
      cause: error
    })
  } finally {
    await rm(copy, {recursive: true, force: true}).catch(() => undefined)
  }
  return {...digest, path: join(folder, name), name}
}

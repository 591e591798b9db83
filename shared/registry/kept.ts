import {join} from 'node:path'
import {readBounded} from '#shared/files'
import {fetchBlob, fileBlob, readBlob, sendBlob} from './blobs.js'
import type {DocumentSender} from './documents.js'
import type {Fields, Reader} from './record.js'
import type {BlobOwner, BlobStore} from './store.js'

const SMALL_BYTES = 1 << 20

/** `data`: a file that the model was trained on. `training`: the record of the training, by which an unchanged one is not done again. */
export const KEPT_KINDS = ['data', 'training'] as const
export type KeptKind = (typeof KEPT_KINDS)[number]

/** A file beside the model that is kept with a version. */
export interface KeptFile {
  readonly kind: KeptKind
  /** `/`-separated, inside the folder that it is fetched to; unique within a version */
  readonly path: string
  /** bytes */
  readonly size: number
  readonly sha256: string
  readonly place: string
}

/** A file that is to be kept: as it was hashed, and where it lies on this machine. */
export interface FileToKeep extends Pick<KeptFile, 'kind' | 'path' | 'size' | 'sha256'> {
  readonly file: string
}

/** Sends files, each hashed on the way and read back. Throws UserError when one is not what was hashed before. */
export async function sendKept(
  blobs: BlobStore,
  files: readonly FileToKeep[],
  owner: BlobOwner,
  documents?: DocumentSender
): Promise<KeptFile[]> {
  const kept: KeptFile[] = []
  for (const {file, ...rest} of withPaths(files)) {
    const small = documents?.together && rest.kind === 'training' && rest.size <= SMALL_BYTES
    const sent = small ? await documents.send(file, await readBounded(file, SMALL_BYTES)) : undefined
    const same = sent?.sha256 === rest.sha256
    kept.push({...rest, place: same ? sent.place : await sendBlob(blobs, fileBlob(file, rest), owner)})
  }
  return kept
}

/** The bytes of a small kept file, checked. */
export async function readKept(blobs: BlobStore, file: KeptFile): Promise<Buffer> {
  return await readBlob(blobs, {...file, label: file.path})
}

/** Copies kept files below a folder, checking every byte; gives their paths. Throws UserError when one is there already. */
export async function fetchKept(
  {blobs, log}: {readonly blobs: BlobStore; readonly log?: (line: string) => void},
  files: readonly KeptFile[],
  folder: string
): Promise<string[]> {
  const paths: string[] = []
  for (const file of files) {
    const path = join(folder, ...file.path.split('/'))
    await fetchBlob(blobs, {...file, label: file.path}, path, log)
    paths.push(path)
  }
  return paths
}

/** The kept files in a stored manifest; none in what older versions wrote. Throws UserError for a path that leads outside. */
export function keptIn(fields: Fields, read: Reader): {readonly kept?: readonly KeptFile[]} {
  if (fields.kept === undefined) return {}
  const kept = read.list(fields, 'kept').map(file => ({
    kind: KEPT_KINDS.find(kind => kind === file.kind) ?? read.fail('kind', KEPT_KINDS.join(', ')),
    path: isInside(read.text(file, 'path'))
      ? read.text(file, 'path')
      : read.fail('path', `a path inside a folder, got ${JSON.stringify(file.path)}`),
    size: read.count(file, 'size'),
    sha256: read.sha256(file, 'sha256'),
    place: read.text(file, 'place')
  }))
  return {kept}
}

function isInside(path: string): boolean {
  return path.split('/').every(part => part !== '' && part !== '.' && part !== '..' && !/[\\\p{Cc}]/u.test(part))
}

/** Paths from anywhere as paths inside one folder: `/mnt/a.csv` and `../a.csv` lose their beginning; of two that then are one, the later says its digest. */
function withPaths(files: readonly FileToKeep[]): FileToKeep[] {
  const taken = new Set<string>()
  return files.map(file => {
    const parts = file.path.split(/[\\/]/).filter(part => part !== '' && part !== '.' && part !== '..')
    const plain = parts.join('/').replace(/\p{Cc}/gu, '_') || 'file'
    const path = taken.has(plain.toLowerCase()) ? `${file.sha256.slice(0, 12)}/${plain}` : plain
    taken.add(path.toLowerCase())
    return {...file, path}
  })
}

import {type KeptFile, keptIn} from './kept.js'
import {isVersion, parseName} from './names.js'
import {type Fields, parseDocument, type Reader} from './record.js'

export const MANIFEST = 'urn:trainyard:manifest:v1'

/** A file of the model and where its bytes lie. */
export interface ModelFile {
  /** `/`-separated, from the root of the folder; a single file's name */
  readonly path: string
  /** bytes */
  readonly size: number
  readonly sha256: string
  readonly place: string
}

/** An evidence document that was kept with the version, byte for byte. */
export interface KeptEvidence {
  readonly action: string
  readonly sha256: string
  readonly size: number
  readonly place: string
}

/** The profile of the data that the model was made with, and the files that it describes. */
export interface KeptProfile {
  readonly sha256: string
  readonly size: number
  readonly place: string
  readonly data: readonly {readonly name: string; readonly sha256: string}[]
}

export interface Origin {
  readonly kind: string
  readonly name: string
  readonly sha256: string
}

export interface Lineage {
  /** what it was trained from: data, code, parameters, environment */
  readonly materials: readonly Origin[]
  /** 64 hex digits over all that the training depended on as far as it was declared; absent where that is not known */
  readonly fingerprint?: string
  /** the champion when it was published; null: there was none */
  readonly parent: {readonly version: string; readonly digest: string} | null
}

/** A published version: written once, never changed. */
export interface Manifest {
  readonly schema: typeof MANIFEST
  readonly name: string
  readonly version: string
  /** of a file its SHA-256, of a folder its tree digest */
  readonly digest: string
  readonly kind: 'file' | 'folder'
  readonly files: readonly ModelFile[]
  readonly evidence: readonly KeptEvidence[]
  readonly lineage: Lineage
  /** absent: validate-data was not among the evidence */
  readonly profile?: KeptProfile
  /** data, and the record of the training; absent: none was asked for */
  readonly kept?: readonly KeptFile[]
  /** that it was published from; absent outside of GitHub, and in what older versions wrote */
  readonly commit?: string
  /** of the run that published it, from 1; absent outside of GitHub, and in what older versions wrote */
  readonly attempt?: number
  readonly by: string
  /** ISO 8601, UTC */
  readonly at: string
  readonly runUrl: string
}

export function manifestKey(name: string, version: string): string {
  return `models/${name}/versions/${version}.json`
}

/** The manifest in stored bytes. Throws UserError when it is torn, says another version than its key, or names a path outside its folder. */
export function parseManifest(key: string, bytes: Uint8Array): Manifest {
  const {fields, read} = parseDocument(key, bytes, MANIFEST)
  const manifest: Manifest = {
    schema: MANIFEST,
    name: parseName(read.text(fields, 'name')),
    version: read.text(fields, 'version'),
    digest: read.sha256(fields, 'digest'),
    kind: fields.kind === 'file' || fields.kind === 'folder' ? fields.kind : read.fail('kind', 'file or folder'),
    files: read.list(fields, 'files').map(file => parseFile(file, read)),
    evidence: read.list(fields, 'evidence').map(kept => ({action: read.text(kept, 'action'), ...parseBlob(kept, read)})),
    lineage: parseLineage(read.fields(fields.lineage, 'lineage'), read),
    ...(fields.profile !== undefined && {profile: parseProfile(read.fields(fields.profile, 'profile'), read)}),
    ...keptIn(fields, read),
    ...(fields.commit !== undefined && {commit: read.text(fields, 'commit')}),
    ...(fields.attempt !== undefined && {attempt: read.count(fields, 'attempt')}),
    by: read.text(fields, 'by'),
    at: read.time(fields, 'at'),
    runUrl: read.text(fields, 'runUrl')
  }
  if (!isVersion(manifest.version) || manifestKey(manifest.name, manifest.version) !== key) read.fail('version', 'the one in its key')
  if (manifest.files.length === 0) read.fail('files', 'at least one')
  if (manifest.kind === 'file' && (manifest.files.length !== 1 || manifest.files[0].sha256 !== manifest.digest))
    read.fail('files', `one of digest ${manifest.digest}`)
  return manifest
}

function parseFile(fields: Fields, read: Reader): ModelFile {
  const path = read.text(fields, 'path')
  const safe = path.split('/').every(part => part !== '' && !part.startsWith('.') && !/[\\\p{Cc}]/u.test(part))
  return safe ? {path, ...parseBlob(fields, read)} : read.fail('path', `a path inside the model, got ${JSON.stringify(path)}`)
}

function parseBlob(fields: Fields, read: Reader): {size: number; sha256: string; place: string} {
  return {size: read.count(fields, 'size'), sha256: read.sha256(fields, 'sha256'), place: read.text(fields, 'place')}
}

function parseProfile(fields: Fields, read: Reader): KeptProfile {
  const data = read.list(fields, 'data').map(file => ({name: read.text(file, 'name'), sha256: read.sha256(file, 'sha256')}))
  return {...parseBlob(fields, read), data}
}

function parseLineage(fields: Fields, read: Reader): Lineage {
  const parent = fields.parent === null ? null : read.fields(fields.parent, 'parent')
  return {
    materials: read.list(fields, 'materials').map(origin => ({
      kind: read.text(origin, 'kind'),
      name: read.text(origin, 'name'),
      sha256: read.sha256(origin, 'sha256')
    })),
    ...(fields.fingerprint !== undefined && {fingerprint: read.sha256(fields, 'fingerprint')}),
    parent: parent && {version: read.text(parent, 'version'), digest: read.sha256(parent, 'digest')}
  }
}

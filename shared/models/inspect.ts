import {createHash} from 'node:crypto'
import {lstat, readdir} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {UserError} from '#shared/errors'
import {readBounded, treeDigest} from '#shared/files'
import {checkExternals, refuseExternals} from './external.js'
import {recogniseForeign} from './foreign.js'
import {MODEL_LIMITS, type ModelLimits} from './limits.js'
import {type Outline, parseOutline} from './outline.js'
import {shownName} from './slots.js'

/** What the runtime has operators for; a model may add functions of its own, which are made of these. */
const DOMAINS = ['ai.onnx', 'ai.onnx.ml', 'com.microsoft']

export interface Inspected {
  readonly name: string
  readonly outline: Outline
  /** of the file its SHA-256, of a folder its tree digest; over the very bytes in `bytes` and `externals` */
  readonly digest: {readonly sha256: string; readonly size: number}
  /** names in the order of the metadata property `features`; undefined without it */
  readonly features?: readonly string[]
  readonly bytes: Buffer
  /** the data files of a model folder, by the location that its tensors name */
  readonly externals: readonly {readonly path: string; readonly bytes: Buffer}[]
}

/**
 * Reads a model file, or a folder with one .onnx file and its data files, and checks that it is safe to hand to a runtime.
 * Throws UserError that begins with the path: what is no ONNX, is over a limit, has custom operators, or data outside its folder.
 */
export async function inspectModel(path: string, limits: Partial<ModelLimits> = {}): Promise<Inspected> {
  const bounds = {...MODEL_LIMITS, ...limits}
  const stat = await lstat(path).catch(() => undefined)
  if (stat === undefined) throw new UserError(`${path}: no such file`, {hint: 'Name the model that the training wrote.', kind: 'usage'})
  return stat.isDirectory() ? inspectFolder(path, bounds) : inspectFile(path, bounds)
}

async function inspectFile(path: string, limits: ModelLimits): Promise<Inspected> {
  const bytes = await readModel(path, limits)
  const outline = checkOutline(path, bytes, limits)
  refuseExternals(outline.externals, path)
  return {
    name: path,
    outline,
    digest: {sha256: sha256(bytes), size: bytes.length},
    features: featuresOf(path, outline),
    bytes,
    externals: []
  }
}

async function inspectFolder(path: string, limits: ModelLimits): Promise<Inspected> {
  const file = await modelIn(path)
  const bytes = await readModel(join(path, file), limits)
  const outline = checkOutline(join(path, file), bytes, limits)
  const locations = await checkExternals(path, outline.externals, join(path, file))
  const tree = await treeDigest(path)
  if (tree.size > limits.maxBytes) throw tooLarge(path, tree.size, limits)
  const externals: {path: string; bytes: Buffer}[] = []
  for (const location of locations) {
    externals.push({path: location, bytes: await readBounded(join(path, location), limits.maxBytes)})
  }
  for (const read of [{path: file, bytes}, ...externals]) {
    if (tree.files.find(found => found.path === read.path)?.sha256 !== sha256(read.bytes))
      throw new UserError(`${join(path, read.path)}: changed while it was read`, {hint: 'Let what writes it end first.'})
  }
  const {sha256: digest, size} = tree
  return {name: path, outline, digest: {sha256: digest, size}, features: featuresOf(path, outline), bytes, externals}
}

async function modelIn(path: string): Promise<string> {
  const found = (await readdir(path)).filter(name => name.toLowerCase().endsWith('.onnx')).sort()
  const chosen = found.length === 1 ? found[0] : found.find(name => name === 'model.onnx')
  if (chosen !== undefined) return chosen
  const got = found.length === 0 ? 'none' : found.map(name => basename(name)).join(', ')
  throw new UserError(`${path}: expected one .onnx file in the folder, got ${got}`, {
    hint: 'Name the file, or call it model.onnx.',
    kind: 'usage'
  })
}

async function readModel(path: string, limits: ModelLimits): Promise<Buffer> {
  const stat = await lstat(path)
  if (stat.size > limits.maxBytes) throw tooLarge(path, stat.size, limits)
  const bytes = await readBounded(path, limits.maxBytes)
  const foreign = recogniseForeign(bytes)
  if (foreign !== undefined)
    throw new UserError(`${path}: expected an ONNX model, got a file that is ${foreign.title}`, {hint: foreign.hint})
  return bytes
}

function tooLarge(path: string, size: number, limits: ModelLimits): UserError {
  return new UserError(`${path}: has ${size.toLocaleString('en')} bytes, and the limit is ${limits.maxBytes.toLocaleString('en')}`, {
    hint: 'Export a smaller model, or quantize it.'
  })
}

function checkOutline(path: string, bytes: Buffer, limits: ModelLimits): Outline {
  const outline = parseOutline(bytes, limits, path)
  const owned = new Set([...outline.functions].map(name => name.slice(0, name.lastIndexOf('.'))))
  const custom = [...outline.operators].filter(operator => {
    const domain = operator.slice(0, operator.lastIndexOf('.'))
    return !DOMAINS.includes(domain) && !(owned.has(domain) && outline.functions.has(operator))
  })
  if (custom.length > 0) {
    throw new UserError(`${path}: uses operators that the runtime doesn't have: ${custom.slice(0, 5).map(shownName).join(', ')}`, {
      hint: `Custom operators are not loaded. Export with the operators of ${DOMAINS.join(', ')}.`
    })
  }
  return outline
}

function featuresOf(path: string, outline: Outline): readonly string[] | undefined {
  const text = outline.metadata.get('features')
  if (text === undefined) return undefined
  const features = parseNames(text)
  const hint = 'Write it as a JSON array of column names in the order of the input: ["education", "age"].'
  if (features === undefined) throw new UserError(`${path}: its metadata property features is not a JSON array of names`, {hint})
  const twice = features.find((name, index) => features.indexOf(name) !== index)
  if (twice !== undefined) throw new UserError(`${path}: its metadata property features names ${JSON.stringify(twice)} twice`, {hint})
  return features
}

function parseNames(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every(name => typeof name === 'string') ? value : undefined
  } catch {
    return undefined
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

import Pbf from 'pbf'
import {messageOf, UserError} from '#shared/errors'
import type {ModelLimits} from './limits.js'
import {parseSlot, type Slot} from './slots.js'
import {eachField, malformed, readInteger, readText, stopOf} from './wire.js'

/** A tensor whose values lie in another file: key and value pairs as written. */
export interface ExternalTensor {
  readonly name: string
  readonly entries: readonly (readonly [key: string, value: string])[]
}

/** What an ONNX file says of itself. No tensor is decoded. */
export interface Outline {
  readonly irVersion: number
  readonly opsets: ReadonlyMap<string, number>
  readonly metadata: ReadonlyMap<string, string>
  /** of the graph, without those that have an initial value */
  readonly inputs: readonly Slot[]
  readonly outputs: readonly Slot[]
  readonly nodes: number
  /** `domain.Operator` of every node; the default domain is `ai.onnx` */
  readonly operators: ReadonlySet<string>
  /** `domain.Name` of the functions that the file itself defines */
  readonly functions: ReadonlySet<string>
  readonly externals: readonly ExternalTensor[]
  /** fields that ONNX IR 13 doesn't know; skipped */
  readonly unknownFields: number
}

interface Reader {
  readonly pbf: Pbf
  readonly limits: Pick<ModelLimits, 'maxNodes' | 'maxDepth'>
  readonly operators: Set<string>
  readonly externals: ExternalTensor[]
  nodes: number
  unknown: number
}

/** Reads an ONNX file's outline in one pass, without recursion beyond `maxDepth`. Throws UserError that begins with `name`. */
export function parseOutline(bytes: Uint8Array, limits: Pick<ModelLimits, 'maxNodes' | 'maxDepth'>, name: string): Outline {
  const reader: Reader = {pbf: new Pbf(bytes), limits, operators: new Set(), externals: [], nodes: 0, unknown: 0}
  try {
    return readModel(reader, bytes.length)
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${name}: ${error.message}`, {hint: error.hint, cause: error})
    throw new UserError(`${name}: not an ONNX model (${messageOf(error)})`, {hint: malformed('').hint, cause: error})
  }
}

function readModel(reader: Reader, end: number): Outline {
  const {pbf} = reader
  const opsets = new Map<string, number>()
  const metadata = new Map<string, string>()
  const functions = new Set<string>()
  let irVersion = 0
  let graph: GraphOutline | undefined
  reader.unknown += eachField(pbf, end, field => {
    if (field === 1) irVersion = readInteger(pbf)
    else if (field === 7) graph = graph === undefined ? readGraph(reader, end, 1) : refuseSecondGraph()
    else if (field === 8) addOpset(pbf, end, opsets)
    else if (field === 14) addMetadata(pbf, end, metadata)
    else if (field === 25) functions.add(readFunction(reader, end))
    else return field <= 6 || field === 20 || field === 26
  })
  if (irVersion < 1) throw malformed('not an ONNX model: it states no ir_version')
  if (graph === undefined) throw malformed('holds no graph')
  if (opsets.size === 0) throw malformed('states no opset_import')
  const {operators, nodes, externals, unknown} = reader
  return {irVersion, opsets, metadata, ...signatureOf(graph), nodes, operators, functions, externals, unknownFields: unknown}
}

function refuseSecondGraph(): never {
  throw malformed('holds two graphs')
}

interface GraphOutline {
  readonly inputs: Slot[]
  readonly outputs: Slot[]
  readonly initialized: Set<string>
}

function signatureOf({inputs, outputs, initialized}: GraphOutline): Pick<Outline, 'inputs' | 'outputs'> {
  return {inputs: inputs.filter(input => !initialized.has(input.name)), outputs}
}

function readGraph(reader: Reader, end: number, depth: number): GraphOutline {
  if (depth > reader.limits.maxDepth) {
    throw new UserError(`graphs are nested deeper than ${reader.limits.maxDepth} (If, Loop, Scan)`, {
      hint: 'No usual exporter writes such a model: do not trust its source.'
    })
  }
  const {pbf} = reader
  const graph: GraphOutline = {inputs: [], outputs: [], initialized: new Set()}
  const stop = stopOf(pbf, end)
  reader.unknown += eachField(pbf, stop, field => {
    if (field === 1) readNode(reader, stop, depth)
    else if (field === 5) graph.initialized.add(readTensor(reader, stop))
    else if (field === 11) graph.inputs.push(parseSlot(pbf, stop))
    else if (field === 12) graph.outputs.push(parseSlot(pbf, stop))
    else if (field === 15) graph.initialized.add(readSparse(reader, stop))
    else return [2, 10, 13, 14, 16].includes(field)
  })
  return graph
}

function readNode(reader: Reader, end: number, depth: number): void {
  const {pbf, limits} = reader
  reader.nodes += 1
  if (reader.nodes > limits.maxNodes) {
    throw new UserError(`holds more than ${limits.maxNodes.toLocaleString('en')} nodes`, {
      hint: 'Simplify the graph before it is exported.'
    })
  }
  let operator = ''
  let domain = ''
  const stop = stopOf(pbf, end)
  reader.unknown += eachField(pbf, stop, field => {
    if (field === 4) operator = readText(pbf, stop)
    else if (field === 5) readAttribute(reader, stop, depth)
    else if (field === 7) domain = readText(pbf, stop)
    else return field <= 9
  })
  reader.operators.add(`${domain || 'ai.onnx'}.${operator}`)
}

function readAttribute(reader: Reader, end: number, depth: number): void {
  const stop = stopOf(reader.pbf, end)
  reader.unknown += eachField(reader.pbf, stop, field => {
    if (field === 5 || field === 10) readTensor(reader, stop)
    else if (field === 6 || field === 11) readGraph(reader, stop, depth + 1)
    else if (field === 22 || field === 23) readSparse(reader, stop)
    else return field <= 9 || [13, 14, 15, 20, 21].includes(field)
  })
}

/** The tensor's name; its values are skipped, and what lies in another file is noted. */
function readTensor(reader: Reader, end: number): string {
  const {pbf} = reader
  const entries: (readonly [string, string])[] = []
  let name = ''
  let elsewhere = false
  const stop = stopOf(pbf, end)
  reader.unknown += eachField(pbf, stop, field => {
    if (field === 8) name = readText(pbf, stop)
    else if (field === 13) entries.push(readEntry(pbf, stop))
    else if (field === 14) elsewhere = readInteger(pbf) !== 0
    else return field <= 12 || field === 16
  })
  if (elsewhere || entries.length > 0) reader.externals.push({name, entries})
  return name
}

function readSparse(reader: Reader, end: number): string {
  let name = ''
  const stop = stopOf(reader.pbf, end)
  eachField(reader.pbf, stop, field => {
    if (field === 1) name = readTensor(reader, stop)
    if (field === 2) readTensor(reader, stop)
  })
  return name
}

function readFunction(reader: Reader, end: number): string {
  const {pbf} = reader
  let name = ''
  let domain = ''
  const stop = stopOf(pbf, end)
  reader.unknown += eachField(pbf, stop, field => {
    if (field === 1) name = readText(pbf, stop)
    else if (field === 7) readNode(reader, stop, 1)
    else if (field === 10) domain = readText(pbf, stop)
    else if (field === 11) readAttribute(reader, stop, 1)
    else return field <= 14
  })
  return `${domain}.${name}`
}

function readEntry(pbf: Pbf, end: number): readonly [string, string] {
  let key = ''
  let value = ''
  const stop = stopOf(pbf, end)
  eachField(pbf, stop, field => {
    if (field === 1) key = readText(pbf, stop)
    if (field === 2) value = readText(pbf, stop)
  })
  return [key, value]
}

function addMetadata(pbf: Pbf, end: number, metadata: Map<string, string>): void {
  const [key, value] = readEntry(pbf, end)
  if (metadata.has(key)) throw malformed(`states the metadata property ${JSON.stringify(key)} twice`)
  metadata.set(key, value)
}

function addOpset(pbf: Pbf, end: number, opsets: Map<string, number>): void {
  let domain = ''
  let version = 0
  const stop = stopOf(pbf, end)
  eachField(pbf, stop, field => {
    if (field === 1) domain = readText(pbf, stop)
    if (field === 2) version = readInteger(pbf)
  })
  opsets.set(domain || 'ai.onnx', version)
}

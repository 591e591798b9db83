import {UserError} from '#shared/errors'
import {type Node, parseNode} from './node.js'
import {isOdcs, parseOdcs} from './odcs.js'
import type {Contract} from './rule.js'

interface ContractFormat {
  readonly name: string
  readonly title: string
  recognises(document: Node): boolean
  parse(document: Node): Contract
}

const FORMATS: readonly ContractFormat[] = [
  {name: 'odcs', title: 'Open Data Contract Standard 3.x (YAML)', recognises: isOdcs, parse: parseOdcs}
]

/** A contract of the first format that recognises the document. Throws UserError with file and line. */
export function parseContract(text: string, file: string): Contract {
  const document = parseNode(text, file)
  const format = FORMATS.find(candidate => document.kind === 'map' && candidate.recognises(document))
  if (!format)
    throw new UserError(`${file}: not a contract that can be read`, {
      hint: `Known formats: ${FORMATS.map(known => known.title).join(', ')}; it begins with apiVersion: v3.1.0 and kind: DataContract.`,
      at: {file, line: 1},
      kind: 'usage'
    })
  return format.parse(document)
}

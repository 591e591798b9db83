import {type Approval, approvalsIn} from './approval.js'
import {isVersion} from './names.js'
import {parseDocument} from './record.js'

export const ALIAS = 'urn:trainyard:alias:v1'

/** Where an alias points. `generation` grows by one with every move, also when the alias was gone in between. */
export interface Alias {
  readonly schema: typeof ALIAS
  readonly alias: string
  readonly version: string
  readonly digest: string
  readonly generation: number
  readonly event: MoveEvent
  readonly reason: string
  readonly previous: {readonly version: string; readonly digest: string} | null
  readonly by: string
  /** ISO 8601, UTC */
  readonly at: string
  readonly runUrl: string
  /** who let it go where it went; absent: nobody was asked */
  readonly approvals?: readonly Approval[]
}

export const MOVE_EVENTS = ['moved', 'promoted', 'rolled-back'] as const
export type MoveEvent = (typeof MOVE_EVENTS)[number]

export function aliasKey(name: string, alias: string): string {
  return `models/${name}/aliases/${alias}.json`
}

/** The alias in stored bytes. Throws UserError when it is torn. */
export function parseAliasRecord(key: string, bytes: Uint8Array): Alias {
  const {fields, read} = parseDocument(key, bytes, ALIAS)
  const previous = fields.previous === null ? null : read.fields(fields.previous, 'previous')
  const version = read.text(fields, 'version')
  if (!isVersion(version)) read.fail('version', 'a version')
  return {
    schema: ALIAS,
    alias: read.text(fields, 'alias'),
    version,
    digest: read.sha256(fields, 'digest'),
    generation: read.count(fields, 'generation'),
    event: MOVE_EVENTS.find(event => event === fields.event) ?? read.fail('event', MOVE_EVENTS.join(', ')),
    reason: read.text(fields, 'reason'),
    previous: previous && {version: read.text(previous, 'version'), digest: read.sha256(previous, 'digest')},
    by: read.text(fields, 'by'),
    at: read.time(fields, 'at'),
    runUrl: read.text(fields, 'runUrl'),
    ...approvalsIn(fields, read)
  }
}

import {messageOf, UserError} from '#shared/errors'
import {type CountsByVersion, increase, type Snapshot} from './counts.js'
import {parseJsonCounts} from './json.js'
import {parsePrometheus} from './prometheus.js'

export interface Reading {
  readonly snapshot: Snapshot
  /** what was counted since the snapshot that was given; nothing without one */
  readonly increase: CountsByVersion
}

export interface Telemetry {
  /** Throws UserError when the counts can't be read: a blind look, never an empty one. */
  read(since?: Snapshot): Promise<Reading>
}

export interface TelemetryOptions {
  /** of a page of metrics, or of JSON; what it is, its content type says */
  readonly address: string
  readonly fetch: typeof fetch
  readonly timeoutMs?: number
}

const MAX_BYTES = 32 << 20

/** Counts by version from an address, read once a call and never repeated by itself. Throws UserError for an address that is none. */
export function openTelemetry({address, fetch, timeoutMs = 5000}: TelemetryOptions): Telemetry {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '')
    throw new UserError('telemetry: expected https://host/path or http://host/path without user', {
      kind: 'usage',
      hint: 'Without telemetry the metrics of the endpoint are read.'
    })
  const where = `${url.host}${url.pathname}`
  return {
    read: async since => {
      const snapshot = await fetchSnapshot(url, where, fetch, timeoutMs)
      return {snapshot, increase: since === undefined ? {} : increase(since, snapshot)}
    }
  }
}

async function fetchSnapshot(url: URL, where: string, fetch: typeof globalThis.fetch, timeoutMs: number): Promise<Snapshot> {
  const accept = 'text/plain;version=0.0.4, application/openmetrics-text;q=0.9, application/json;q=0.8'
  let response: Response
  let bytes: ArrayBuffer
  try {
    response = await fetch(url, {headers: {accept}, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs)})
    bytes = await response.arrayBuffer()
  } catch (error) {
    const reason = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error)
    throw new UserError(`${where}: no counts (${reason})`, {hint: 'Check telemetry, and that the runner may reach it.', cause: error})
  }
  if (response.status !== 200)
    throw new UserError(`${where}: no counts (status ${response.status})`, {hint: 'Check the address in telemetry.'})
  if (bytes.byteLength > MAX_BYTES)
    throw new UserError(`${where}: larger than ${MAX_BYTES} bytes`, {hint: 'Serve only the metrics of the model.'})
  const text = Buffer.from(bytes).toString('utf8')
  const json = response.headers.get('content-type')?.includes('json') === true
  return json ? parseJsonCounts(text, where) : parsePrometheus(text, where)
}

import {UserError} from '#shared/errors'
import type {Counts, Snapshot} from './counts.js'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Building {
  requests?: number
  errors?: number
  buckets: Record<string, number>
}

/**
 * Counts by version from a page of metrics in the Prometheus text format 0.0.4 or OpenMetrics 1.0: `requests_total`, `errors_total` and
 * `request_seconds_bucket`, each by the label `version`; series that differ in other labels are added up. Throws UserError with the line.
 */
export function parsePrometheus(text: string, where: string): Snapshot {
  if (/^\s*</.test(text)) throw measureError(where, 'expected metrics, got HTML')
  // Every line of the format ends with a line feed: a page that stops elsewhere was cut off.
  if (text !== '' && !text.endsWith('\n')) throw measureError(where, `cut off after ${text.length} characters`)
  const versions = new Map<string, Building>()
  let startedS: number | undefined
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return
    const sample = parseSample(line, `${where} line ${index + 1}`)
    if (sample.name === 'process_start_time_seconds') startedS = Math.max(startedS ?? 0, sample.value)
    else collect(versions, sample, `${where} line ${index + 1}`)
  })
  const found = [...versions].map(([version, building]) => [version, complete(version, building, where)] as const)
  return {versions: Object.fromEntries(found), ...(startedS === undefined ? {} : {startedS})}
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?[ \t]+(\S+)(?:[ \t]+-?[\d.]+)?(?:[ \t]+#.*)?[ \t]*\r?$/
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\[\\"n])*)"[ \t]*(,|$)/y

function parseSample(line: string, at: string): Sample {
  const match = SAMPLE.exec(line)
  if (match === null) throw measureError(at, 'expected name{labels} value')
  return {name: match[1], labels: match[2] === undefined ? {} : parseLabels(match[2].slice(1, -1), at), value: parseValue(match[3], at)}
}

function parseLabels(text: string, at: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.trimEnd().length) {
    const match = LABEL.exec(text)
    if (match === null) throw measureError(at, 'expected label="value"')
    labels[match[1]] = match[2].replace(/\\([\\"n])/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped))
    if (match[3] === '') break
  }
  return labels
}

function parseValue(text: string, at: string): number {
  // prom-client writes Nan, and OpenMetrics +Inf.
  if (/^nan$/i.test(text)) return Number.NaN
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  throw measureError(at, `expected a number, got ${JSON.stringify(text.slice(0, 40))}`)
}

function collect(versions: Map<string, Building>, {name, labels, value}: Sample, at: string): void {
  const bucket = name === 'request_seconds_bucket'
  if (name !== 'requests_total' && name !== 'errors_total' && !bucket) return
  if (!Object.hasOwn(labels, 'version')) throw measureError(at, `${name} has no label "version"`)
  if (!Number.isFinite(value) || value < 0) throw measureError(at, `${name} is ${value}, and a count is finite and at least 0`)
  const building = versions.get(labels.version) ?? {buckets: {}}
  versions.set(labels.version, building)
  if (name === 'requests_total') building.requests = (building.requests ?? 0) + value
  else if (name === 'errors_total') building.errors = (building.errors ?? 0) + value
  else {
    const bound = String(parseValue(labels.le ?? '', at))
    building.buckets[bound] = (building.buckets[bound] ?? 0) + value
  }
}

function complete(version: string, {requests, errors, buckets}: Building, where: string): Counts {
  // A counter that never rose may be absent; requests without a series were not counted.
  if (requests === undefined) throw measureError(where, `requests_total of version ${version.slice(0, 12)} is missing`)
  return {requests, errors: errors ?? 0, buckets}
}

function measureError(where: string, message: string): UserError {
  return new UserError(`${where}: ${message}`, {
    hint: 'The page must be the metrics of the endpoint: requests_total, errors_total, request_seconds by version. Check telemetry.'
  })
}

import {Ajv} from 'ajv'
import {UserError} from '#shared/errors'
import {type Evidence, overallOutcome, SCHEMA, VERDICTS, worstVerdict} from './evidence.js'

const text = {type: 'string'} as const
const number = {type: 'number'} as const
const ends = {type: ['number', 'null']} as const
const closed = (properties: object, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter(name => !optional.includes(name)),
  additionalProperties: false
})
const list = (items: object) => ({type: 'array', items})
const digest = closed({sha256: {type: 'string', pattern: '^[0-9a-f]{64}$'}})
const size = {type: 'integer', minimum: 0} as const

const interval = closed({low: ends, high: ends, confidence: number, method: text})
const check = closed(
  {
    id: text,
    verdict: {enum: VERDICTS},
    message: text,
    measured: number,
    operator: {enum: ['>=', '<=', '>', '<', '==', '!=']},
    bound: number,
    reference: closed({name: text, value: ends, difference: number}, ['difference']),
    interval,
    estimate: {enum: ['meets', 'misses']},
    n: {type: 'number', minimum: 0},
    slice: text,
    unit: text,
    at: closed({file: text, line: {type: 'integer', minimum: 0}}, ['line']),
    waiver: closed({owner: text, reason: text, expires: text})
  },
  ['measured', 'operator', 'bound', 'reference', 'interval', 'estimate', 'n', 'slice', 'unit', 'at', 'waiver']
)
const position = {type: ['number', 'string']} as const
const series = closed({name: text, x: list(position), y: list(ends), low: list(ends), high: list(ends), n: list(number)}, [
  'low',
  'high',
  'n'
])
const figure = closed(
  {
    kind: {enum: ['curve', 'bars', 'matrix', 'histogram', 'timeline']},
    id: text,
    title: text,
    xLabel: text,
    yLabel: text,
    series: list(series),
    marks: list(closed({x: position, label: text}))
  },
  ['marks']
)
const run = closed({
  repository: text,
  sha: text,
  ref: text,
  event: text,
  workflow: text,
  job: text,
  runId: text,
  attempt: {type: 'integer', minimum: 1},
  url: text,
  actor: text,
  startedAt: text,
  finishedAt: text,
  seed: number
})

/** JSON Schema of evidence, version 1. */
export const EVIDENCE_SCHEMA = {
  $id: SCHEMA,
  ...closed({
    schema: {const: SCHEMA},
    action: closed({name: {type: 'string', pattern: '^[a-z][a-z-]{0,63}$'}, version: text}),
    subjects: list(closed({kind: {enum: ['data', 'model', 'deployment']}, name: text, digest, size}, ['size'])),
    materials: list(
      closed(
        {
          kind: {
            enum: [
              'data',
              'model',
              'contract',
              'gates',
              'champion',
              'code',
              'environment',
              'parameters',
              'predictions',
              'metrics',
              'evidence'
            ]
          },
          name: text,
          digest,
          size
        },
        ['size']
      )
    ),
    verdict: {enum: VERDICTS},
    outcome: {enum: ['green', 'red']},
    policy: closed({mode: {enum: ['enforce', 'observe']}, onInconclusive: {enum: ['estimate', 'warn', 'fail']}}),
    checks: {...list(check), minItems: 1},
    figures: list(figure),
    facts: list(closed({name: text, value: {type: ['string', 'number', 'boolean', 'null']}, unit: text}, ['unit'])),
    files: {type: 'object', additionalProperties: {type: 'string', pattern: '^(?!/)(?!.*(?:^|/)\\.\\.(?:/|$))[^\\0\\\\]+$'}},
    run
  })
}

// Our own schema is held to the meta-schema by a test; compiling that here would take longer than all else of a start.
const validate = new Ajv({meta: false, validateSchema: false, allowUnionTypes: true, code: {optimize: false}}).compile<Evidence>(
  EVIDENCE_SCHEMA
)

/**
 * Evidence from parsed JSON. Throws UserError when it does not fit the schema, is of another major version, or claims another verdict or
 * outcome than its checks give: both are derived, so a difference means that somebody else wrote it.
 */
export function parseEvidence(value: unknown, file: string): Evidence {
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined
  if (typeof schema === 'string' && schema.startsWith('urn:trainyard:evidence:') && schema !== SCHEMA) {
    throw new UserError(`${file}: evidence of version ${schema.slice('urn:trainyard:evidence:'.length)}, expected v1`, {
      hint: 'Use one version of Trainyard in all jobs of a workflow.'
    })
  }
  if (!validate(value)) {
    const [error] = validate.errors ?? []
    throw new UserError(`${file}: not evidence: ${error?.instancePath ?? ''} ${error?.message ?? 'does not fit the schema'}`, {
      hint: 'Hand on the files as the actions wrote them.'
    })
  }
  if (value.verdict !== worstVerdict(value.checks) || value.outcome !== overallOutcome(value.checks, value.policy)) {
    throw new UserError(`${file}: the verdict ${value.verdict} (${value.outcome}) does not follow from its checks`, {
      hint: 'Hand on the files as the actions wrote them.'
    })
  }
  return value
}

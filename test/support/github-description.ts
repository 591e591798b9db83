import {readFile} from 'node:fs/promises'
import {Ajv2020, type ValidateFunction} from 'ajv/dist/2020.js'
import {codeOf} from '#shared/errors'

interface Operation {
  readonly requestBody?: {readonly content?: Readonly<Record<string, {readonly schema?: object}>>}
  readonly responses?: Readonly<Record<string, {readonly content?: Readonly<Record<string, {readonly schema?: object}>>}>>
}

export interface ApiDescription {
  /** what of a request and its answer does not fit, a line each */
  misfits(method: string, path: string, request: unknown, answer: {readonly status: number; readonly body?: unknown}): readonly string[]
}

const FILE = new URL('../peers/node_modules/@octokit/openapi/generated/api.github.com.json', import.meta.url)
let read: Promise<ApiDescription | undefined> | undefined

/** GitHub's own description of its API; undefined where `npm ci` in test/peers has not been run. */
export function apiDescription(): Promise<ApiDescription | undefined> {
  read ??= readFile(FILE, 'utf8').then(
    text => describe(JSON.parse(text)),
    error => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  )
  return read
}

function describe(root: {paths: Record<string, Record<string, Operation>>; components: object}): ApiDescription {
  const ajv = new Ajv2020({strict: false, validateFormats: false, allErrors: true})
  const compiled = new Map<string, ValidateFunction>()
  const validate = (key: string, schema: object, value: unknown): readonly string[] => {
    const check = compiled.get(key) ?? ajv.compile(nullable({...schema, components: root.components}))
    compiled.set(key, check)
    check(value)
    return (check.errors ?? []).map(error => `${key}${error.instancePath}: ${error.message}`)
  }
  return {
    misfits(method, path, request, {status, body}) {
      const template = Object.keys(root.paths).find(one => matches(one, path))
      if (path === '/graphql') return []
      const operation = template === undefined ? undefined : root.paths[template][method.toLowerCase()]
      if (operation === undefined) return [`${method} ${path}: GitHub knows no such operation`]
      const key = `${method} ${template}`
      const asked = operation.requestBody?.content?.['application/json']?.schema
      const answered = operation.responses?.[String(status)]
      const schema = answered?.content?.['application/json']?.schema
      return [
        ...(asked === undefined || request === undefined ? [] : validate(`${key} request`, asked, request)),
        ...(answered === undefined && status < 400 ? [`${key}: never answers ${status}`] : []),
        ...(schema === undefined || body === undefined ? [] : validate(`${key} ${status}`, schema, body))
      ]
    }
  }
}

function matches(template: string, path: string): boolean {
  const parts = template.split('/')
  const given = path.split('/')
  return parts.length === given.length && parts.every((part, index) => part.startsWith('{') || part === given[index])
}

/** OpenAPI 3.0 says `nullable`, JSON Schema knows only a type `null`; references are resolved against the components beside them. */
function nullable(schema: unknown): object {
  return JSON.parse(JSON.stringify(schema), (_, value) =>
    typeof value === 'object' && value !== null && value.nullable === true
      ? {anyOf: [{...value, nullable: undefined}, {type: 'null'}]}
      : value
  )
}

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

// From the root of the repository, where every test runs: the compiled fake lies elsewhere.
const FILE = 'test/peers/node_modules/@octokit/openapi/generated/api.github.com.json'
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
  const ajv = new Ajv2020({strict: false, validateFormats: false, validateSchema: false, allErrors: true})
  ajv.addSchema({components: withStarter(nullable(root.components))}, 'github')
  const compiled = new Map<string, ValidateFunction>()
  const validate = (key: string, schema: object, value: unknown): readonly string[] => {
    const check = compiled.get(key) ?? ajv.compile(nullable(schema))
    compiled.set(key, check)
    check(value)
    return (check.errors ?? []).map(error => `${key}${error.instancePath}: ${error.message}`)
  }
  // The one with the most words of its own is first: …/releases/latest before …/releases/{release_id}.
  const templates = Object.keys(root.paths)
    .toSorted((a, b) => a.split('{').length - b.split('{').length)
    .map(template => ({template, parts: template.split('/'), open: /\/\{(?:ref|path)\}$/.test(template)}))
  const templateOf = (path: string) => {
    const given = path.split('/')
    return templates.find(one => matches(one, given))?.template
  }
  return {
    misfits(method, given, request, {status, body}) {
      const path = given.replace(/^\/uploads\//, '/')
      if (path === '/graphql') return []
      const template = templateOf(path)
      const operation = template === undefined ? undefined : root.paths[template][method.toLowerCase()]
      if (operation === undefined) return [`${method} ${path}: GitHub knows no such operation`]
      const key = `${method} ${template}`
      const asked = operation.requestBody?.content?.['application/json']?.schema
      const answered = operation.responses?.[String(status)]
      const schema = answered?.content?.['application/json']?.schema
      return [
        ...(asked === undefined || request === undefined ? [] : validate(`${key} request`, asked, request)),
        ...(answered === undefined && status < 400 ? [`${key}: never answers ${status}`] : []),
        ...(schema === undefined || body === undefined ? [] : validate(`${key} ${status}`, status < 400 ? schema : anyOf(schema), body))
      ]
    }
  }
}

/** An asset whose upload was cut off has the state `starter`, as the page on uploads says; the description of an asset leaves it out. */
function withStarter(components: object): object {
  return JSON.parse(JSON.stringify(components).replaceAll('"enum":["uploaded","open"]', '"enum":["uploaded","open","starter"]'))
}

/** Two kinds of refusals, one of which is a case of the other, are described as exclusive. */
function anyOf(schema: object): object {
  return 'oneOf' in schema ? {anyOf: schema.oneOf} : schema
}

// A path whose last parameter holds slashes, like the ref of GET …/git/ref/{ref}, has more parts than its template.
function matches({parts, open}: {readonly parts: readonly string[]; readonly open: boolean}, given: readonly string[]): boolean {
  if (parts.length !== given.length && !(open && given.length > parts.length)) return false
  return parts.every((part, index) => part.startsWith('{') || part === given[index])
}

/** OpenAPI 3.0 says `nullable`, JSON Schema knows only a type `null`; references are resolved against the components beside them. */
function nullable(schema: unknown): object {
  return JSON.parse(JSON.stringify(schema), (_, value) =>
    typeof value === 'object' && value !== null && value.nullable === true
      ? {anyOf: [{...value, nullable: undefined}, {type: 'null'}]}
      : typeof value === 'object' && value !== null && typeof value.$ref === 'string'
        ? {...value, $ref: value.$ref.replace(/^#/, 'github#')}
        : value
  )
}

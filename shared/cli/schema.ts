import type {Vocabulary} from '#shared/inputs/config'
import type {InputSpec} from '#shared/inputs/reader'

type Described = Readonly<Record<string, Readonly<Record<string, string>>>>

/** JSON Schema of `trainyard.yml`, for editors: every input at the top level, and those of an action in its section. */
export function configSchema(vocabulary: Vocabulary, descriptions: Described): object {
  const top: Record<string, object> = {}
  for (const [action, spec] of Object.entries(vocabulary)) {
    for (const [name, property] of Object.entries(propertiesOf(spec, descriptions[action] ?? {}))) top[name] ??= property
  }
  const sections = Object.entries(vocabulary).map(([action, spec]) => [action, section(spec, descriptions[action] ?? {})])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'trainyard.yml',
    type: 'object',
    properties: {...top, ...Object.fromEntries(sections)},
    additionalProperties: false
  }
}

function section(spec: InputSpec, described: Readonly<Record<string, string>>): object {
  return {type: ['object', 'null'], properties: propertiesOf(spec, described), additionalProperties: false}
}

function propertiesOf(spec: InputSpec, described: Readonly<Record<string, string>>): Record<string, object> {
  const entries = Object.entries(spec).filter(([name, {secret}]) => !secret && name !== 'config')
  return Object.fromEntries(entries.map(([name, {schema}]) => [name, {...schema, ...(described[name] && {description: described[name]})}]))
}

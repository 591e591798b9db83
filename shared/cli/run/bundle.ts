import {readFile, stat} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {parse} from 'yaml'
import {UserError} from '#shared/errors'

/** An action of this checkout, as its action.yml declares it. */
export interface Bundle {
  readonly main: string
  /** every declared input and its default, as written */
  readonly inputs: Readonly<Record<string, string>>
}

/** Reads `actions/<name>/action.yml` below the folder of this package. Throws UserError when its bundle is not built. */
export async function readBundle(packageRoot: string, name: string): Promise<Bundle> {
  const folder = join(packageRoot, 'actions', name)
  const bundle = parseBundle(parse(await readFile(join(folder, 'action.yml'), 'utf8')), name)
  const main = resolve(folder, bundle.main)
  if (!(await stat(main).catch(() => undefined)))
    throw new UserError(`${main}: no such file`, {hint: 'build the actions first: npm run build'})
  return {...bundle, main}
}

/** The values that reach the action: defaults first, then what is given; and the names that it does not declare. */
export function bundleInputs(
  bundle: Bundle,
  given: Readonly<Record<string, string>>,
  expand: (text: string) => string
): {values: Record<string, string>; unexpected: string[]} {
  const declared = new Map(Object.keys(bundle.inputs).map(name => [name.toLowerCase(), name]))
  const values = Object.fromEntries(Object.entries(bundle.inputs).map(([name, text]) => [name, expand(text)]))
  const unexpected: string[] = []
  for (const [name, value] of Object.entries(given)) {
    const known = declared.get(name.toLowerCase())
    if (known === undefined) unexpected.push(name)
    values[known ?? name] = value
  }
  return {values, unexpected}
}

/** `INPUT_*` variables, named as the runner names them. */
export function inputVariables(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]))
}

function parseBundle(document: unknown, name: string): Bundle {
  const {inputs, runs} = recordOf(document)
  const {main} = recordOf(runs)
  if (typeof main !== 'string') throw new UserError(`actions/${name}/action.yml: runs.main is missing`)
  const defaults = Object.entries(recordOf(inputs)).map(([key, input]) => [key, String(recordOf(input).default ?? '')])
  return {main, inputs: Object.fromEntries(defaults)}
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? {...value} : {}
}

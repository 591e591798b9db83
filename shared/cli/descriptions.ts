import {existsSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {parse} from 'yaml'
import {readText} from '#shared/files'

export interface Descriptions {
  readonly description: string
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
}

interface Metadata {
  description: string
  inputs?: Record<string, {description: string}>
  outputs?: Record<string, {description: string}>
}

/** What an action's `action.yml` says of itself. */
export async function readDescriptions(action: string): Promise<Descriptions> {
  const metadata = parse(await readText(join(packageRoot(), 'actions', action, 'action.yml'), 1 << 20)) as Metadata
  return {description: metadata.description, inputs: descriptionsOf(metadata.inputs), outputs: descriptionsOf(metadata.outputs)}
}

function descriptionsOf(entries: Record<string, {description: string}> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(entries ?? {}).map(([name, {description}]) => [name, description]))
}

/** The folder of this checkout: the nearest above this file that holds `actions/`. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) || !existsSync(join(folder, 'actions', 'evaluate', 'action.yml'))) {
    if (dirname(folder) === folder) throw new Error('the checkout that holds this program was not found')
    folder = dirname(folder)
  }
  return folder
}

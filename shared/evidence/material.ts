import {createHash} from 'node:crypto'
import type {Material} from './evidence.js'

/** A text that the verdict depended on, by its SHA-256. */
export function textMaterial(kind: Material['kind'], name: string, text: string): Material {
  return {kind, name, digest: {sha256: createHash('sha256').update(text).digest('hex')}, size: Buffer.byteLength(text)}
}

/** The gates that were judged: their canonical texts, one a line, `warn:` before those that only warn. */
export function gatesMaterial(gates: readonly {readonly id: string; readonly warn: boolean}[]): Material {
  return textMaterial('gates', 'gates', gates.map(({id, warn}) => `${warn ? 'warn: ' : ''}${id}\n`).join(''))
}

import type {Case, EvidenceRecord} from './case.js'
import {dataOf, trainingsOf} from './training.js'

export interface DataFile {
  /** as train or validate-data called it */
  readonly name: string
  readonly sha256: string
}

/** The data files that are kept with the model at hand: those that it was trained on, or else those that were validated for it; each content once. */
export function dataToKeep(given: Pick<Case, 'records' | 'digest'>, relied: readonly EvidenceRecord[]): readonly DataFile[] {
  const trained = dataOf(given).map(({name, digest}) => ({name, sha256: digest.sha256}))
  if (trained.length > 0) return trained
  const validated = relied.filter(({evidence}) => evidence.action.name === 'validate-data').flatMap(({evidence}) => evidence.subjects)
  const files = validated.filter(({kind}) => kind === 'data').map(({name, digest}) => ({name, sha256: digest.sha256}))
  return [...new Map(files.map(file => [file.sha256, file])).values()]
}

/** By what a later training finds this one: its fingerprint, and the record that it handed on beside its evidence. */
export function trainingOf(given: Pick<Case, 'records' | 'digest'>): {
  readonly fingerprint?: string
  readonly record?: {readonly by: EvidenceRecord; readonly path: string}
} {
  const [by] = trainingsOf(given)
  const fingerprint = by?.evidence.facts.find(({name}) => name === 'fingerprint')?.value
  if (by === undefined || typeof fingerprint !== 'string' || !/^[0-9a-f]{64}$/.test(fingerprint)) return {}
  const path = by.evidence.files.training
  return path === undefined ? {fingerprint} : {fingerprint, record: {by, path}}
}

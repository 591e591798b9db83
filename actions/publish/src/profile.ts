import type {Case, EvidenceRecord} from './case.js'
import {countingOf} from './rules.js'

/** The evidence of validate-data whose profile is kept with the model: green, and about all that it was trained on; required or not. */
export function profiledBy(given: Case): EvidenceRecord | undefined {
  const green = countingOf('validate-data', given).filter(
    ({evidence}) => evidence.outcome === 'green' && evidence.files.profile !== undefined
  )
  return green.toSorted((a, b) => b.evidence.run.attempt - a.evidence.run.attempt)[0]
}

/** The files that evidence of validate-data is about. */
export function dataIn({evidence}: EvidenceRecord): {name: string; sha256: string}[] {
  return evidence.subjects.map(({name, digest}) => ({name, sha256: digest.sha256}))
}

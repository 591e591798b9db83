import type {Evidence} from './evidence.js'

/** An in-toto statement of type `test-result/v0.1`, as `actions/attest` takes it; inconclusive follows the outcome of the step. */
export function toStatement(evidence: Evidence) {
  const {checks, outcome, verdict} = evidence
  const ids = (...verdicts: string[]) => checks.filter(check => verdicts.includes(check.verdict)).map(check => check.id)
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: evidence.subjects.map(({name, digest}) => ({name, digest})),
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: {
      result: outcome === 'red' ? 'FAILED' : verdict === 'pass' ? 'PASSED' : 'WARNED',
      configuration: evidence.materials.map(({name, digest}) => ({name, digest})),
      url: evidence.run.url,
      passedTests: ids('pass'),
      warnedTests: ids('warn', 'inconclusive'),
      failedTests: ids('fail', 'error')
    }
  } as const
}

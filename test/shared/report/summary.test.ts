import {marked} from 'marked'
import {describe, expect, test} from 'vitest'
import {type Check, type Findings, toEvidence} from '#shared/evidence/evidence'
import {renderLine, renderSummary} from '#shared/report/summary'

const RUN = {
  repository: 'octo/wages',
  sha: 'a'.repeat(40),
  ref: 'refs/heads/main',
  event: 'push',
  workflow: 'continuous training',
  job: 'judge',
  runId: '42',
  attempt: 1,
  url: 'https://github.com/octo/wages/actions/runs/42',
  actor: 'octo',
  startedAt: '2026-11-01T10:00:00Z',
  finishedAt: '2026-11-01T10:00:05Z'
}

const AUC: Check = {
  id: 'roc_auc >= champion - 0.05',
  verdict: 'fail',
  message: 'roc_auc 0.667 is below champion - 0.05 = 0.7083',
  measured: 0.66712345,
  operator: '>=',
  bound: 0.7083,
  reference: {name: 'champion', value: 0.7583, difference: -0.0912},
  interval: {low: -0.134, high: -0.048, confidence: 0.95, method: 'DeLong'},
  n: 4120,
  unit: 'share'
}

function evidence(checks: readonly Check[], more: Partial<Findings> = {}) {
  const subjects = [{kind: 'model', name: 'model.onnx', digest: {sha256: 'ab'.repeat(32)}}] as const
  return toEvidence({name: 'evaluate', version: '1.0.0'}, {subjects, checks, ...more}, RUN)
}

describe('renderSummary', () => {
  test('says once that the bounds are one-sided, where there are any', () => {
    const text = renderSummary(evidence([AUC, {...AUC, id: 'roc_auc >= 0.7'}]))
    expect(text.match(/95% bounds: each one-sided\./g)).toHaveLength(1)
    expect(text).toContain('| 95% bounds |')
    expect(renderSummary(evidence([{id: 'rows', verdict: 'pass', message: 'there are rows'}]))).not.toContain('95%')
  })

  test('shows a gate that only warns as it was written', () => {
    const text = renderSummary(evidence([{...AUC, verdict: 'warn', message: `warn: ${AUC.message}`}]))
    expect(text).toContain('⚠️ warn `warn: roc_auc >= champion - 0.05`: roc_auc 0.667 is below')
    expect(text).toContain('| `warn: roc_auc >= champion - 0.05` |')
  })

  test('shows verdict, outcome, subject, reason and numbers of a failed check', () => {
    const text = renderSummary(evidence([{id: 'row_count >= 5', verdict: 'pass', message: 'fine'}, AUC]))
    expect(text).toContain('### ❌ fail · evaluate')
    expect(text).toContain('1 failed, 1 passed. Outcome **red**. model `model.onnx` `abababababab`.')
    expect(text).toContain('- ❌ fail `roc_auc >= champion - 0.05`: roc_auc 0.667 is below champion - 0.05 = 0.7083')
    expect(text).toContain('| `roc_auc >= champion - 0.05` | ❌ fail | 0.6671 | \\>= 0.7083 | difference -0.134 to -0.048 | 4,120 |')
    expect(text.indexOf('roc_auc')).toBeLessThan(text.indexOf('row_count'))
  })

  test('an open side of an interval is said in words', () => {
    const open: Check = {...AUC, reference: undefined, interval: {low: 0.61, high: null, confidence: 0.95, method: 'Wilson'}}
    expect(renderSummary(evidence([open]))).toContain('| at least 0.61 |')
  })

  test('says why an observed failure is green', () => {
    const text = renderSummary(evidence([AUC], {policy: {mode: 'observe', onInconclusive: 'estimate'}}))
    expect(text).toContain('Outcome **green** (observed only: a verdict does not stop the step)')
  })

  test('no check at all is an error, never a blank', () => {
    const text = renderSummary(evidence([]))
    expect(text).toContain('⛔ error')
    expect(text).toContain('no checks. Outcome **red**')
  })

  test('stays far below 1 MiB for 100,000 checks with long text, and says what is left out', () => {
    const checks = Array.from({length: 100_000}, (_, i) => ({...AUC, id: `${'漢'.repeat(2000)}${i}`, message: '😀'.repeat(3000)}))
    const text = renderSummary(evidence(checks))
    expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024)
    expect(text).toContain('99,500 checks more in the evidence')
  })

  test('text from data stays inert', () => {
    const text = renderSummary(
      evidence([{...AUC, id: '`<img>`|x', message: '</td>@octo ![x](https://a.example)'}], {
        facts: [{name: '<b>|x</b>', value: '`|`\\|'}]
      })
    )
    const rendered = marked.parse(text, {async: false})
    expect(rendered).not.toMatch(/<(img|a|b)\b/)
    expect(rendered.match(/<tr>/g)).toHaveLength(4)
    expect(text).not.toContain('@octo')
  })
})

describe('renderLine', () => {
  test('names the checks that are red', () => {
    expect(renderLine(evidence([AUC, {id: 'b', verdict: 'pass', message: ''}]))).toBe(
      '✗ evaluate: 1 of 2 checks failed: roc_auc >= champion - 0.05'
    )
  })

  test('tells what could not be measured from what failed', () => {
    expect(renderLine(evidence([{id: 'x', verdict: 'error', message: ''}]))).toBe('⊘ evaluate: 1 of 1 check could not be measured: x')
  })

  test('does not call failed what is inconclusive', () => {
    const failClosed = {policy: {mode: 'enforce', onInconclusive: 'fail'}} as const
    const open: Check = {...AUC, id: 'b', verdict: 'inconclusive'}
    const unmeasured: Check = {id: 'c', verdict: 'error', message: ''}
    const passed: Check = {id: 'd', verdict: 'pass', message: ''}
    expect(renderLine(evidence([AUC, open, passed], failClosed))).toBe(
      '✗ evaluate: 2 of 3 checks are red (1 failed, 1 inconclusive): roc_auc >= champion - 0.05, b'
    )
    expect(renderLine(evidence([open, unmeasured], failClosed))).toBe(
      '⊘ evaluate: 2 of 2 checks are red (1 not measured, 1 inconclusive): b, c'
    )
    expect(renderLine(evidence([open, passed], failClosed))).toBe('? evaluate: 1 of 2 checks is red (1 inconclusive): b')
  })

  test('green in one line with its tally', () => {
    const estimate: Check = {...AUC, verdict: 'inconclusive', estimate: 'meets'}
    expect(renderLine(evidence([estimate]))).toBe('? evaluate: 1 inconclusive; green')
    expect(renderLine(evidence([{id: 'x', verdict: 'pass', message: ''}]))).toBe('✓ evaluate: 1 passed')
  })

  test('is one line and no workflow command, whatever an id holds', () => {
    const line = renderLine(evidence([{...AUC, id: 'a\n::error::owned\u001b[31m'}]))
    expect(line).toBe('✗ evaluate: 1 of 1 check failed: a ::error::owned\\u{1b}[31m')
  })
})

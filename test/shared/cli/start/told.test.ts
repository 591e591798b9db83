import {describe, expect, test} from 'vitest'
import type {StepResult} from '#shared/cli/run/progress'
import {renderComment, renderFailures, renderRollout, renderServerLog, renderStep, type Told} from '#shared/cli/start/told'
import {type Check, type Findings, toEvidence} from '#shared/evidence/evidence'

const RUN = {
  ...{repository: 'local/wages', sha: '0'.repeat(40), ref: '', event: 'push', workflow: 'w', job: 'judge', runId: '1', attempt: 1},
  ...{url: '', actor: '', startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:00:01.000Z'}
}

function told(name: string, outcome: StepResult['outcome'], checks?: readonly Check[], messages: readonly string[] = []): Told {
  const annotations = messages.map(message => ({level: 'error' as const, message}))
  const uses = `OWNER/trainyard/actions/${name}@v1`
  const step: StepResult = {name: uses, uses, outcome, conclusion: outcome, outputs: {}, summary: '', annotations, durationMs: 1234}
  const findings: Findings | undefined = checks && {subjects: [], checks, policy: {mode: 'enforce', onInconclusive: 'estimate'}}
  return {job: 'judge', step, evidence: findings && toEvidence({name, version: '1'}, findings, RUN)}
}

const good: Check = {id: 'a >= 1', verdict: 'pass', message: 'a 2 is at least 1'}
const unsettled: Check = {id: 'b >= 1', verdict: 'inconclusive', estimate: 'meets', message: 'b >= 1: 2 [0, 4]'}
const bad: Check = {id: 'c >= 1', verdict: 'fail', message: 'c 0 is below 1'}

describe('renderStep', () => {
  test('is one line when all passed', () => {
    expect(renderStep(told('evaluate', 'success', [good]))).toEqual(['✓ evaluate: 1 passed  (1.2 s)'])
  })

  test('puts what did not pass below it, the red first, without saying its name twice', () => {
    expect(renderStep(told('evaluate', 'failure', [good, unsettled, bad]))).toEqual([
      '✗ evaluate: 1 of 3 checks failed: c >= 1  (1.2 s)',
      '    ✗ c >= 1: c 0 is below 1',
      '    ? b >= 1: 2 [0, 4]'
    ])
  })

  test('shows four of many, and says how many more', () => {
    const lines = renderStep(
      told(
        'evaluate',
        'failure',
        Array.from({length: 9}, (_, n) => ({...bad, id: `c${n} >= 1`}))
      )
    )
    expect(lines).toHaveLength(6)
    expect(lines.at(-1)).toBe('    and 5 more, in the report')
  })

  test('tells of other steps only when they failed', () => {
    expect(renderStep(told('checkout', 'success'))).toEqual([])
    expect(renderStep(told('checkout', 'skipped'))).toEqual([])
    expect(renderStep(told('checkout', 'failure', undefined, ['no space\nmore']))).toEqual(['✗ checkout: failure', '    no space'])
  })
})

describe('renderRollout', () => {
  test.each([
    ['   11.6 s  step            25% to v2', ['· 25% to v2']],
    ['   15.8 s  promoted        all gates passed; champion is v2', ['· promoted: all gates passed; champion is v2']],
    ['27 files of local/wages', []],
    ['pass         wages v2 takes all traffic', []]
  ])('%j', (line, lines) => {
    expect(renderRollout(line)).toEqual(lines)
  })
})

test('renderComment folds as a browser does, and leaves markers out', () => {
  const markdown =
    '<!-- marker -->\n## wages\n\n<details>\n<summary>✅ <b>a</b>: 1 passed</summary>\n\n| x |\n\n</details>\n\n<details>\n<summary>b</summary>\ny\n</details>\n\n<sub>end</sub>\n'
  expect(renderComment(markdown)).toEqual(['## wages', '▸ ✅ a: 1 passed', '▸ b', '', 'end'])
})

describe('renderFailures', () => {
  test('names the failing action and its reasons, and leaves out a report that is red for what is missing', () => {
    const lines = renderFailures(
      [told('train', 'success', [good]), told('evaluate', 'failure', [bad, unsettled]), told('report', 'failure', [bad])],
      []
    )
    expect(lines).toEqual(['✗ judge: evaluate', '    c >= 1: c 0 is below 1'])
  })

  test('shows a red report that nothing else explains', () => {
    expect(renderFailures([told('report', 'failure', [bad])], [])[0]).toBe('✗ judge: report')
  })

  test('falls back on what the step annotated, and on the job', () => {
    expect(renderFailures([told('train', 'failure', undefined, ['out of memory'])], [])).toEqual(['✗ judge: train', '    out of memory'])
    const job = {id: 'deploy', name: 'deploy', result: 'failure' as const, outputs: {}, steps: [], durationMs: 1}
    expect(renderFailures([], [job])).toEqual(['✗ deploy: failure'])
  })
})

test('the log of the model server is named when a deployment failed, and only then', () => {
  expect(renderServerLog([told('evaluate', 'success'), told('deploy-canary', 'failure')], 'out/model-server.log')).toEqual([
    "The model server's log says what failed: out/model-server.log"
  ])
  expect(renderServerLog([told('evaluate', 'failure'), told('deploy-canary', 'success')], 'out/model-server.log')).toEqual([])
})

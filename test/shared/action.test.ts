import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, expect, it, test} from 'vitest'
import {action} from '#shared/action'
import {UserError} from '#shared/errors'
import {type Check, outcomeOf, type Policy, VERDICTS} from '#shared/evidence/evidence'
import {CONFIG, gates, secret, text} from '#shared/inputs'
import {folderOf, runOnTerminal} from '../support/step.js'

const inputs = {label: text(), gates: gates(), 'github-token': secret(), ...CONFIG}
const check = (verdict: Check['verdict'], more: Partial<Check> = {}): Check => ({
  id: `a_${verdict} >= 1`,
  verdict,
  message: `a_${verdict} is what it is`,
  ...more
})
const judging = (checks: readonly Check[], policy?: Policy) => action('evaluate', inputs, async () => ({subjects: [], checks, policy}))

describe('the frame of actions', () => {
  const policies: Policy[] = [
    {mode: 'enforce', onInconclusive: 'estimate'},
    {mode: 'enforce', onInconclusive: 'warn'},
    {mode: 'enforce', onInconclusive: 'fail'},
    {mode: 'observe', onInconclusive: 'estimate'}
  ]
  test.each(policies.flatMap(policy => VERDICTS.map(verdict => [verdict, policy.mode, policy.onInconclusive, policy] as const)))(
    'has one exit code and one evidence for %s under %s, %s',
    async (verdict, _mode, _inconclusive, policy) => {
      const one = check(verdict, verdict === 'inconclusive' ? {estimate: 'meets'} : {})
      const {code, log, evidence} = await runOnTerminal(judging([check('pass', {id: 'first >= 1'}), one], policy), await folderOf({}))
      const outcome = outcomeOf(one, policy)
      expect(evidence).toMatchObject({verdict, outcome})
      expect(code).toBe(outcome === 'green' ? 0 : verdict === 'error' ? 3 : 1)
      expect(log).toContain(`outcome: ${outcome}`)
      expect(log).toContain(`a_${verdict} is what it is`)
    }
  )

  it('turns an empty list of checks into an error', async () => {
    const {code, log, evidence} = await runOnTerminal(judging([]), await folderOf({}))
    expect([code, evidence?.verdict]).toEqual([3, 'error'])
    expect(log).toContain('evidence of evaluate: not evidence: /checks')
  })

  it('writes a hole that says why when a measurement fails, without a stack for what a person can mend', async () => {
    const failing = action('evaluate', inputs, async () => {
      throw new UserError('data.csv: no such file', {hint: 'Check the path.'})
    })
    const {code, log, evidence} = await runOnTerminal(failing, await folderOf({}))
    expect(code).toBe(3)
    expect(evidence).toMatchObject({
      verdict: 'error',
      outcome: 'red',
      checks: [{id: 'evaluate', message: 'data.csv: no such file; Check the path.'}]
    })
    expect(log).toBe(
      'evaluate: data.csv: no such file\nCheck the path.'.replace(
        'evaluate:',
        `verdict: error\noutcome: red\nevidence: ${log.match(/evidence: (.*)/)?.[1]}\nevaluate:`
      )
    )
    expect(log).not.toContain('    at ')
  })

  it('owns up to its own faults, with the stack and where to report', async () => {
    const broken = action('evaluate', inputs, async () => {
      throw new TypeError('x is not a function', {cause: new Error('deeper')})
    })
    const {code, log, evidence} = await runOnTerminal(broken, await folderOf({}))
    expect([code, evidence?.verdict]).toEqual([3, 'error'])
    expect(log).toContain('this is a fault of Trainyard')
    expect(log).toContain('caused by: deeper')
    expect(log).toContain('    at ')
  })

  it('says usage with 2 and measures nothing', async () => {
    let measured = false
    const one = action('evaluate', {...inputs, label: text({required: true})}, async () => {
      measured = true
      return {subjects: [], checks: [check('pass')]}
    })
    const {code, log} = await runOnTerminal(one, await folderOf({'trainyard.yml': 'evaluate: {}\n'}))
    expect([code, measured]).toEqual([2, false])
    expect(log).toContain('label: required and not given')
  })

  it('names the file that gates may have come from among the materials of a judge', async () => {
    const {evidence} = await runOnTerminal(judging([check('pass')]), await folderOf({'trainyard.yml': 'label: y\n'}))
    expect(evidence?.materials).toEqual([
      {kind: 'gates', name: 'trainyard.yml', digest: {sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string}}
    ])
  })

  it('says once that a check only warns', async () => {
    const {log} = await runOnTerminal(judging([check('warn', {message: 'warn: roc_auc 0.6 is below 0.7'})]), await folderOf({}))
    expect(log).toMatch(/^warn {9}roc_auc 0\.6 is below 0\.7$/m)
  })

  it('keeps text from data from starting a line of the log', async () => {
    const {log} = await runOnTerminal(judging([check('pass', {message: 'x\n::set-output name=a::b\r::warning::y'})]), await folderOf({}))
    expect(log.split('\n').filter(line => line.startsWith('::'))).toEqual([])
  })

  it('says so when its folder cannot be made', async () => {
    const folder = await folderOf({'trainyard-out': 'a file'})
    const {code, log} = await runOnTerminal(judging([check('pass')]), folder)
    expect(code).toBe(3)
    expect(log).toContain("trainyard-out: can't be made")
    expect(await readdir(folder)).toEqual(['trainyard-out'])
    expect(join(folder, 'trainyard-out')).toContain('trainyard-out')
  })
})

import {mkdir, mkdtemp, readdir, rename, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {Ajv} from 'ajv'
import {beforeEach, describe, expect, it, test} from 'vitest'
import {
  type Check,
  type Evidence,
  outcomeOf,
  overallOutcome,
  type Policy,
  toEvidence,
  VERDICTS,
  worstVerdict
} from '#shared/evidence/evidence'
import {readEvidence, writeEvidence} from '#shared/evidence/files'
import {toStatement} from '#shared/evidence/in-toto'
import {EVIDENCE_SCHEMA, parseEvidence} from '#shared/evidence/schema'

const DIGEST = {sha256: 'a'.repeat(64)}
const check = (verdict: Check['verdict'], more: Partial<Check> = {}): Check => ({id: `${verdict} >= 1`, verdict, message: 'said', ...more})
const run = (more: Partial<Evidence['run']> = {}) => ({
  repository: 'octo/demo',
  sha: '0'.repeat(40),
  ref: 'refs/heads/main',
  event: 'push',
  workflow: 'w',
  job: 'judge',
  runId: '7',
  attempt: 1,
  url: '',
  actor: 'alice',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:01.000Z',
  ...more
})
const evidence = (checks: Check[] = [check('pass')], more: Partial<Evidence['run']> = {}, action = 'evaluate') =>
  toEvidence({name: action, version: '1'}, {subjects: [{kind: 'model', name: 'm', digest: DIGEST}], checks}, run(more))

describe('verdict and outcome', () => {
  it('is the worst check, and an error without any', () => {
    for (const [index, verdict] of VERDICTS.entries()) {
      expect(worstVerdict(VERDICTS.slice(0, index + 1).map(one => ({verdict: one})))).toBe(verdict)
    }
    expect(worstVerdict([])).toBe('error')
    expect(overallOutcome([], {mode: 'observe', onInconclusive: 'warn'})).toBe('red')
  })

  const policy = (text: string): Policy => {
    const [mode, onInconclusive] = text.split(' ') as [Policy['mode'], Policy['onInconclusive']]
    return {mode, onInconclusive}
  }
  test.each([
    ['pass', undefined, 'enforce fail', 'green'],
    ['warn', undefined, 'enforce fail', 'green'],
    ['fail', undefined, 'enforce warn', 'red'],
    ['fail', undefined, 'observe warn', 'green'],
    ['error', undefined, 'observe warn', 'red'],
    ['error', undefined, 'enforce warn', 'red'],
    ['inconclusive', 'meets', 'enforce estimate', 'green'],
    ['inconclusive', 'misses', 'enforce estimate', 'red'],
    ['inconclusive', undefined, 'enforce estimate', 'red'],
    ['inconclusive', 'misses', 'enforce warn', 'green'],
    ['inconclusive', 'meets', 'enforce fail', 'red'],
    ['inconclusive', 'misses', 'observe fail', 'green']
  ] as const)('%s (estimate %s) under %s is %s', (verdict, estimate, under, outcome) =>
    expect(outcomeOf({verdict, estimate}, policy(under))).toBe(outcome)
  )
})

describe('checks', () => {
  it('have ids of their own', () => expect(() => evidence([check('pass'), check('pass')])).toThrow('two checks have the id pass >= 1'))
})

describe('a document', () => {
  it('has a schema that is strictly valid itself', () => {
    const ajv = new Ajv({strict: true, allowUnionTypes: true})
    expect([ajv.validateSchema(EVIDENCE_SCHEMA), ajv.errors]).toEqual([true, null])
    expect(() => ajv.compile(EVIDENCE_SCHEMA)).not.toThrow()
  })

  const tamper = (change: (copy: Record<string, unknown>) => void) => {
    const copy = JSON.parse(JSON.stringify(evidence([check('fail')]))) as Record<string, unknown>
    change(copy)
    return () => parseEvidence(copy, 'x.json')
  }

  it('round trips', () => expect(parseEvidence(JSON.parse(JSON.stringify(evidence())), 'x.json')).toEqual(evidence()))

  it('is refused when its verdict does not follow from its checks', () => {
    expect(tamper(copy => (copy.verdict = 'pass'))).toThrow('x.json: the verdict pass (red) does not follow from its checks')
    expect(tamper(copy => (copy.outcome = 'green'))).toThrow('does not follow from its checks')
  })

  test.each([
    [
      'another major version',
      (copy: Record<string, unknown>) => (copy.schema = 'urn:trainyard:evidence:v2'),
      'evidence of version v2, expected v1'
    ],
    ['no checks', (copy: Record<string, unknown>) => (copy.checks = []), 'not evidence: /checks'],
    ['a key that nobody knows', (copy: Record<string, unknown>) => (copy.extra = 1), 'not evidence'],
    [
      'a short digest',
      (copy: Record<string, unknown>) => (copy.subjects = [{kind: 'model', name: 'm', digest: {sha256: 'abc'}}]),
      'not evidence: /subjects/0/digest/sha256'
    ],
    ['a file outside', (copy: Record<string, unknown>) => (copy.files = {model: '../secret'}), 'not evidence: /files/model'],
    ['an absolute file', (copy: Record<string, unknown>) => (copy.files = {model: '/etc/passwd'}), 'not evidence: /files/model']
  ])('is refused with %s', (_, change, message) => expect(tamper(change)).toThrow(message))

  it('projects to an in-toto test result', () => {
    const statement = toStatement(evidence([check('pass'), check('warn'), check('inconclusive', {estimate: 'meets'})]))
    expect(statement).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
      subject: [{name: 'm', digest: DIGEST}]
    })
    expect(statement.predicate).toMatchObject({
      result: 'WARNED',
      passedTests: ['pass >= 1'],
      warnedTests: ['warn >= 1', 'inconclusive >= 1'],
      failedTests: []
    })
    expect(toStatement(evidence([check('error')])).predicate.result).toBe('FAILED')
  })
})

describe('files of evidence', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'evidence-'))
  })
  const mine = {kind: 'run', repository: 'octo/demo', runId: '7', attempt: 2} as const
  const put = (folder: string, document: Evidence) => writeEvidence(join(root, folder), document)

  it('are named by action and digest, never overwrite each other and hold no number that is not finite', async () => {
    const path = await put('judge', evidence())
    expect(basename(path)).toMatch(/^evaluate-[0-9a-f]{12}\.json$/)
    await put('judge', evidence([check('fail')]))
    expect(await readdir(join(root, 'judge'))).toHaveLength(2)
    await expect(put('judge', evidence([check('pass', {measured: Number.NaN})]))).rejects.toThrow('not evidence: /checks/0/measured')
    expect(await readdir(join(root, 'judge'))).toHaveLength(2)
  })

  it('count from the folder of the job that they name, and at the root', async () => {
    await put('judge', evidence([check('pass')]))
    await put('trainyard-judge-3', evidence([check('warn')]))
    await put('.', evidence([check('fail')]))
    await put('trainyard-other', evidence([check('error')]))
    const {counted, refused} = await readEvidence(root, mine)
    expect(counted.map(({evidence: {verdict}, folder}) => [verdict, folder]).sort()).toEqual([
      ['fail', null],
      ['pass', 'judge'],
      ['warn', 'trainyard-judge-3']
    ])
    expect(refused.map(({reason}) => reason)).toEqual(['lies in trainyard-other and says that it is of job judge'])
  })

  it('of an attempt that there has not been do not count, and hide nothing', async () => {
    await put('trainyard-judge', evidence([check('fail')], {attempt: 1}))
    await put('trainyard-judge', evidence([check('pass')], {attempt: 99}))
    const {counted, refused} = await readEvidence(root, mine)
    expect(counted.map(({evidence: {verdict}}) => verdict)).toEqual(['fail'])
    expect(refused.map(({reason}) => reason)).toEqual(['says that it is of attempt 99, and this is attempt 2'])
  })

  it('of another run or repository do not count', async () => {
    await put('judge', evidence([check('pass')], {runId: '6'}))
    await put('judge', evidence([check('warn')], {repository: 'octo/fork'}))
    const {counted, refused} = await readEvidence(root, mine)
    expect(counted).toEqual([])
    expect(refused.map(({reason}) => reason).sort()).toEqual(['is of repository octo/fork, not octo/demo', 'is of run 6, not 7'])
  })

  it('of one job, action and subject count in their newest attempt, so that an old green hides no new red', async () => {
    await put('judge', evidence([check('pass')], {attempt: 1}))
    await put('judge', evidence([check('fail')], {attempt: 2}))
    await put('judge', evidence([check('warn')], {attempt: 1}, 'check-fairness'))
    const {counted} = await readEvidence(root, mine)
    expect(counted.map(({evidence: {verdict}}) => verdict).sort()).toEqual(['fail', 'warn'])
  })

  it('of a plain folder count in the newest of each action', async () => {
    await put('.', evidence([check('pass')], {runId: 'local-1', finishedAt: '2026-01-01T00:00:01.000Z'}))
    await put('.', evidence([check('fail')], {runId: 'local-2', finishedAt: '2026-01-01T00:00:02.000Z'}))
    const {counted} = await readEvidence(root, {kind: 'folder'})
    expect(counted.map(({evidence: {verdict}}) => verdict)).toEqual(['fail'])
  })

  it('are not looked for in model folders, nor under other names', async () => {
    const path = await put('judge', evidence())
    await mkdir(join(root, 'judge', 'model-abc'))
    await rename(path, join(root, 'judge', 'model-abc', basename(path)))
    await put('model-abc', evidence())
    await writeFile(join(root, 'judge', 'notes.json'), 'not json')
    expect(await readEvidence(root, mine)).toEqual({counted: [], refused: []})
  })

  it('that are torn or renamed are an error, not a hole', async () => {
    await mkdir(join(root, 'judge'))
    await writeFile(join(root, 'judge', 'evaluate-0123456789ab.json'), '{"schema": "urn:tr')
    await expect(readEvidence(root, mine)).rejects.toThrow('evaluate-0123456789ab.json: not JSON')
  })

  it('are none in a folder that is not there', async () => expect((await readEvidence(join(root, 'none'), mine)).counted).toEqual([]))
})

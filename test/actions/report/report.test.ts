import {execFile} from 'node:child_process'
import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import type {Evidence} from '#shared/evidence/evidence'
import {writeEvidence} from '#shared/evidence/files'
import {parseEvidence} from '#shared/evidence/schema'
import {compile} from '../../support/compile.js'
import {evidenceOf, FAILED, PASSED, RUN} from '../../support/evidence.js'
import {type FakeGitHub, fakeGitHub} from '../../support/github/fake.js'

let program: string

beforeAll(async () => {
  const compiled = await compile('test/actions/report/step.ts')
  program = compiled.program
  return compiled.remove
})

/** The last job of a run on pull request 7: evidence lies in the folders of the jobs that wrote it. */
async function job(evidence: readonly Evidence[]) {
  const root = await mkdtemp(join(tmpdir(), 'trainyard-report-'))
  onTestFinished(() => rm(root, {recursive: true, force: true}))
  const handed = join(root, 'temp', 'trainyard')
  await mkdir(join(root, 'workspace'), {recursive: true})
  for (const one of evidence) {
    const folder = join(handed, `trainyard-${one.run.job}`)
    await mkdir(folder, {recursive: true})
    await writeEvidence(folder, one)
  }
  await writeFile(join(root, 'event.json'), JSON.stringify({pull_request: {number: 7}}))
  return {root, own: join(handed, 'report')}
}

interface Ending {
  readonly code: number
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly evidence: Evidence
}

async function report(root: string, inputs: Record<string, string> = {}, env: Record<string, string> = {}): Promise<Ending> {
  const [output, summary] = [join(root, 'output'), join(root, 'summary')]
  await Promise.all([writeFile(output, ''), writeFile(summary, '')])
  const environment = {
    PATH: process.env.PATH,
    GITHUB_ACTIONS: 'true',
    RUNNER_TEMP: join(root, 'temp'),
    GITHUB_OUTPUT: output,
    GITHUB_STEP_SUMMARY: summary,
    GITHUB_JOB: 'report',
    GITHUB_REPOSITORY: RUN.repository,
    GITHUB_RUN_ID: RUN.runId,
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_WORKFLOW: RUN.workflow,
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: join(root, 'event.json'),
    ...Object.fromEntries(Object.entries({name: 'wages', ...inputs}).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    ...env
  }
  const {code, log} = await new Promise<{code: number; log: string}>(resolve => {
    const child = execFile(process.execPath, [program], {cwd: join(root, 'workspace'), env: environment}, (_, stdout, stderr) =>
      resolve({code: child.exitCode ?? -1, log: stdout + stderr})
    )
  })
  const outputs = parseOutputs(await readFile(output, 'utf8'))
  const evidence = parseEvidence(JSON.parse(await readFile(outputs.evidence, 'utf8')), 'report')
  return {code, log, outputs, summary: await readFile(summary, 'utf8'), evidence}
}

function parseOutputs(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(.+)<<(ghadelimiter_.+)\r?\n([\s\S]*?)\r?\n\2$/gm)].map(([, name, , value]) => [name, value])
  )
}

describe('the step', () => {
  test('writes page and Markdown beside its evidence, and the summary', async () => {
    const {root, own} = await job([evidenceOf('train', [PASSED]), evidenceOf('evaluate', [PASSED])])
    const {code, outputs, summary, evidence} = await report(root)
    expect(code).toBe(0)
    expect(outputs).toMatchObject({verdict: 'pass', outcome: 'green', markdown: join(own, 'report.md'), page: join(own, 'report.html')})
    expect(await readFile(outputs.markdown, 'utf8')).toMatch(/^## ✅ wages: ready\n/)
    expect(await readFile(outputs.page, 'utf8')).toMatch(/^<!doctype html>/)
    expect(summary).toContain('## ✅ wages: ready\n')
    expect(evidence.files).toEqual({markdown: 'report.md', page: 'report.html'})
    expect(evidence.materials.map(({kind, name}) => `${kind} ${name}`).toSorted()).toEqual(['evidence evaluate', 'evidence train'])
    expect((await readdir(own)).filter(name => name.startsWith('.'))).toEqual([])
  })

  test('is red when what is required is missing, and says how to mend it', async () => {
    const {root} = await job([evidenceOf('evaluate', [PASSED])])
    const {code, log, outputs, summary} = await report(root, {require: 'evaluate, check-fairness'})
    expect(code).toBe(1)
    expect(outputs.outcome).toBe('red')
    expect(log).toContain('::error title=require(check-fairness)::check-fairness is missing: run it in a job that this one needs')
    expect(summary).toContain('## ❌ wages: not ready: check-fairness is missing')
  })

  test('is never red for a verdict: the judges were', async () => {
    const {root} = await job([evidenceOf('evaluate', [FAILED])])
    const {code, outputs, summary, log} = await report(root)
    expect(code).toBe(0)
    expect(outputs).toMatchObject({verdict: 'warn', outcome: 'green'})
    expect(summary).toContain('## ❌ wages: not ready: evaluate is red')
    expect(log).toContain('::warning title=require(evaluate)::not ready: evaluate is red')
  })

  test('is red where there is no evidence at all, even if nothing is required', async () => {
    const {root} = await job([])
    const {code, evidence} = await report(root)
    expect(code).toBe(1)
    expect(evidence.checks.map(({id, verdict}) => `${id} ${verdict}`)).toEqual(['evidence error', 'require(evaluate) error'])
  })

  test('evidence of another run does not count, and is named', async () => {
    const other = evidenceOf('evaluate', [PASSED])
    const {root} = await job([{...other, run: {...other.run, runId: '1'}}])
    const {code, log} = await report(root)
    expect(code).toBe(1)
    expect(log).toMatch(/::warning ::.*evaluate-[0-9a-f]{12}\.json does not count: it is of run 1, not 19384756210/)
  })

  test('under workflow_run the evidence is that of the run that has ended', async () => {
    const {root} = await job([evidenceOf('evaluate', [PASSED])])
    const event = join(root, 'ended.json')
    const env = {GITHUB_EVENT_NAME: 'workflow_run', GITHUB_EVENT_PATH: event, GITHUB_RUN_ID: '5'}
    await writeFile(event, JSON.stringify({workflow_run: {id: Number(RUN.runId)}}))
    expect((await report(root, {}, env)).code).toBe(0)
    await writeFile(event, JSON.stringify({workflow_run: {id: 4}}))
    const {code, log} = await report(root, {}, env)
    expect(code).toBe(1)
    expect(log).toMatch(/does not count: it is of run 19384756210, not 4/)
  })

  test('a second report does not read the first as evidence', async () => {
    const {root} = await job([evidenceOf('evaluate', [PASSED])])
    await report(root, {require: 'evaluate, train'})
    const {summary, code} = await report(root)
    expect(code).toBe(0)
    expect(summary).toContain('## ✅ wages: ready')
  })
})

describe('the comment', () => {
  async function withGitHub(work: (github: FakeGitHub, env: Record<string, string>) => Promise<void>): Promise<void> {
    const github = await fakeGitHub()
    onTestFinished(() => github.close())
    await work(github, {GITHUB_API_URL: github.url, 'INPUT_GITHUB-TOKEN': 'token-of-the-job', no_proxy: '127.0.0.1'})
    expect(github.misfits).toEqual([])
  }

  test('is written once and updated by the next attempt', async () => {
    await withGitHub(async (github, env) => {
      const {root} = await job([evidenceOf('evaluate', [PASSED])])
      const first = await report(root, {}, env)
      expect(first.log).toContain('Comment created: https://github.com/octo/wages/pull/7#issuecomment-')
      expect(github.comments[0].body).toMatch(/^<!-- trainyard\/v1 slot=[0-9a-f]{16} run=19384756210 attempt=1 -->\n## ✅ wages: ready\n/)
      await report(root, {require: 'evaluate, train'}, {...env, GITHUB_RUN_ATTEMPT: '2'})
      expect(github.comments.map(({body}) => body.split('\n')[1])).toEqual(['## ❌ wages: not ready: train is missing'])
      const late = await report(root, {}, env)
      expect(late.log).toContain('A later run has written the comment already; it stays as it is.')
      expect(github.comments.map(({body}) => body.split('\n')[1])).toEqual(['## ❌ wages: not ready: train is missing'])
    })
  })

  test('a token that may not is a warning with the lines to add, and the step stays green', async () => {
    await withGitHub(async (github, env) => {
      const body = {message: 'Resource not accessible by integration', documentation_url: 'https://docs.github.com/rest'}
      github.faults.push({method: 'POST', path: /^\/repos/, answer: {status: 403, body}})
      const {root} = await job([evidenceOf('evaluate', [PASSED])])
      const {code, log, summary} = await report(root, {}, env)
      expect(code).toBe(0)
      expect(log).toMatch(/::warning ::The comment on pull request #7 was not written.*pull-requests: write/)
      expect(summary).toContain('## ✅ wages: ready')
      expect(github.comments).toEqual([])
    })
  })

  test.each([
    ['comment: never', {comment: 'never'}, {}, 'No comment: comment is never.'],
    ['without a token', {}, {'INPUT_GITHUB-TOKEN': ''}, 'No comment: there is no github-token.'],
    ['on a push', {}, {GITHUB_EVENT_PATH: ''}, 'No comment: this run is not about a pull request.']
  ])('%s asks GitHub nothing', async (_, inputs, env, line) => {
    await withGitHub(async (github, ours) => {
      const {root} = await job([evidenceOf('evaluate', [PASSED])])
      const {log, code} = await report(root, inputs, {...ours, ...env})
      expect(code).toBe(0)
      expect(log).toContain(line)
      expect(github.requests).toEqual([])
    })
  })
})

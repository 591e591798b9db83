import {readdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeAll, describe, expect, test} from 'vitest'
import {evidenceOf, FAILED, PASSED, RUN} from '../../support/evidence.js'
import {job, prepareStep, report, withGitHub} from './job.js'

beforeAll(prepareStep)

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

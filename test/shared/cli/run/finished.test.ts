import {mkdtempSync, readFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {repositoryFolder, run} from '../../../support/workflow.js'

const MEASURE = `name: measure
on: pull_request
jobs:
  measure:
    runs-on: ubuntu-latest
    steps:
      - run: echo figures > figures.txt
      - uses: actions/upload-artifact@v7
        with: {name: figures, path: figures.txt}
`
const REPORT = `name: report
on:
  workflow_run: {workflows: [measure], types: [completed]}
jobs:
  report:
    runs-on: ubuntu-latest
    if: github.event.workflow_run.event == 'pull_request'
    steps:
      - uses: actions/download-artifact@v8
        with: {name: figures, run-id: "\${{ github.event.workflow_run.id }}", github-token: none}
      - run: cat figures.txt; echo "of \${{ github.event.workflow_run.head_repository.full_name }} at \${{ github.ref }}"
`
const FORK = {
  pull_request: {
    number: 7,
    user: {login: 'mona'},
    head: {ref: 'better', sha: 'c'.repeat(40), repo: {full_name: 'mona/wages'}},
    base: {ref: 'main'}
  }
}

/** The folder of a run that has ended. */
async function measured(workflow = MEASURE, payload?: object): Promise<string> {
  const workDir = mkdtempSync(join(tmpdir(), 'measured-'))
  expect(await run(workflow, {workDir, payload})).toMatchObject({result: 'green'})
  return workDir
}

describe('a workflow that waits for another', () => {
  test('gets the artifacts of the run that has ended, and is told of its head', async () => {
    const ended = await run(REPORT, {finished: await measured(MEASURE, FORK)})
    expect([ended.result, ended.event]).toEqual(['green', 'workflow_run'])
    expect(ended.log).toEqual(expect.arrayContaining(['figures', 'of mona/wages at refs/heads/main']))
  })

  test('finds in the folder what GitHub would tell of the run', async () => {
    const {workflow, run: told} = JSON.parse(readFileSync(join(await measured(MEASURE, FORK), 'run.json'), 'utf8'))
    expect([workflow, told]).toEqual([
      'measure',
      expect.objectContaining({
        event: 'pull_request',
        conclusion: 'success',
        head_sha: 'c'.repeat(40),
        head_branch: 'better',
        actor: {login: 'mona'}
      })
    ])
    expect(told.id).toBeGreaterThan(0)
  })

  test('without such a run is refused, and so is a folder that holds none', async () => {
    await expect(run(REPORT)).rejects.toMatchObject({kind: 'usage', message: 'workflow_run: no run that has ended is given'})
    const empty = repositoryFolder({})
    await expect(run(REPORT, {finished: empty})).rejects.toMatchObject({
      kind: 'usage',
      message: `--finished ${empty}: no run has ended there`
    })
    const torn = repositoryFolder({'run.json': '{'})
    await expect(run(REPORT, {finished: torn})).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(`--finished ${torn}: `)
    })
  })

  test('is told when GitHub would not start it for that run', async () => {
    const {said} = await run(REPORT, {finished: await measured(MEASURE.replace('name: measure', 'name: other'))})
    expect(said).toContain('on.workflow_run: it waits for measure, not for other: GitHub would not start this run')
  })

  test('gets artifacts of no other run', async () => {
    const {result, log} = await run(REPORT.replace('${{ github.event.workflow_run.id }}', '41'), {finished: await measured()})
    expect([result, log.join('\n')]).toEqual(['red', expect.stringContaining('download-artifact: run-id 41 is no run on this machine')])
  })
})

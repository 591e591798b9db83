import {spawnSync} from 'node:child_process'
import {cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {describe, expect, onTestFinished, test} from 'vitest'
import {parse} from 'yaml'

const EXAMPLE = 'workflows-examples/forks'
const PROGRAM = resolve('dist/trainyard.js')

/** A copy of the example, a folder beside it for runs. */
function openExample() {
  const root = mkdtempSync(join(tmpdir(), 'forks-'))
  onTestFinished(() => rmSync(root, {recursive: true, force: true}))
  const folder = join(root, 'wages')
  cpSync(EXAMPLE, folder, {recursive: true})
  const run = (...args: string[]) => spawnSync(process.execPath, [PROGRAM, 'run', ...args], {cwd: folder, encoding: 'utf8'})
  const measure = (...args: string[]) => run('.github/workflows/measure.yml', '--work-dir', join(root, 'measured'), ...args)
  const report = () => run('.github/workflows/report.yml', '--finished', join(root, 'measured'))
  return {folder, measure, report, page: () => readFileSync(join(folder, 'trainyard-out/report.html'), 'utf8')}
}

describe('the two workflows for pull requests from forks', () => {
  test('measure what a fork brought and report it as unverified', () => {
    const {measure, report, page} = openExample()
    expect(measure('--event-file', 'event.json')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('measure (pull_request): green')
    })
    const {status, stdout} = report()
    expect([status, stdout]).toEqual([0, expect.stringContaining('No comment: there is no github-token.')])
    expect(page()).toContain('<title>wages: unverified: produced by fork code, which says that it is ready</title>')
  })

  test('report a red measurement too', () => {
    const {folder, measure, report} = openExample()
    const exam = readFileSync(join(folder, 'data/exam.csv'), 'utf8')
    writeFileSync(join(folder, 'data/exam.csv'), exam.split('\n').slice(0, 101).join('\n'))
    expect(measure('--event-file', 'event.json').status).toBe(1)
    expect(report().stdout).toContain('❌ wages: unverified: produced by fork code, which says that it is not ready: validate-data is red')
  })

  test('call a pull request of a branch of this repository ready', () => {
    const {measure, report, page} = openExample()
    expect(measure('--event', 'pull_request').status).toBe(0)
    expect(report().status).toBe(0)
    expect(page()).toContain('<title>wages: ready</title>')
  })

  test('give the measuring job a token that may only read, and check nothing of the pull request out beside one that may write', () => {
    const read = (name: string): unknown => parse(readFileSync(join(EXAMPLE, '.github/workflows', name), 'utf8'))
    expect(read('measure.yml')).toMatchObject({on: {pull_request: null}, permissions: {contents: 'read'}})
    expect(read('report.yml')).toMatchObject({
      on: {workflow_run: {workflows: [(read('measure.yml') as {name: string}).name], types: ['completed']}},
      permissions: {},
      jobs: {report: {permissions: {contents: 'read', actions: 'read', 'pull-requests': 'write'}}}
    })
    expect(readFileSync(join(EXAMPLE, '.github/workflows/report.yml'), 'utf8')).not.toMatch(/\bref:|head_sha|pull_request_target/)
    expect(readFileSync(join(EXAMPLE, '.github/workflows/measure.yml'), 'utf8')).not.toMatch(/secrets\.|actions\/cache|\brun:/)
  })
})

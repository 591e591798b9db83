import {execFile} from 'node:child_process'
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished} from 'vitest'
import type {Evidence} from '#shared/evidence/evidence'
import {writeEvidence} from '#shared/evidence/files'
import {parseEvidence} from '#shared/evidence/schema'
import {compile} from '../../support/compile.js'
import {RUN} from '../../support/evidence.js'
import {type FakeGitHub, fakeGitHub} from '../../support/github/fake.js'

let program: string

/** Compiles the step; to be called in beforeAll, whose clean-up it gives. */
export async function prepareStep(): Promise<() => Promise<void>> {
  const compiled = await compile('test/actions/report/step.ts')
  program = compiled.program
  return compiled.remove
}

/** The last job of a run on pull request 7: evidence lies in the folders of the jobs that wrote it. */
export async function job(evidence: readonly Evidence[]) {
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

export interface Ending {
  readonly code: number
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly evidence: Evidence
}

/** Runs the step in a process of its own. */
export async function report(root: string, inputs: Record<string, string> = {}, env: Record<string, string> = {}): Promise<Ending> {
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

/** A fake GitHub beside the step, whose every request and answer must fit the description. */
export async function withGitHub(work: (github: FakeGitHub, env: Record<string, string>) => Promise<void>): Promise<void> {
  const github = await fakeGitHub()
  onTestFinished(() => github.close())
  await work(github, {GITHUB_API_URL: github.url, 'INPUT_GITHUB-TOKEN': 'token-of-the-job', no_proxy: '127.0.0.1'})
  expect(github.misfits).toEqual([])
}

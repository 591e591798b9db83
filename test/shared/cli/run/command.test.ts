import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {type RunIo, runCommand} from '#shared/cli/run/command'
import {oneJob, repositoryFolder} from '../../../support/workflow.js'

async function trainyardRun(workflow: string, args: readonly string[], more: Partial<RunIo> & {files?: Record<string, string>} = {}) {
  const cwd = repositoryFolder({'w.yml': workflow, ...more.files})
  let stdout = ''
  let stderr = ''
  const io: RunIo = {
    stdout: {write: text => (stdout += text)},
    stderr: {write: text => (stderr += text)},
    cwd,
    env: process.env,
    packageRoot: cwd,
    ...more
  }
  return {code: await runCommand(args, io), stdout, stderr, cwd}
}

const untimed = (text: string) => text.replace(/ +\d+\.\d s/g, ' TIME s')

test('a green run as a person reads it', async () => {
  const workflow = `name: training\n${oneJob('- name: say\n  run: |\n    echo hello\n    echo "## Done" >> "$GITHUB_STEP_SUMMARY"\n- {name: never, if: failure(), run: x}')}`
  const {code, stdout, stderr} = await trainyardRun(workflow, ['w.yml'])
  expect([code, stderr]).toEqual([0, ''])
  expect(untimed(stdout)).toBe(`  line 5: job a: runs-on ubuntu-latest: runs here

a
  ▸ say
      hello
    │ ## Done
  ✓ say TIME s
  – never: skipped

✓ a    success TIME s

training (push): green
`)
})

test('of a summary only what stands before its first table is shown, and of a pinned action its short name', async () => {
  const steps = [
    '- uses: actions/setup-node@df4cb1c069e1874edd31b4311f1884172cec0e10',
    '- name: judge',
    '  run: |',
    ...['### fine', '| a |', '|---|', '| 1 |'].map(line => `    echo "${line}" >> "$GITHUB_STEP_SUMMARY"`)
  ]
  const {stdout} = await trainyardRun(oneJob(steps.join('\n')), ['w.yml'])
  expect(stdout).toContain('    │ ### fine\n    │ … 3 more lines in the summary\n  ✓ judge')
  expect(stdout).toContain('✓ actions/setup-node@df4cb1c  ')
})

test('a red run names the job, the step and the reason', async () => {
  const {code, stdout} = await trainyardRun(
    oneJob('- name: judge\n  run: |\n    echo "::error file=a.csv,line=2::roc_auc is below"\n    exit 1'),
    ['w.yml']
  )
  expect(code).toBe(1)
  expect(stdout).toContain('    error a.csv:2: roc_auc is below\n')
  expect(untimed(stdout)).toContain('✗ a    failure TIME s  judge: roc_auc is below\n\nw.yml (push): red\nfiles of the run: ')
})

test('a run whose jobs were all skipped is no green one', async () => {
  const job = (id: string, more: string) => `  ${id}:\n    runs-on: x\n    ${more}\n    steps: [{run: 'echo ran'}]\n`
  const {code, stdout} = await trainyardRun(
    `name: training\non: push\njobs:\n${job('a', "if: github.ref == 'refs/heads/other'")}${job('b', 'needs: a')}`,
    ['w.yml']
  )
  expect(code).toBe(1)
  expect(stdout).toContain('– a    skipped\n– b    skipped\n\ntraining (push): no job ran: every one was skipped\n')
})

const REPORT = oneJob(`- run: |
    echo "<h1>page</h1>" > page.html
    echo "page=$PWD/page.html" >> "$GITHUB_OUTPUT"
    echo "markdown=$PWD/page.md" >> "$GITHUB_OUTPUT"`)

test('of a green run the page of the report stays, and the run says where', async () => {
  const {code, stdout, cwd} = await trainyardRun(REPORT, ['w.yml'])
  const page = join(cwd, 'trainyard-out/report.html')
  expect(code).toBe(0)
  expect(stdout).toContain(`w.yml (push): green\nreport: ${page}\n`)
  expect(readFileSync(page, 'utf8')).toBe('<h1>page</h1>\n')
})

const RED = REPORT.replace('echo "<h1>page', 'trap "exit 1" EXIT; echo "<h1>red')

test('of a red run the page takes the place of the one before, and the run says how to remove its folder', async () => {
  const {code, stdout, cwd} = await trainyardRun(RED, ['w.yml'], {files: {'trainyard-out/report.html': 'a green page'}})
  const [, page, folder, removed] = /red\nreport: (.+)\nfiles of the run: (.+)\nto remove them: rm -r (.+)\n$/.exec(stdout) ?? []
  expect([code, page, removed]).toEqual([1, join(cwd, 'trainyard-out/report.html'), folder])
  expect(readFileSync(page, 'utf8')).toBe('<h1>red</h1>\n')
  expect(readFileSync(join(folder, 'jobs/a/workspace/page.html'), 'utf8')).toBe('<h1>red</h1>\n')
})

test('with a folder of its own, too, the page lies where that of every run does', async () => {
  const {stdout, cwd} = await trainyardRun(REPORT, ['w.yml', '--work-dir', 'kept'])
  expect(stdout).toContain(`report: ${join(cwd, 'trainyard-out/report.html')}\nfiles of the run: ${join(cwd, 'kept')}\n`)
  expect(readFileSync(join(cwd, 'trainyard-out/report.html'), 'utf8')).toBe('<h1>page</h1>\n')
})

test('a red page that cannot be kept is named where the run left it', async () => {
  const {stdout} = await trainyardRun(RED, ['w.yml'], {files: {'trainyard-out': 'a file'}})
  const [, page, folder] = /report: (.+)\nfiles of the run: (.+)\n/.exec(stdout) ?? []
  expect(page).toBe(join(folder, 'jobs/a/workspace/page.html'))
})

test('a red run without a page says that the page that lies there is none of its own', async () => {
  const files = {'trainyard-out/report.html': 'a green page'}
  const {stdout, cwd} = await trainyardRun(oneJob('- run: exit 3'), ['w.yml'], {files})
  expect(stdout).toContain(`red\nreport: none of this run; ${join(cwd, 'trainyard-out/report.html')} is of an earlier one\n`)
  expect(readFileSync(join(cwd, 'trainyard-out/report.html'), 'utf8')).toBe('a green page')
  expect((await trainyardRun(oneJob('- run: exit 3'), ['w.yml'])).stdout).not.toContain('report:')
})

test('a page that cannot be kept is said, and the run stays green', async () => {
  const {code, stdout} = await trainyardRun(REPORT, ['w.yml'], {files: {'trainyard-out': 'a file'}})
  expect(code).toBe(0)
  expect(stdout).toContain('  report page: not kept: ')
  expect(stdout).not.toContain('report: ')
})

test('a variable that only the shell has is hinted at, once more when the run is not green', async () => {
  const env = {...process.env, SHELL_ONLY: 'x', GIVEN: 'x', COMMENTED: 'x'}
  const workflow = (status: number) =>
    oneJob(`- run: exit ${status} # vars.COMMENTED\n  env: {A: "\${{ vars.SHELL_ONLY }}\${{ vars.given }}\${{ vars.NOWHERE }}"}`)
  const hint = 'vars.SHELL_ONLY is empty here: give --var SHELL_ONLY=… (the SHELL_ONLY of this shell is not taken over)'
  const red = await trainyardRun(workflow(3), ['w.yml', '--var', 'GIVEN=y'], {env})
  expect(red.stdout).toContain(`w.yml (push): red\n${hint}\n`)
  const green = await trainyardRun(workflow(0), ['w.yml', '--var', 'GIVEN=y'], {env})
  expect(green.stdout.match(/vars\..+/g)).toEqual([hint])
  expect((await trainyardRun(workflow(3), ['w.yml', '--var', 'SHELL_ONLY=y', '--var', 'GIVEN=y'], {env})).stdout).not.toContain(
    'is empty here'
  )
})

test('variables, secrets, event file and work folder', async () => {
  const workflow = oneJob(
    '- run: echo "${{ vars.A }} ${{ secrets.B }} ${{ secrets.C }} ${{ github.token }} ${{ github.event.x }}" > out.txt; cat out.txt'
  )
  const {code, stdout, cwd} = await trainyardRun(
    workflow,
    [
      'w.yml',
      '--var',
      'A=1=2',
      '--secret',
      'B=bee',
      '--secret',
      'C',
      '--secret',
      'GITHUB_TOKEN=tok',
      '--event-file',
      'e.json',
      '--work-dir',
      'work'
    ],
    {files: {'e.json': '{"x": 5}'}, env: {...process.env, C: 'sea'}}
  )
  expect(code).toBe(0)
  expect(stdout).toContain('      1=2 *** *** *** 5\n')
  expect(stdout).toContain(`files of the run: ${join(cwd, 'work')}\n`)
  expect(readFileSync(join(cwd, 'work/jobs/a/workspace/out.txt'), 'utf8')).toBe('1=2 bee sea tok 5\n')
})

test.each<[string, string[], string]>([
  ['no file', [], 'expected one workflow file, got none'],
  ['two files', ['a', 'b'], 'expected one workflow file, got a, b'],
  ['absent file', ['absent.yml'], 'absent.yml: no such file'],
  ['unknown flag', ['w.yml', '--evnt', 'push'], 'unknown option --evnt\n  did you mean --event?'],
  ['unknown flag that is near none', ['w.yml', '--frobnicate'], 'unknown option --frobnicate\n  trainyard run --help lists the options'],
  ['flag without value', ['w.yml', '--event'], '--event: expected a value, got the end of the line'],
  ['flag for a value', ['w.yml', '--event', '--skip-unknown'], '--event: expected a value, got --skip-unknown'],
  ['value for a flag', ['w.yml', '--skip-unknown=yes'], '--skip-unknown: takes no value, got yes'],
  ['unknown event', ['w.yml', '--event', 'release'], 'w.yml: is not started by release'],
  ['var without value', ['w.yml', '--var', 'A'], '--var: expected NAME=value, got A'],
  [
    'secret that is not in the environment',
    ['w.yml', '--secret', 'NO_SUCH_NAME'],
    '--secret NO_SUCH_NAME: NO_SUCH_NAME is not set in the environment'
  ],
  ['event file that is no JSON', ['w.yml', '--event-file', 'w.yml'], 'is not JSON'],
  ['work folder that is not empty', ['w.yml', '--work-dir', '.'], 'is not empty']
])('%s: exit code 2', async (_, args, message) => {
  const {code, stdout, stderr} = await trainyardRun(oneJob('- run: echo ran'), args)
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  expect(stdout).not.toContain('ran')
})

test('--help', async () => {
  const {code, stdout} = await trainyardRun('', ['--help'])
  expect([code, stdout]).toEqual([0, expect.stringMatching(/--skip-unknown[\s\S]*Exit codes:\n {2}0 {2}green\n {2}1 {2}red/)])
})

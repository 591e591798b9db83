import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {oneJob, packageFolder, run} from '../../../support/workflow.js'

const stepsOf = (result: Awaited<ReturnType<typeof run>>) => result.jobs[0].steps

test('outputs, environment and path reach later steps', async () => {
  const result = await run(
    oneJob(`
- id: one
  run: |
    echo "plain=a=b" >> "$GITHUB_OUTPUT"
    printf 'block<<END\\nx\\ny\\nEND\\n' >> "$GITHUB_OUTPUT"
    echo "ADDED=from file" >> "$GITHUB_ENV"
    mkdir -p "$RUNNER_TEMP/bin"; printf '#!/bin/sh\\necho tool ran\\n' > "$RUNNER_TEMP/bin/my-tool"; chmod +x "$RUNNER_TEMP/bin/my-tool"
    echo "$RUNNER_TEMP/bin" >> "$GITHUB_PATH"
- run: |
    echo "\${{ steps.one.outputs.plain }} \${{ steps.one.outcome }} \${{ env.ADDED }} $ADDED"
    echo "$BLOCK"
    my-tool
  env: {BLOCK: '\${{ steps.one.outputs.block }}'}
`)
  )
  expect(result.result).toBe('green')
  expect(result.log).toEqual(['a=b success from file from file', 'x', 'y', 'tool ran'])
  expect(stepsOf(result)[0].outputs).toEqual({plain: 'a=b', block: 'x\ny'})
})

test('env of workflow, job and step, the inner one wins, and the runner cannot be overruled', async () => {
  const result = await run(
    `
on: push
env: {A: workflow, B: workflow, C: workflow, GITHUB_SHA: forged}
jobs:
  a:
    runs-on: ubuntu-latest
    env: {B: job, C: job, D: "\${{ vars.V }} seen"}
    steps:
      - run: echo "$A $B $C $D $GITHUB_SHA"
        env: {C: step}
`,
    {vars: {V: 'vee'}}
  )
  expect(result.log).toEqual([`workflow job step vee seen ${'0'.repeat(40)}`])
})

test('the variables of the runner, and nothing of the terminal', async () => {
  const result = await run(oneJob('- run: env -0 | sort -z | tr "\\0" "\\n"'), {
    env: {
      ...process.env,
      TRAINYARD_REGISTRY: '/somewhere',
      AWS_SECRET_ACCESS_KEY: 'terminal',
      GITHUB_TOKEN: 'terminal',
      INPUT_X: 'terminal'
    },
    runId: '77',
    workDir: join(process.env.TMPDIR ?? '/tmp', `variables-${process.pid}-${Date.now()}`)
  })
  const env = Object.fromEntries(result.log.map(line => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]))
  expect(env).toMatchObject({
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_SHA: '0'.repeat(40),
    GITHUB_JOB: 'a',
    GITHUB_RUN_ID: '77',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_REPOSITORY: expect.stringMatching(/^local\/workflow-/),
    GITHUB_WORKFLOW: '.github/workflows/w.yml',
    GITHUB_ACTOR: 'local',
    RUNNER_ENVIRONMENT: 'self-hosted',
    RUNNER_OS: 'Linux',
    RUNNER_TEMP: join(result.workDir ?? '', 'jobs/a/temp'),
    GITHUB_WORKSPACE: join(result.workDir ?? '', 'jobs/a/workspace'),
    HOME: join(result.workDir ?? '', 'jobs/a/home')
  })
  expect(Object.keys(env).filter(name => /TRAINYARD_REGISTRY|AWS|GITHUB_TOKEN|INPUT_|NODE_OPTIONS|VITEST/.test(name))).toEqual([])
  expect(JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8'))).toMatchObject({ref: 'refs/heads/main', after: '0'.repeat(40)})
})

test('a failed step skips what follows but not failure() and always()', async () => {
  const result = await run(
    oneJob(`
- {name: bad, run: exit 3}
- {name: next, run: echo next}
- {name: on failure, if: failure(), run: echo failure}
- {name: always, if: always(), run: 'echo "\${{ job.status }}"'}
- {name: not cancelled, if: '\${{ !cancelled() }}', run: echo not cancelled}
- {name: cancelled, if: cancelled(), run: echo cancelled}
`)
  )
  expect(result.result).toBe('red')
  expect(stepsOf(result).map(step => [step.name, step.outcome])).toEqual([
    ['bad', 'failure'],
    ['next', 'skipped'],
    ['on failure', 'success'],
    ['always', 'success'],
    ['not cancelled', 'success'],
    ['cancelled', 'skipped']
  ])
  expect(result.log).toEqual(['error: The step ended with exit code 3.', 'failure', 'failure', 'not cancelled'])
})

test('continue-on-error keeps the outcome and changes the conclusion', async () => {
  const result = await run(
    oneJob(`
- {id: x, continue-on-error: true, run: exit 1}
- run: echo "\${{ steps.x.outcome }} \${{ steps.x.conclusion }}"
`)
  )
  expect([result.result, result.log.at(-1)]).toEqual(['green', 'failure success'])
})

test('a step that runs too long fails alone', async () => {
  const result = await run(oneJob('- {timeout-minutes: 0.005, run: sleep 30}\n- {if: always(), run: echo after}'), {
    graceMs: {terminate: 100, kill: 300}
  })
  expect(stepsOf(result).map(step => step.outcome)).toEqual(['failure', 'success'])
  expect(result.log).toEqual(['error: The step was stopped after 0.3 s, its time limit.', 'after'])
})

test('a job that runs too long is cancelled, and always() still runs', async () => {
  const result = await run(oneJob('- run: sleep 30\n- run: echo next\n- {if: always(), run: echo after}', 'timeout-minutes: 0.005'), {
    graceMs: {terminate: 100, kill: 300}
  })
  expect(result.jobs[0].result).toBe('cancelled')
  expect(stepsOf(result).map(step => step.outcome)).toEqual(['cancelled', 'skipped', 'success'])
  expect(result.log[0]).toContain('maximum execution time')
})

test('secrets and masks are hidden in lines, annotations, names and summaries', async () => {
  const result = await run(
    oneJob(`
- name: with \${{ secrets.KEY }}
  run: |
    echo "key \${{ secrets.KEY }}"
    echo "::add-mask::learned"
    echo "learned later"
    echo "::error::the hunter2 leaked"
    echo "summary hunter2" >> "$GITHUB_STEP_SUMMARY"
`),
    {secrets: {KEY: 'hunter2'}}
  )
  expect(result.log).toEqual(['key ***', '*** later', 'error: the *** leaked'])
  expect(stepsOf(result)[0]).toMatchObject({name: 'with ***', summary: 'summary ***\n'})
  expect(JSON.stringify(result.progress)).not.toMatch(/hunter2|learned/)
})

test('annotations, groups and stopped commands', async () => {
  const result = await run(
    oneJob(`
- run: |
    echo "::warning file=data/a.csv,line=3,title=Rows::2 bad%0Arows"
    echo "::group::Inside"
    echo "::endgroup::"
    echo "::stop-commands::tok"
    echo "::error::inert"
    echo "::tok::"
    echo "::debug::hidden"
    echo "::set-output name=x::1"
    echo "::unknown::stays"
`)
  )
  expect(stepsOf(result)[0].annotations).toEqual([
    {level: 'warning', message: '2 bad\nrows', title: 'Rows', file: 'data/a.csv', line: 3},
    {level: 'error', message: '::set-output is refused: append to the file in $GITHUB_OUTPUT'}
  ])
  expect(result.log.filter(line => !/^(error|warning):/.test(line))).toEqual(['::error::inert', '::unknown::stays'])
  expect(result.progress.filter(one => one.kind === 'group')).toEqual([{kind: 'group', job: 'a', text: 'Inside'}])
})

test('a summary over a mebibyte is dropped and said', async () => {
  const result = await run(oneJob('- run: head -c 1048577 /dev/zero | tr "\\0" x >> "$GITHUB_STEP_SUMMARY"'))
  expect(stepsOf(result)[0].summary).toBe('')
  expect(result.log[0]).toContain('upload aborted, supports content up to a size of 1024k')
})

test.each([
  ['GITHUB_OUTPUT', 'echo nonsense >> "$GITHUB_OUTPUT"', 'GITHUB_OUTPUT line 1: expected name=value'],
  ['GITHUB_ENV', 'echo NODE_OPTIONS=--inspect >> "$GITHUB_ENV"', 'GITHUB_ENV: NODE_OPTIONS may not be set']
])('a wrong line in %s fails the step', async (_, script, message) => {
  const result = await run(oneJob(`- run: ${script}`))
  expect([result.result, result.log[0]]).toEqual(['red', expect.stringContaining(message)])
})

test('bash with a shell named is strict about pipes', async () => {
  const result = await run(oneJob('- {shell: bash, run: "false | true"}'))
  expect(result.result).toBe('red')
  expect((await run(oneJob('- {run: "false | true"}'))).result).toBe('green')
})

test('defaults.run and working-directory', async () => {
  const result = await run(
    oneJob(
      '- run: mkdir -p sub other\n  working-directory: .\n- run: basename "$PWD"\n- {working-directory: other, run: basename "$PWD"}',
      'defaults: {run: {shell: bash, working-directory: sub}}'
    )
  )
  expect(result.log).toEqual(['sub', 'other'])
})

test('processes that outlive the job are ended and named', async () => {
  const result = await run(oneJob('- run: sleep 64 > /dev/null 2>&1 &\n- run: pgrep -f "sleep 64" > /dev/null && echo still there'))
  expect(result.log).toEqual(['still there', expect.stringMatching(/^Terminate orphan process: pid \(\d+\) \(sleep 64\)$/)])
})

test('an action of this checkout gets its inputs, defaults and variables', async () => {
  const packageRoot = packageFolder({
    evaluate: {
      inputs: '{data: {description: d}, "two words": {default: x}, github-token: {default: "${{ github.token }}"}}',
      script: `
const {appendFileSync} = require('node:fs')
appendFileSync(process.env.GITHUB_OUTPUT, 'verdict=pass\\n')
console.log(JSON.stringify(Object.entries(process.env).filter(([name]) => name.startsWith('INPUT_')).sort()), process.cwd() === process.env.GITHUB_WORKSPACE)
`
    }
  })
  const result = await run(
    oneJob(`
- {id: e, uses: OWNER/trainyard/actions/evaluate@v1, with: {data: a.csv, Unknown: 1}}
- {uses: ./actions/evaluate, with: {data: b.csv}}
- run: echo "\${{ steps.e.outputs.verdict }}"
`),
    {packageRoot, secrets: {GITHUB_TOKEN: 'tok-123'}}
  )
  expect(result.log).toEqual([
    "warning: Unexpected input(s) 'Unknown', valid inputs are ['data', 'two words', 'github-token']",
    '[["INPUT_DATA","a.csv"],["INPUT_GITHUB-TOKEN","***"],["INPUT_TWO_WORDS","x"],["INPUT_UNKNOWN","1"]] true',
    '[["INPUT_DATA","b.csv"],["INPUT_GITHUB-TOKEN","***"],["INPUT_TWO_WORDS","x"]] true',
    'pass'
  ])
})

test('an action that is not built says how to build it', async () => {
  const packageRoot = packageFolder({evaluate: {script: ''}})
  const {rmSync} = await import('node:fs')
  rmSync(join(packageRoot, 'dist'), {recursive: true})
  const result = await run(oneJob('- uses: ./actions/evaluate'), {packageRoot})
  expect(result.log[0]).toContain('evaluate.js: no such file (build the actions first: npm run build)')
})

test('a green run leaves nothing behind, a red one its folder', async () => {
  const green = await run(oneJob('- run: echo "$GITHUB_WORKSPACE"'))
  expect([green.workDir, existsSync(green.log[0])]).toEqual([undefined, false])
  const red = await run(oneJob('- run: touch left; exit 1'))
  expect(existsSync(join(red.workDir ?? '', 'jobs/a/workspace/left'))).toBe(true)
})

test('an expression that cannot be evaluated fails the step with its line', async () => {
  const result = await run(oneJob('- run: echo "${{ fromJSON(vars.BROKEN) }}"'), {vars: {BROKEN: '{'}})
  expect(result.result).toBe('red')
  expect(result.log[0]).toMatch(/^error: line 6: .*fromJSON\(vars\.BROKEN\)/)
})

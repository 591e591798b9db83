import {execFileSync} from 'node:child_process'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {runWorkflow} from '#shared/cli/run/run'
import {has} from '../../../support/programs.js'
import {oneJob, repositoryFolder, run} from '../../../support/workflow.js'

const LIST = oneJob('- uses: actions/checkout@v6\n- {shell: bash, run: "find . -type f | sort"}')

test('without git all but node_modules and trainyard-out', async () => {
  const result = await run(LIST, {
    files: {'a.txt': '', 'deep/b.txt': '', 'node_modules/x/y.js': '', 'deep/node_modules/z': '', 'trainyard-out/e.json': '', '.hidden': ''}
  })
  expect(result.log.slice(1)).toEqual(['./.github/workflows/w.yml', './.hidden', './a.txt', './deep/b.txt'])
  expect(result.log[0]).toContain('no git')
})

test.skipIf(!has('git'))('with git what is tracked or not ignored, the real sha, branch and name', async () => {
  const root = repositoryFolder({
    '.github/workflows/w.yml': `${LIST}      - run: echo "$GITHUB_SHA $GITHUB_REF $GITHUB_REPOSITORY $GITHUB_ACTOR"\n`,
    '.gitignore': 'ignored*\n',
    'tracked.txt': '',
    'ignored.txt': '',
    'ignored-but-tracked.txt': '',
    'removed.txt': ''
  })
  const git = (...argv: string[]) => execFileSync('git', argv, {cwd: root, encoding: 'utf8'}).trim()
  git('init', '-q', '-b', 'topic/x')
  git('config', 'user.name', 'Ada')
  git('config', 'user.email', 'ada@example.com')
  git('remote', 'add', 'origin', 'git@github.com:octo/wages.git')
  git('add', '-f', '.github', '.gitignore', 'tracked.txt', 'ignored-but-tracked.txt', 'removed.txt')
  git('commit', '-qm', 'first')
  execFileSync('rm', [join(root, 'removed.txt')])
  mkdirSync(join(root, 'new'))
  writeFileSync(join(root, 'new/untracked.txt'), '')
  const lines: string[] = []
  const result = await runWorkflow({
    file: '.github/workflows/w.yml',
    cwd: root,
    packageRoot: root,
    env: process.env,
    onProgress: one => one.kind === 'line' && lines.push(one.text)
  })
  expect(result.result).toBe('green')
  expect(lines.slice(1)).toEqual([
    './.github/workflows/w.yml',
    './.gitignore',
    './ignored-but-tracked.txt',
    './new/untracked.txt',
    './tracked.txt',
    `${git('rev-parse', 'HEAD')} refs/heads/topic/x octo/wages Ada`
  ])
})

test('another repository is refused, a path is obeyed', async () => {
  const result = await run(
    oneJob('- {uses: actions/checkout@v6, with: {path: sub}}\n- run: ls\n- {uses: actions/checkout@v6, with: {repository: other/repo}}'),
    {files: {'a.txt': ''}}
  )
  expect(result.log.slice(1)).toEqual(['sub', expect.stringContaining('error: checkout: repository other/repo is not on this machine')])
})

test('setup-node says which node runs', async () => {
  const result = await run(oneJob('- {uses: actions/setup-node@v5, with: {node-version: 24}}\n- run: node --version'))
  expect(result.log).toEqual([`node ${process.version} of this machine (asked for 24)`, process.version])
})

test.skipIf(!has('git'))('a folder with .github/workflows inside a repository is its own repository', async () => {
  const outer = repositoryFolder({
    'outer.txt': '',
    'examples/wages/.github/workflows/w.yml': `${LIST}      - run: echo "$GITHUB_REPOSITORY"\n`,
    'examples/wages/a.txt': ''
  })
  execFileSync('git', ['init', '-q'], {cwd: outer})
  const lines: string[] = []
  await runWorkflow({
    file: join(outer, 'examples/wages/.github/workflows/w.yml'),
    cwd: outer,
    packageRoot: outer,
    env: process.env,
    onProgress: one => one.kind === 'line' && lines.push(one.text)
  })
  expect(lines.slice(1)).toEqual(['./.github/workflows/w.yml', './a.txt', 'local/wages'])
})

test.each(has('git') ? ['git', 'no git'] : ['no git'])('a work folder inside the repository is not copied into itself (%s)', async kind => {
  const root = repositoryFolder({'.github/workflows/w.yml': LIST, 'a.txt': ''})
  if (kind === 'git') execFileSync('git', ['init', '-q'], {cwd: root})
  const lines: string[] = []
  await runWorkflow({
    file: '.github/workflows/w.yml',
    cwd: root,
    packageRoot: root,
    env: process.env,
    workDir: join(root, 'work'),
    onProgress: one => one.kind === 'line' && lines.push(one.text)
  })
  expect(lines.slice(1)).toEqual(['./.github/workflows/w.yml', './a.txt'])
})

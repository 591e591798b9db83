import {execFileSync, spawnSync} from 'node:child_process'
import {cpSync, existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, resolve} from 'node:path'
import {describe, expect, onTestFinished, test} from 'vitest'
import {leftOut, program} from './found.js'

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {encoding: 'utf8'})
  .split('\n')
  .filter(file => file !== '' && existsSync(file))
const workflows = files.filter(file => /(?:^|\/)\.github\/workflows\/[^/]+\.ya?ml$/.test(file))
/** Folders with workflows of their own: this repository and each example. */
const repositories = [...new Set(workflows.map(file => dirname(dirname(dirname(file)))))]
const actions = files.filter(file => /(?:^|\/)action\.yml$/.test(file))
const dockerfiles = files.filter(file => /(?:^|\/)Dockerfile$/.test(file))
const scripts = files.filter(file => /^#!.*\b(?:ba)?sh\b/.test(readFileSync(file, 'latin1').slice(0, 80)))

const [actionlint, shellcheck] = [program('actionlint'), program('shellcheck')]
const [zizmor, schema, hadolint] = [program('zizmor'), program('check-jsonschema'), program('hadolint')]

/** Everything that a linter has to say, and its exit code. */
function lint(path: string | undefined, argv: readonly string[], cwd = '.') {
  const {status, stdout, stderr} = spawnSync(path ?? '', argv, {cwd, encoding: 'utf8', timeout: 60_000})
  return {status, said: stdout + (status === 0 ? '' : stderr)}
}

/** A copy that is a repository by itself, as its users have it. */
function copyOf(repository: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'linted-'))
  onTestFinished(() => rmSync(folder, {recursive: true, force: true}))
  for (const path of ['.github', 'actions', 'action.yml'].filter(path => existsSync(join(repository, path)))) {
    cpSync(join(repository, path), join(folder, path), {recursive: true})
  }
  execFileSync('git', ['init', '--quiet'], {cwd: folder})
  return folder
}

test('there are workflows, actions, scripts and Dockerfiles to look at', () => {
  expect(repositories).toContain('workflows-examples/wages')
  expect(actions.length).toBeGreaterThanOrEqual(8)
  expect(scripts).toContain('.ci/run')
  expect(dockerfiles).toContain('runner-images/model-server/Dockerfile')
})

describe.skipIf(actionlint === undefined || shellcheck === undefined)(`actionlint${leftOut({actionlint, shellcheck})}`, () => {
  test.each(repositories)('says nothing of %s', repository => {
    expect(lint(actionlint, ['-oneline', '-shellcheck', shellcheck ?? ''], copyOf(repository))).toEqual({status: 0, said: ''})
  })

  test('finds what is wrong', () => {
    const folder = copyOf('workflows-examples/wages')
    cpSync(resolve('test/fixtures/lint/wrong.yml'), join(folder, '.github/workflows/wrong.yml'))
    expect(lint(actionlint, ['-oneline', '-shellcheck', shellcheck ?? ''], folder)).toMatchObject({
      status: 1,
      said: expect.stringMatching(/untrusted/)
    })
  })
})

describe.skipIf(zizmor === undefined)(`zizmor${leftOut({zizmor})}`, () => {
  const argv = ['--offline', '--no-progress', '--persona', 'pedantic', '--format', 'plain', '.']

  test.each(repositories)('finds nothing in %s', repository => {
    const {status, said} = lint(zizmor, argv, copyOf(repository))
    expect(said).toMatch(/No findings to report/)
    expect(status).toBe(0)
  })

  test('finds what is wrong', () => {
    const folder = copyOf('workflows-examples/wages')
    cpSync(resolve('test/fixtures/lint/wrong.yml'), join(folder, '.github/workflows/wrong.yml'))
    expect(lint(zizmor, argv, folder)).toMatchObject({said: expect.stringMatching(/template-injection/)})
  })
})

describe.skipIf(schema === undefined)(`check-jsonschema${leftOut({'check-jsonschema': schema})}`, () => {
  test('takes every action.yml', () => {
    expect(lint(schema, ['--builtin-schema', 'vendor.github-actions', ...actions])).toMatchObject({status: 0})
  })

  test('takes every workflow', () => {
    expect(lint(schema, ['--builtin-schema', 'vendor.github-workflows', ...workflows])).toMatchObject({status: 0})
  })

  test('holds trainyard.yml of every example to the schema that editors use', () => {
    const configs = files.filter(file => /^workflows-examples\/[^/]+\/trainyard\.yml$/.test(file))
    expect(configs.length).toBeGreaterThan(0)
    expect(lint(schema, ['--schemafile', 'dist/trainyard.schema.json', ...configs])).toMatchObject({status: 0})
  })
})

describe.skipIf(shellcheck === undefined)(`shellcheck${leftOut({shellcheck})}`, () => {
  test.each(scripts)('says nothing of %s', script => {
    expect(lint(shellcheck, ['--enable', 'require-variable-braces,quote-safe-variables', '--exclude', 'SC2250', script])).toEqual({
      status: 0,
      said: ''
    })
  })
})

describe.skipIf(hadolint === undefined)(`hadolint${leftOut({hadolint})}`, () => {
  test.each(dockerfiles)('says nothing of %s', file => {
    expect(lint(hadolint, [file])).toEqual({status: 0, said: ''})
  })
})

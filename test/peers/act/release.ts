import {execFileSync} from 'node:child_process'
import {cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, resolve} from 'node:path'

/** This checkout, released as 1.0.0 by its own scripts from `octo/trainyard`, and the tag as a runner downloads it. */
export interface Released {
  readonly folder: string
  /** a clone of the tag `v1`, with nothing else in it */
  readonly tag: string
  /** bytes of the archive */
  readonly size: number
  remove(): void
}

export function release(): Released {
  const folder = mkdtempSync(join(tmpdir(), 'released-'))
  const [root, origin, tag] = ['trainyard', 'origin.git', 'tag'].map(name => join(folder, name))
  const output = join(folder, 'output')
  const env = {PATH: process.env.PATH, HOME: folder, TMPDIR: folder, GITHUB_OUTPUT: output, GITHUB_REPOSITORY: 'octo/trainyard'}
  const run = (program: string, ...argv: string[]) =>
    execFileSync(program, argv, {cwd: existsSync(root) ? root : folder, env, stdio: 'pipe'})
  run('git', 'init', '--quiet', '--bare', '--initial-branch=main', origin)
  run('git', 'clone', '--quiet', origin, root)
  copyCheckout(root)
  const date = new Date(0).toISOString().slice(0, 10)
  edit(join(root, 'package.json'), text => text.replace(/"version": ".*"/, '"version": "1.0.0"'))
  edit(join(root, 'CHANGELOG.md'), text => text.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [1.0.0] - ${date}\n`))
  run('git', 'add', '--all')
  run(process.execPath, '.ci/owner.mjs', 'octo')
  run('git', '-c', 'user.name=ada', '-c', 'user.email=ada@example.invalid', 'commit', '--quiet', '--all', '--message', 'Prepare 1.0.0')
  run('git', 'push', '--quiet', 'origin', 'HEAD:main')
  const archive = join(folder, 'trainyard-v1.0.0.tar.gz')
  const step = (name: string, ...argv: string[]) => run(process.execPath, '.ci/release.mjs', name, '1.0.0', ...argv)
  step('check')
  step('commit', '--dist', resolve('dist'), '--archive', archive)
  const [, commit = ''] = /commit=(\S+)/.exec(readFileSync(output, 'utf8')) ?? []
  step('tag', '--commit', commit)
  step('move', '--commit', commit)
  run('git', 'clone', '--quiet', '--depth', '1', '--branch', 'v1', `file://${origin}`, tag)
  return {folder, tag, size: readFileSync(archive).length, remove: () => rmSync(folder, {recursive: true, force: true})}
}

/** What git tracks here, as it stands. */
function copyCheckout(root: string): void {
  const tracked = execFileSync('git', ['ls-files', '-z'], {encoding: 'utf8', maxBuffer: 2 ** 26}).split('\0')
  for (const path of tracked.filter(path => path !== '' && existsSync(path))) {
    mkdirSync(dirname(join(root, path)), {recursive: true})
    cpSync(path, join(root, path))
  }
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}

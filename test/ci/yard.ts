import {execFileSync, spawnSync} from 'node:child_process'
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {onTestFinished} from 'vitest'

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly outputs: Readonly<Record<string, string>>
}

/** A small repository with the release's own scripts, and a bare one that it is cloned from. */
export interface Yard {
  readonly root: string
  /** the bare repository */
  readonly origin: string
  git(...argv: string[]): string
  /** refs of the bare repository */
  refs(): Readonly<Record<string, string>>
  write(path: string, text: string): void
  /** writes, commits and pushes to main */
  merge(files: Readonly<Record<string, string>>): void
  release(...argv: string[]): Ended
  /** check, commit, tag and move, as the workflow runs them; the first that fails ends it */
  releaseAll(version: string): Ended
}

const FILES = {
  'package.json': '{"name": "trainyard", "version": "1.0.0"}\n',
  'CHANGELOG.md':
    '# Changelog\n\n## [Unreleased]\n\n## [1.0.0] - 2026-11-21\n\n### Added\n\n- Everything.\n\n## [0.9.0] - 2026-11-01\n\n- Less.\n',
  'README.md': '```yaml\n- uses: OWNER/trainyard/actions/validate-data@v1\n```\n',
  LICENSE: 'Apache License\n',
  'SECURITY.md': '# Security\n',
  '.gitignore': 'dist/\n',
  '.github/workflows/ci.yml': 'on: push\n',
  'actions/validate-data/action.yml': 'runs: {using: node24, main: ../../dist/validate-data.js}\n',
  'actions/validate-data/src/main.ts': 'export {}\n',
  'shared/errors.ts': 'export {}\n',
  'test/a.test.ts': 'export {}\n'
}
/** What stands for the owner until there is one. */
export const NOBODY = ['OW', 'NER'].join('')
const DIST = ['index.js', 'trainyard.js', 'validate-data.js', 'licenses.txt']

export function openYard(): Yard {
  const folder = mkdtempSync(join(tmpdir(), 'release-yard-'))
  onTestFinished(() => rmSync(folder, {recursive: true, force: true}))
  const [root, origin] = [join(folder, 'trainyard'), join(folder, 'origin.git')]
  const run = (cwd: string, argv: readonly string[]) =>
    execFileSync('git', ['-c', 'commit.gpgsign=false', ...argv], {cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim()
  const git = (...argv: string[]) => run(root, argv)
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), {recursive: true})
    writeFileSync(join(root, path), text)
  }
  run(folder, ['init', '--quiet', '--bare', '--initial-branch=main', origin])
  run(folder, ['clone', '--quiet', origin, root])
  git('config', 'user.name', 'ada')
  git('config', 'user.email', 'ada@example.invalid')
  for (const [path, text] of Object.entries(FILES)) write(path, text)
  for (const path of ['owner.mjs', 'release.mjs', 'release']) cpSync(join('.ci', path), join(root, '.ci', path), {recursive: true})
  for (const name of DIST) write(join('dist', name), `${name} 1\n`)
  git('add', '--all')
  execFileSync(process.execPath, ['.ci/owner.mjs', 'octo'], {cwd: root})
  const yard: Yard = {
    root,
    origin,
    git,
    write,
    refs: () =>
      Object.fromEntries(
        run(origin, ['for-each-ref', '--format=%(refname) %(objectname)'])
          .split('\n')
          .map(line => line.split(' '))
      ),
    merge: files => {
      for (const [path, text] of Object.entries(files)) write(path, text)
      git('add', '--all')
      git('commit', '--quiet', '--message', 'Change')
      git('push', '--quiet', 'origin', 'HEAD:main')
    },
    release: (...argv) => release(root, folder, argv),
    releaseAll: version => {
      let ended = yard.release('check', version)
      if (ended.code === 0) ended = yard.release('commit', version, '--archive', join(folder, `trainyard-v${version}.tar.gz`))
      const {commit} = ended.outputs
      for (const step of ['tag', 'move'])
        if (ended.code === 0) ended = {...yard.release(step, version, '--commit', commit), outputs: {commit}}
      return ended
    }
  }
  yard.merge({})
  return yard
}

function release(root: string, folder: string, argv: readonly string[]): Ended {
  const output = join(folder, 'output')
  writeFileSync(output, '')
  const {status, stdout, stderr} = spawnSync(process.execPath, ['.ci/release.mjs', ...argv], {
    cwd: root,
    encoding: 'utf8',
    env: {PATH: process.env.PATH, HOME: folder, TMPDIR: folder, GITHUB_OUTPUT: output, GITHUB_REPOSITORY: 'octo/trainyard'}
  })
  const lines = readFileSync(output, 'utf8').split('\n').filter(Boolean)
  return {code: status, out: stdout + stderr, outputs: Object.fromEntries(lines.map(line => line.split('=')))}
}

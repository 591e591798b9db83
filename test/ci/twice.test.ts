import {execFileSync, spawnSync} from 'node:child_process'
import {cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {has} from '../support/programs.js'

/** A checkout whose build is this script; `TEMP` of the run is its own, so that what stays behind shows. */
function twice(build: string) {
  const folder = mkdtempSync(join(tmpdir(), 'twice-'))
  onTestFinished(() => rmSync(folder, {recursive: true, force: true}))
  const [root, temp] = ['checkout', 'temp'].map(name => join(folder, name))
  mkdirSync(join(root, '.ci'), {recursive: true})
  mkdirSync(join(root, 'node_modules/small'), {recursive: true})
  mkdirSync(temp)
  cpSync('.ci/twice.mjs', join(root, '.ci/twice.mjs'))
  writeFileSync(join(root, '.gitignore'), 'node_modules/\ndist/\n')
  writeFileSync(join(root, 'node_modules/small/index.js'), 'small')
  const preamble = "import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'\nmkdirSync('dist', {recursive: true})\n"
  writeFileSync(join(root, '.ci/build.mjs'), preamble + build)
  execFileSync('git', ['init', '--quiet'], {cwd: root})
  execFileSync('git', ['add', '--all'], {cwd: root})
  const {status, stdout, stderr} = spawnSync(process.execPath, ['.ci/twice.mjs'], {
    cwd: root,
    encoding: 'utf8',
    env: {PATH: process.env.PATH, RUNNER_TEMP: temp}
  })
  return {status, stdout, stderr, left: readdirSync(temp)}
}

test.skipIf(!has('git'))('the same bytes in two folders are shown with their digests', () => {
  const {status, stdout, left} = twice("writeFileSync('dist/a.js', readFileSync('node_modules/small/index.js'))")
  expect([status, stdout, left]).toEqual([0, expect.stringMatching(/^[0-9a-f]{64} {2}dist\/a\.js\n$/), []])
})

test.skipIf(!has('git'))('other bytes in another folder are named and end red', () => {
  const {status, stdout, stderr, left} = twice("writeFileSync('dist/a.js', process.cwd())\nwriteFileSync('dist/b.js', 'b')")
  expect([status, stdout, stderr, left]).toEqual([1, '', 'dist/a.js: other bytes when built in another folder\n', []])
})

test.skipIf(!has('git'))('a build that fails ends red', () => {
  expect(twice('process.exit(3)')).toMatchObject({status: 1, left: []})
})

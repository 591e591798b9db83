import {existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, relative} from 'node:path'
import {expect, test} from 'vitest'
import {downloadArtifacts, uploadArtifact} from '#shared/cli/run/artifacts'
import {oneJob, run} from '../../../support/workflow.js'

function tree(...paths: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'artifacts-'))
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), {recursive: true})
    writeFileSync(join(root, path), path)
  }
  return root
}

const list = (root: string): string[] =>
  readdirSync(root, {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .sort()

const upload = (cwd: string, path: string, more: Partial<Parameters<typeof uploadArtifact>[1]> = {}) =>
  uploadArtifact({folder: join(cwd, 'store')}, {name: 'art', path, includeHidden: false, overwrite: false, cwd, home: cwd, ...more})

test.each<[string, string[], string, string[]]>([
  ['a folder: its content', ['out/a.txt', 'out/sub/b.txt', 'c.txt'], 'out', ['a.txt', 'sub/b.txt']],
  ['one file: the file', ['out/a.txt', 'out/b.txt'], 'out/a.txt', ['a.txt']],
  [
    'a glob: from the last folder before the wildcard',
    ['out/x/a.json', 'out/y/b.json', 'out/y/c.txt'],
    'out/*/*.json',
    ['x/a.json', 'y/b.json']
  ],
  ['a glob that meets one file keeps its folders', ['out/x/a.json'], 'out/**/*.json', ['x/a.json']],
  ['several paths: from their common folder', ['out/a.txt', 'out/deep/b.txt', 'c.txt'], 'out/a.txt\nout/deep', ['a.txt', 'deep/b.txt']],
  ['paths far apart', ['x/a.txt', 'y/b.txt'], 'x/a.txt\ny', ['x/a.txt', 'y/b.txt']],
  ['an exclusion', ['out/a.txt', 'out/b.log', 'out/s/c.log'], 'out\n!out/**/*.log', ['a.txt']],
  ['no hidden file or folder', ['out/a.txt', 'out/.env', 'out/.git/config'], 'out', ['a.txt']],
  ['a comment line', ['out/a.txt'], '# what is kept\nout', ['a.txt']]
])('%s', async (_, files, path, kept) => {
  const cwd = tree(...files)
  expect(await upload(cwd, path)).toEqual(kept)
  expect(list(join(cwd, 'store/art'))).toEqual(kept)
})

test('hidden files on request', async () => {
  const cwd = tree('out/.env', 'out/a')
  expect(await upload(cwd, 'out', {includeHidden: true})).toEqual(['.env', 'a'])
})

test('a name once per run; what is there stays', async () => {
  const cwd = tree('a/x', 'b/y')
  await upload(cwd, 'a')
  await expect(upload(cwd, 'b')).rejects.toThrow('artifact art: an artifact of this name already exists in this run')
  expect(list(join(cwd, 'store/art'))).toEqual(['x'])
  await upload(cwd, 'b', {overwrite: true})
  expect(list(join(cwd, 'store/art'))).toEqual(['y'])
})

test.each(['a/b', 'a\\b', 'a:b', 'a*', 'a?', 'a"', 'a<', 'a>', 'a|', '', 'a\nb', 'a\rb', '.', '..'])(
  'the name %j is refused, and nothing is overwritten',
  async name => {
    const cwd = tree('out/a', 'store/other/x')
    await expect(upload(cwd, 'out', {name, overwrite: true})).rejects.toThrow(`artifact name ${JSON.stringify(name)}`)
    expect(list(cwd)).toEqual(['out/a', 'store/other/x'])
  }
)

test('nothing found makes no artifact', async () => {
  const cwd = tree('a')
  expect(await upload(cwd, 'absent/**')).toEqual([])
  expect(existsSync(join(cwd, 'store'))).toBe(false)
})

test.each<[string, {name?: string; pattern?: string}, string[]]>([
  ['by name: straight into path', {name: 'ty-data'}, ['d']],
  ['a pattern with one match: straight into path', {pattern: 'ty-{data,nothing}'}, ['d']],
  ['a pattern with braces: a folder each', {pattern: 'ty-{data,train}'}, ['ty-data/d', 'ty-train/t']],
  ['a star: a folder each', {pattern: 'ty-*'}, ['ty-data/d', 'ty-train/t']],
  ['all', {}, ['other/o', 'ty-data/d', 'ty-train/t']],
  ['no match', {pattern: 'no-*'}, []]
])('download %s', async (_, wish, files) => {
  const cwd = tree('store/ty-data/d', 'store/ty-train/t', 'store/other/o')
  await downloadArtifacts({folder: join(cwd, 'store')}, {name: '', pattern: '', path: join(cwd, 'got'), ...wish})
  expect(list(join(cwd, 'got'))).toEqual(files)
})

test('a name that is not there says which are', async () => {
  const cwd = tree('store/b/x', 'store/a/x')
  const download = downloadArtifacts({folder: join(cwd, 'store')}, {name: 'c', pattern: '', path: join(cwd, 'got')})
  await expect(download).rejects.toMatchObject({message: 'artifact c: not found in this run', hint: 'there are a, b'})
})

test('through the workflow: from job to job, and a second upload of a name is red', async () => {
  const upload = (path: string) => `{uses: actions/upload-artifact@v7, with: {name: kept, path: ${path}}}`
  const result = await run(`
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: mkdir -p "$RUNNER_TEMP/out/sub"; echo hello > "$RUNNER_TEMP/out/sub/f"
      - ${upload("'${{ runner.temp }}/out'")}
  b:
    needs: a
    runs-on: x
    steps:
      - {id: d, uses: actions/download-artifact@v8, with: {pattern: 'kep?', path: '\${{ runner.temp }}/in'}}
      - run: cat "\${{ steps.d.outputs.download-path }}/sub/f"
      - {id: again, continue-on-error: true, uses: actions/upload-artifact@v7, with: {name: kept, path: '\${{ runner.temp }}/in'}}
      - run: echo "\${{ steps.again.outcome }}"
`)
  expect(result.log).toEqual([
    'artifact kept: sub/f',
    expect.stringContaining('kept to '),
    'hello',
    expect.stringContaining('error: artifact kept: an artifact of this name already exists in this run'),
    'failure'
  ])
})

test.each([
  ['warn', 'green', 'warning: No files were found with the provided path: absent.'],
  ['error', 'red', 'error: No files were found with the provided path: absent.']
])('if-no-files-found: %s', async (wish, verdict, message) => {
  const result = await run(oneJob(`- {uses: actions/upload-artifact@v7, with: {path: absent, if-no-files-found: ${wish}}}`))
  expect([result.result, result.log[0]]).toEqual([verdict, expect.stringContaining(message)])
})

test('merging is refused', async () => {
  const result = await run(oneJob('- {uses: actions/download-artifact@v8, with: {merge-multiple: true}}'))
  expect([result.result, result.log[0]]).toEqual(['red', expect.stringContaining('merge-multiple is refused')])
})

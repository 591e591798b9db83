import {execFileSync, spawnSync} from 'node:child_process'
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import {codeDigest} from '#shared/training/code'
import {keepModel} from '#shared/training/kept-model'
import {readStamp, unwritten} from '#shared/training/stamp'
import {compile} from '../../support/compile.js'
import {has} from '../../support/programs.js'

function folder(...paths: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'training-'))
  for (const path of paths) write(join(root, path), path)
  return root
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), {recursive: true})
  writeFileSync(path, text)
}

const stamped = async (path: string) => {
  const stamp = await readStamp(path)
  if (stamp === undefined) throw new Error(`${path} is not there`)
  return stamp
}

test('nothing has no stamp, and what is new was written', async () => {
  const root = folder('a')
  expect(await readStamp(join(root, 'b'))).toBeUndefined()
  expect(unwritten(undefined, await stamped(join(root, 'a')))).toEqual([])
})

test('what nobody touched is unwritten; rewriting, also with the same bytes, and replacing count as writing', async () => {
  const root = folder('m/same', 'm/rewritten', 'm/replaced', 'other')
  for (const name of ['same', 'rewritten', 'replaced']) utimesSync(join(root, 'm', name), 1, 1)
  const before = await stamped(join(root, 'm'))
  write(join(root, 'm/rewritten'), 'm/rewritten')
  renameSync(join(root, 'other'), join(root, 'm/replaced'))
  chmodSync(join(root, 'm/same'), 0o600)
  expect(unwritten(before, await stamped(join(root, 'm')))).toEqual(['same'])
})

test.skipIf(!has('git'))('code: with git what is tracked or unignored, without the excepted paths, links by where they point', async () => {
  const root = folder('a.py', 'sub/b.py', 'ignored.log', '.gitignore', 'data/x.csv', 'model.onnx')
  write(join(root, '.gitignore'), '*.log\n')
  execFileSync('git', ['init', '-q'], {cwd: root})
  const except = [join(root, 'data'), join(root, 'model.onnx')]
  const first = await codeDigest(root, except)
  expect(first.files).toBe(3)
  write(join(root, 'ignored.log'), 'else')
  write(join(root, 'data/x.csv'), 'else')
  write(join(root, 'model.onnx'), 'else')
  expect(await codeDigest(root, except)).toEqual(first)
  symlinkSync('/etc/hostname', join(root, 'link'))
  const linked = await codeDigest(root, except)
  expect([linked.files, linked.sha256 === first.sha256]).toEqual([4, false])
})

test.skipIf(!has('git'))('code without git is the same digest as with it', async () => {
  const [one, two] = [folder('a.py', 'sub/b.py', 'node_modules/x.js', '__pycache__/a.pyc'), folder('a.py', 'sub/b.py')]
  execFileSync('git', ['init', '-q'], {cwd: two})
  expect(await codeDigest(one, [])).toEqual(await codeDigest(two, []))
})

test('a model is kept under its digest, twice is once', async () => {
  const root = folder('model/a', 'model/sub/b')
  const out = join(root, 'out')
  const kept = await keepModel(join(root, 'model'), out)
  expect(await keepModel(join(root, 'model'), out)).toEqual(kept)
  expect(readdirSync(out)).toEqual([`model-${kept.sha256.slice(0, 12)}`])
  expect(readdirSync(kept.path).sort()).toEqual(['a', 'sub'])
})

test('a hidden model file is refused, and nothing is left', async () => {
  const root = folder('.model')
  await expect(keepModel(join(root, '.model'), join(root, 'out'))).rejects.toThrow('a hidden file would be left out')
  expect(readdirSync(root)).toEqual(['.model'])
})

test('a disk without room for the copy is named, and nothing is left', async () => {
  const root = folder('out/kept')
  writeFileSync(join(root, 'model.onnx'), Buffer.alloc(1 << 20))
  const {program, remove} = await compile('test/support/files-child.ts')
  const [model, out] = [join(root, 'model.onnx'), join(root, 'out')]
  // The kernel refuses to let any file of this process grow beyond 64 KiB.
  const {stdout} = spawnSync('bash', ['-c', `ulimit -f 64 && exec "${process.execPath}" "${program}" keep "${model}" "${out}"`], {
    encoding: 'utf8'
  })
  await remove()
  expect(stdout).toMatch(new RegExp(`^${out}: the model could not be kept there \\(EFBIG`))
  expect([readdirSync(out), readdirSync(root).toSorted()]).toEqual([['kept'], ['model.onnx', 'out']])
})

import {execFileSync, spawn, spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {link, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeEach, describe, expect, test} from 'vitest'
import {createOnly, digestOfTree, readBounded, readText, sha256File, treeDigest, writeAtomic} from '#shared/files'
import {compile} from '../support/compile.js'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'files-'))
})

async function tree(files: Readonly<Record<string, string>>, name = 'model'): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    const at = join(root, name, path)
    await mkdir(join(at, '..'), {recursive: true})
    await writeFile(at, text)
  }
  return join(root, name)
}

const refusal = (work: Promise<unknown>): Promise<Error & {hint?: string; kind?: string}> =>
  work.then(
    () => {
      throw new Error('nothing was refused')
    },
    error => error
  )

describe('the digest of a folder', () => {
  test('is of paths, sizes and contents as documented', async () => {
    const path = await tree({'b.bin': 'two', 'a/c.bin': 'one'})
    const hex = (text: string) => createHash('sha256').update(text).digest('hex')
    const expected = hex(`trainyard-tree/v1\na/c.bin\0${3}\0${hex('one')}\nb.bin\0${3}\0${hex('two')}\n`)
    const digest = await treeDigest(path)
    expect(digest).toMatchObject({sha256: expected, size: 6, files: [{path: 'a/c.bin'}, {path: 'b.bin'}]})
    expect(digestOfTree(digest.files)).toBe(expected)
  })

  test('changes with a name, with a file more and with one bit', async () => {
    const digests = [
      await tree({'a.bin': 'one', 'b.bin': 'two'}, '1'),
      await tree({'a.bin': 'one', 'c.bin': 'two'}, '2'),
      await tree({'a.bin': 'two', 'b.bin': 'one'}, '3'),
      await tree({'a.bin': 'one', 'b.bin': 'two', 'c.bin': ''}, '4'),
      await tree({'a.bin': 'one', 'b.bin': 'twp'}, '5')
    ].map(async path => (await treeDigest(path)).sha256)
    expect(new Set(await Promise.all(digests)).size).toBe(5)
  })

  test.each<[string, Record<string, string>, RegExp]>([
    ['files that differ only in case', {'Weights.bin': '1', 'weights.bin': '2'}, /"Weights\.bin" and "weights\.bin" differ only in case/],
    ['folders that differ only in case', {'A/x.bin': '1', 'a/y.bin': '2'}, /"A" and "a" differ only in case/],
    ['a file and a folder that do', {'a/x.bin': '1', A: '2'}, /"A" and "a" differ only in case/],
    [
      'names that differ in their normal form',
      {'caf\u00e9': '1', 'cafe\u0301': '2'},
      /"cafe\u0301" and "caf\u00e9" differ only in case or normal form/
    ],
    ['a name that is not in normal form C', {'cafe\u0301': '1'}, /"cafe\u0301" is not in normal form C/],
    ['a hidden file deep down', {'a.bin': '1', 'deep/.cache': '2'}, /model\/deep\/\.cache: a hidden file would be left out/],
    ['a hidden folder', {'a.bin': '1', '.git/x': '2'}, /model\/\.git: a hidden file/],
    ['a line feed in a name', {'a\nb': '1'}, /"a\\nb" holds a control character/]
  ])('%s is refused, with what collides', async (_, files, message) => {
    const error = await refusal(treeDigest(await tree(files)))
    expect(error).toMatchObject({name: 'UserError', message: expect.stringMatching(message), hint: expect.stringMatching(/ename|emove/)})
  })

  test('a name that is not UTF-8 is refused', async () => {
    const path = await tree({'a.bin': '1'})
    await writeFile(Buffer.concat([Buffer.from(`${path}/x`), Buffer.from([0xff])]), '2')
    expect(await refusal(treeDigest(path))).toMatchObject({message: expect.stringContaining('is not UTF-8')})
  })

  test('links, pipes and an empty folder are refused', async () => {
    const path = await tree({'a.bin': '1'})
    await symlink('a.bin', join(path, 'b.bin'))
    expect((await refusal(treeDigest(path))).message).toBe(`${join(path, 'b.bin')}: expected a regular file, got a link or a device`)
    await symlink(path, join(root, 'link'))
    expect((await refusal(treeDigest(join(root, 'link')))).message).toContain('expected a file or a folder')
    await mkdir(join(root, 'empty'))
    expect((await refusal(treeDigest(join(root, 'empty')))).message).toContain('the folder is empty')
  })
})

describe('a file that is read', () => {
  test('while it grows is refused', async () => {
    const path = join(root, 'growing.bin')
    await writeFile(path, Buffer.alloc(64 << 20))
    const {program, remove} = await compile('test/support/files-child.ts')
    const child = spawn(process.execPath, [program, 'hash', path])
    const grow = setInterval(() => void writeFile(path, 'x', {flag: 'a'}), 1)
    const chunks: Buffer[] = []
    child.stdout.on('data', chunk => chunks.push(chunk))
    await once(child, 'close')
    clearInterval(grow)
    await remove()
    expect(Buffer.concat(chunks).toString()).toBe(`${path}: changed while it was read\n`)
  })

  test.each([
    ['sha256File', (path: string) => sha256File(path)],
    ['readBounded', (path: string) => readBounded(path, 100)]
  ])('%s names what is absent, a folder or a pipe, and waits for none', async (_, read) => {
    expect(await refusal(read(join(root, 'gone')))).toMatchObject({message: `${join(root, 'gone')}: no such file`, kind: 'usage'})
    expect(await refusal(read(root))).toMatchObject({message: `${root}: expected a file`})
    execFileSync('mkfifo', [join(root, 'pipe')])
    expect(await refusal(read(join(root, 'pipe')))).toMatchObject({message: `${join(root, 'pipe')}: expected a file`})
  })

  test('is bounded, and its text UTF-8 with or without a mark', async () => {
    const path = join(root, 'a.txt')
    await writeFile(path, 'x'.repeat(101))
    expect((await refusal(readBounded(path, 100))).message).toBe(`${path}: larger than 100 bytes`)
    expect(await readBounded(path, 101)).toHaveLength(101)
    await writeFile(path, '\ufeffé')
    expect(await readText(path, 100)).toBe('é')
    await writeFile(path, Buffer.from([0x61, 0xe9]))
    expect((await refusal(readText(path, 100))).message).toBe(`${path}: not UTF-8 text`)
  })
})

describe('writing', () => {
  test('replaces in one step, creates only what is not there, and leaves nothing besides', async () => {
    const path = join(root, 'deep', 'a.json')
    await writeAtomic(path, 'one')
    const {ino} = await stat(path)
    await writeAtomic(path, 'two')
    expect((await stat(path)).ino).not.toBe(ino)
    expect([await createOnly(path, 'three'), await readFile(path, 'utf8')]).toEqual([false, 'two'])
    expect([await createOnly(join(root, 'deep', 'b.json'), 'new'), await readdir(join(root, 'deep'))]).toEqual([true, ['a.json', 'b.json']])
  })

  test('what a reader has open stays whole: no file is written over', async () => {
    const path = join(root, 'a.json')
    await writeAtomic(path, 'one')
    await link(path, join(root, 'reader'))
    await writeAtomic(path, 'two, which is longer')
    expect(await readFile(join(root, 'reader'), 'utf8')).toBe('one')
  })

  test.each<[string, () => Promise<string>]>([
    [
      'EEXIST',
      async () => {
        await writeFile(join(root, 'file'), 'kept')
        return join(root, 'file', 'a.json')
      }
    ],
    [
      'EISDIR',
      async () => {
        await mkdir(join(root, 'a.json', 'inside'), {recursive: true})
        return join(root, 'a.json')
      }
    ]
  ])('a file system that says %s is named with the path, and nothing is left over', async (code, prepare) => {
    const path = await prepare()
    const before = await readdir(root, {recursive: true})
    const error = await refusal(writeAtomic(path, 'new'))
    expect(error).toMatchObject({name: 'UserError', hint: 'What was there before is unchanged.'})
    expect(error.message).toMatch(new RegExp(`^${path}: could not be written \\(${code}`))
    expect(await readdir(root, {recursive: true})).toEqual(before)
  })

  test('a file system that takes no more bytes leaves what was there', async () => {
    const path = join(root, 'a.json')
    await writeAtomic(path, 'old')
    const {program, remove} = await compile('test/support/files-child.ts')
    // The kernel refuses to let any file of this process grow beyond 64 KiB.
    const {stdout} = spawnSync('bash', ['-c', `ulimit -f 64 && exec "${process.execPath}" "${program}" write "${path}"`], {
      encoding: 'utf8'
    })
    await remove()
    expect(stdout).toMatch(new RegExp(`^${path}: could not be written \\(EFBIG`))
    expect([await readFile(path, 'utf8'), await readdir(root)]).toEqual(['old', ['a.json']])
  })
})

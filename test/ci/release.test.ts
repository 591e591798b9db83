import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {has} from '../support/programs.js'
import {NOBODY, openYard, type Yard} from './yard.js'

const version = (number: string) => ({
  'package.json': `{"name": "trainyard", "version": "${number}"}\n`,
  'CHANGELOG.md': `## [${number}] - 2026-11-22\n\n- More.\n`
})
const tree = (yard: Yard, commit: string) => yard.git('ls-tree', '-r', '--name-only', commit).split('\n')

describe.skipIf(!has('git'))('a release', () => {
  test('is a commit below main with dist and without what only builds need, under vX.Y.Z and vX; main stays as it is', () => {
    const yard = openYard()
    const mine = () => ({head: yard.git('symbolic-ref', 'HEAD'), status: yard.git('status', '--porcelain', '--ignored')})
    const before = {...mine(), main: yard.refs()['refs/heads/main']}
    const {code, outputs, out} = yard.releaseAll('1.0.0')
    expect([code, out]).toEqual([0, expect.stringContaining('v1 moved to v1.0.0')])
    const {'refs/tags/v1.0.0': exact, 'refs/tags/v1': major, 'refs/heads/main': main} = yard.refs()
    expect([exact, major, main]).toEqual([outputs.commit, outputs.commit, before.main])
    expect({...mine(), main}).toEqual(before)
    expect(tree(yard, exact)).toEqual([
      '.github/workflows/ci.yml',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'actions/validate-data/action.yml',
      'dist/index.js',
      'dist/licenses.txt',
      'dist/trainyard.js',
      'dist/validate-data.js',
      'package.json'
    ])
    expect(tree(yard, main).filter(path => path.startsWith('dist/'))).toEqual([])
    expect(yard.git('log', '-1', '--format=%P%n%an%n%B', exact)).toBe(`${main}\ngithub-actions[bot]\nRelease v1.0.0\n\nBuilt from ${main}.`)
    expect(yard.git('ls-tree', exact, 'dist/trainyard.js')).toMatch(/^100755 /)
  })

  test('made twice is the same commit and archive, so that a rerun completes what was begun', () => {
    const yard = openYard()
    const file = join(yard.root, '../one.tar.gz')
    const first = yard.release('commit', '1.0.0', '--archive', file)
    const bytes = readFileSync(file)
    expect(yard.release('tag', '1.0.0', '--commit', first.outputs.commit).code).toBe(0)
    expect(yard.refs()).not.toHaveProperty('refs/tags/v1')
    const again = yard.releaseAll('1.0.0')
    expect(again).toMatchObject({code: 0, outputs: first.outputs})
    expect(yard.refs()).toMatchObject({'refs/tags/v1.0.0': first.outputs.commit, 'refs/tags/v1': first.outputs.commit})
    expect(readFileSync(join(yard.root, '../trainyard-v1.0.0.tar.gz')).equals(bytes)).toBe(true)
    expect(yard.releaseAll('1.0.0')).toMatchObject({code: 0, out: expect.stringContaining('v1 is at v1.0.0')})
  })

  test('that follows moves vX, and one that mends an older line does not', () => {
    const yard = openYard()
    yard.releaseAll('1.0.0')
    const old = yard.git('rev-parse', 'HEAD')
    yard.merge({...version('1.10.0'), 'dist/index.js': 'newer'})
    expect(yard.releaseAll('1.10.0').out).toContain('v1 moved to v1.10.0 from ')
    yard.git('checkout', '--quiet', old)
    yard.write('package.json', version('1.9.0')['package.json'])
    yard.write('CHANGELOG.md', version('1.9.0')['CHANGELOG.md'])
    yard.git('commit', '--quiet', '--all', '--message', 'Mend')
    yard.git('push', '--quiet', 'origin', 'HEAD:main', '--force')
    expect(yard.releaseAll('1.9.0')).toMatchObject({code: 0, out: expect.stringContaining('v1 stays at v1.10.0')})
    const {'refs/tags/v1': major, 'refs/tags/v1.10.0': newest} = yard.refs()
    expect(major).toBe(newest)
  })

  test('is written once: a tag that is there with other bytes is refused and stays', () => {
    const yard = openYard()
    yard.releaseAll('1.0.0')
    const before = yard.refs()
    yard.write('dist/index.js', 'other bytes')
    const {code, out} = yard.releaseAll('1.0.0')
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/^error: v1\.0\.0 is there with other bytes \([0-9a-f]{12}, this is [0-9a-f]{12}\)/)
    ])
    expect(yard.refs()).toEqual(before)
  })

  test('of which vX.Y.Z is not there yet does not move vX', () => {
    const yard = openYard()
    const {outputs} = yard.release('commit', '1.0.0', '--archive', join(yard.root, '../one.tar.gz'))
    const {code, out} = yard.release('move', '1.0.0', '--commit', outputs.commit)
    expect([code, out]).toEqual([1, expect.stringContaining('error: v1.0.0 is not there with ')])
    expect(Object.keys(yard.refs())).toEqual(['refs/heads/main'])
  })

  test.each<[string, (yard: Yard) => void, string, string]>([
    ['a dirty tree', yard => yard.write('README.md', 'x'), '1.0.0', 'error: the checkout has changes that no commit holds: README.md'],
    ['a new file', yard => yard.write('new.txt', 'x'), '1.0.0', 'error: the checkout has changes that no commit holds: new.txt'],
    ['another version in package.json', () => undefined, '1.0.1', 'error: package.json says 1.0.0, and the release is 1.0.1'],
    [
      'no section in the CHANGELOG',
      yard => yard.merge({'CHANGELOG.md': '## [Unreleased]\n'}),
      '1.0.0',
      'error: CHANGELOG.md: has no section "## [1.0.0]'
    ],
    [
      'an empty section',
      yard => yard.merge({'CHANGELOG.md': '## [1.0.0] - 2026-11-21\n\n## [0.9.0] - 2026-11-01\n- x\n'}),
      '1.0.0',
      'error: CHANGELOG.md: has no section'
    ],
    ['a version that is none', () => undefined, '1.0', 'error: 1.0: is no version; expected X.Y.Z'],
    ['documents of another major', yard => yard.merge(version('2.0.0')), '2.0.0', 'error: README.md uses @v1, and the release is v2'],
    [
      'an owner that is not this one',
      yard => yard.merge({'README.md': `uses: ${NOBODY}/trainyard/actions/train@v1\n`}),
      '1.0.0',
      `error: ${NOBODY} still stands in 1 files, such as README.md`
    ],
    [
      'a commit that is not on main',
      yard => void yard.git('commit', '--quiet', '--allow-empty', '--message', 'Mine'),
      '1.0.0',
      'is not on main: release what was merged'
    ]
  ])('refuses %s, and no tag is made', (_, change, number, message) => {
    const yard = openYard()
    change(yard)
    const {code, out} = yard.releaseAll(number)
    expect([code, out]).toEqual([1, expect.stringContaining(message)])
    expect(Object.keys(yard.refs())).toEqual(['refs/heads/main'])
  })

  test('without a whole dist is refused', () => {
    const yard = openYard()
    const {code, out} = yard.release('commit', '1.0.0', '--dist', 'shared')
    expect([code, out]).toEqual([1, 'error: shared: has no index.js, trainyard.js, validate-data.js, licenses.txt; npm run build\n'])
    expect(existsSync(join(yard.root, 'trainyard-v1.0.0.tar.gz'))).toBe(false)
  })
})

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {fakeGitHub} from '../support/github/fake.js'
import {releasesOf} from '../support/github/releases.js'

const NOTES = '### Added\n\n- Everything.'

async function open() {
  const fake = await fakeGitHub()
  onTestFinished(() => fake.close())
  fake.token = 'the token'
  const cwd = mkdtempSync(join(tmpdir(), 'page-'))
  onTestFinished(() => rmSync(cwd, {recursive: true, force: true}))
  writeFileSync(join(cwd, 'CHANGELOG.md'), `# Changelog\n\n## [1.0.0] - 2026-11-21\n\n${NOTES}\n\n## [0.9.0] - 2026-01-01\n\n- Less.\n`)
  const file = join(cwd, 'trainyard-v1.0.0.tar.gz')
  writeFileSync(file, 'the archive')
  const page = async (version = '1.0.0') => {
    const env = {PATH: process.env.PATH, GITHUB_API_URL: fake.url, GITHUB_REPOSITORY: 'octo/wages', GITHUB_TOKEN: 'the token'}
    const child = spawn(process.execPath, [resolve('.ci/release.mjs'), 'page', version, '--archive', file], {cwd, env})
    let out = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        out += chunk
      })
    }
    const [code] = await once(child, 'close')
    return {code, out}
  }
  const {releases, assets} = releasesOf(fake)
  return {fake, file, page, releases, assets}
}

test('a page is a draft until its archive lies there, and says what the CHANGELOG says', async () => {
  const {fake, page, releases, assets} = await open()
  const states: boolean[] = []
  fake.before = line => void (line.includes('/assets?name=') && states.push(releases[0].draft))
  expect(await page()).toEqual({code: 0, out: 'https://github.com/octo/wages/releases/tag/v1.0.0\n'})
  expect(states).toEqual([true])
  expect(releases).toMatchObject([{tag: 'v1.0.0', name: 'v1.0.0', body: NOTES, draft: false}])
  expect(assets.map(({name, bytes}) => [name, bytes.toString()])).toEqual([['trainyard-v1.0.0.tar.gz', 'the archive']])
  expect(fake.misfits).toEqual([])
})

test('a page that is there with the same bytes is left alone, with others refused', async () => {
  const {fake, file, page, releases, assets} = await open()
  await page()
  fake.requests.length = 0
  expect(await page()).toEqual({code: 0, out: 'https://github.com/octo/wages/releases/tag/v1.0.0 is there\n'})
  expect(fake.requests.map(line => line.split(' ')[0])).toEqual(['GET'])
  writeFileSync(file, 'other bytes')
  expect(await page()).toEqual({
    code: 1,
    out: 'error: the release v1.0.0 is published with other bytes: a version is released once; raise it\n'
  })
  expect([releases.length, assets.map(({bytes}) => bytes.toString())]).toEqual([1, ['the archive']])
})

test('a draft that an earlier run left is completed, half an upload sent anew', async () => {
  const {fake, page, releases, assets} = await open()
  fake.faults.push({method: 'POST', path: /assets\?name=/, answer: {status: 502, body: 'bad gateway'}})
  expect((await page()).code).toBe(1)
  expect(releases).toMatchObject([{draft: true}])
  assets.push({id: 999, release: releases[0].id, name: 'trainyard-v1.0.0.tar.gz', label: '', bytes: Buffer.from('the'), state: 'starter'})
  fake.faults.push({method: 'PATCH', path: /releases/, answer: {status: 500, body: {message: 'oops'}}})
  expect(await page()).toMatchObject({code: 1, out: expect.stringContaining('500')})
  expect((await page()).code).toBe(0)
  expect(releases).toMatchObject([{tag: 'v1.0.0', draft: false}])
  expect(assets.map(({bytes, state}) => [bytes.toString(), state])).toEqual([['the archive', 'uploaded']])
})

test('a version that the CHANGELOG does not know gets no page', async () => {
  const {fake, page} = await open()
  expect(await page('2.0.0')).toEqual({code: 1, out: 'error: CHANGELOG.md: has no section for 2.0.0\n'})
  expect(fake.requests).toEqual([])
})

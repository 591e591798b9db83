import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {has} from '../support/programs.js'

const HEAD = '1'.repeat(40)
const packet = (line: string) => `${(line.length + 4).toString(16).padStart(4, '0')}${line}`

test.skipIf(!has('git'))('the remote is asked with the token, which shows in no argument and no message', async () => {
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization)
    if (request.headers.authorization === undefined) return void response.writeHead(401).end()
    response.setHeader('content-type', 'application/x-git-upload-pack-advertisement')
    response.end(`${packet('# service=git-upload-pack\n')}0000${packet(`${HEAD} refs/tags/v1.0.0\0agent=x\n`)}0000`)
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const root = mkdtempSync(join(tmpdir(), 'remote-'))
  onTestFinished(() => {
    server.close()
    rmSync(root, {recursive: true, force: true})
  })
  const git = (...argv: string[]) => execFileSync('git', argv, {cwd: root, encoding: 'utf8'}).trim()
  git('init', '--quiet')
  git('remote', 'add', 'origin', `${url}/octo/trainyard.git`)
  git('-c', 'user.name=ada', '-c', 'user.email=ada@example.invalid', 'commit', '--quiet', '--allow-empty', '--message', 'Release')
  const env = {PATH: process.env.PATH, HOME: root, GITHUB_SERVER_URL: url, GITHUB_TOKEN: 'ghs_secret'}
  const child = spawn(process.execPath, [resolve('.ci/release.mjs'), 'tag', '1.0.0', '--commit', git('rev-parse', 'HEAD')], {
    cwd: root,
    env
  })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      out += chunk
    })
  }
  const [code] = await once(child, 'close')
  expect([code, out]).toEqual([1, expect.stringContaining('v1.0.0 is there with other bytes (111111111111, this is ')])
  expect(new Set(seen)).toEqual(new Set([`basic ${Buffer.from('x-access-token:ghs_secret').toString('base64')}`]))
  expect(out).not.toMatch(/secret|basic/)
})

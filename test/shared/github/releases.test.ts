import {execFile} from 'node:child_process'
import {mkdtemp, rm, truncate, writeFile} from 'node:fs/promises'
import {createServer, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {expect, onTestFinished, test} from 'vitest'
import {compile} from '../../support/compile.js'

const BYTES = 400 << 20
const MOST_MB = 250

/** Counts what is sent, and gives as much. */
async function large(): Promise<string> {
  const server: Server = createServer((request, response) => {
    const json = (status: number, body: object) =>
      response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body))
    const {url = ''} = request
    let size = 0
    request.on('data', chunk => {
      size += chunk.length
    })
    request.on('end', () => {
      if (url.startsWith('/upload')) json(201, {id: 5, name: 'x', size, state: 'uploaded'})
      else if (url === '/storage') give(response, BYTES)
      else response.writeHead(302, {location: '/storage'}).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function give(response: ServerResponse, left: number): void {
  const chunk = Buffer.alloc(Math.min(left, 1 << 20))
  if (left === 0) return void response.end()
  response.write(chunk, () => give(response, left - chunk.length))
}

test(`files go out and come in in less than ${MOST_MB} MB of memory, however large they are`, {timeout: 120_000}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-large-'))
  onTestFinished(() => rm(folder, {recursive: true, force: true}))
  const file = join(folder, 'large')
  await writeFile(file, '')
  await truncate(file, BYTES)
  const {program, remove} = await compile('test/support/release-child.ts')
  onTestFinished(remove)
  const {stdout} = await promisify(execFile)(process.execPath, [program, await large(), file, String(BYTES)])
  const {size, taken, peakMb} = JSON.parse(stdout)
  expect([size, taken]).toEqual([BYTES, BYTES])
  expect(peakMb).toBeLessThan(MOST_MB)
})

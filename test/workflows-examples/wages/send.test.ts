import {spawnSync} from 'node:child_process'
import {expect, test} from 'vitest'

const send = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['workflows-examples/wages/traffic/send.mjs', ...args], {encoding: 'utf8', timeout: 20_000})

test('--help says how the traffic is started', () => {
  const {status, stdout, stderr} = send('--help')
  expect([status, stderr, stdout]).toEqual([0, '', expect.stringContaining('--rate <requests a second')])
})

test.each([
  [[], 'expected one address, got none'],
  [['http://127.0.0.1:1', '--rate', '0'], '--rate: expected a number above 0, got 0'],
  [['localhost:8080'], 'expected http://host:port, got localhost:8080'],
  [['--rte', '5'], "Unknown option '--rte'"]
])('%j is refused in words, without a stack', (args, message) => {
  const {status, stderr} = send(...args)
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
  expect(stderr).not.toMatch(/^ +at /m)
})

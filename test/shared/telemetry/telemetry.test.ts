import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {expect, test} from 'vitest'
import {increase} from '#shared/telemetry/counts'
import {parseJsonCounts} from '#shared/telemetry/json'
import {parsePrometheus} from '#shared/telemetry/prometheus'
import {openTelemetry} from '#shared/telemetry/telemetry'
import {counters} from '../../../runner-images/model-server/src/counters.js'

const page = (lines: string[]) => `${lines.join('\n')}\n`

test('the page of the model server reads as what was counted', async () => {
  const made = counters()
  made.of('idle')
  const busy = made.of('busy')
  for (const [seconds, failed] of [
    [0.001, false],
    [0.2, true],
    [0.3, false]
  ] as const)
    busy.count(seconds, failed)
  const {versions, startedS} = parsePrometheus(await made.text(), 'here')
  expect(versions.idle).toMatchObject({requests: 0, errors: 0})
  expect(versions.busy).toMatchObject({requests: 3, errors: 1, buckets: {'0.25': 2, '0.5': 3, Infinity: 3}})
  expect(startedS).toBeGreaterThan(1e9)
})

test('labels in any order, escapes, exponents, time stamps, exemplars and other metrics', () => {
  const text = page([
    '# HELP requests_total {version="x"} 9',
    'requests_total{pod="a} b",version="v"} 1e2 1700000000000',
    'requests_total{ version = "v" , pod="c\\"d\\\\", } 5',
    'request_seconds_bucket{version="v",le="0.250"} 7 # {trace="1"} 0.2 1700000000',
    'request_seconds_bucket{version="v",le="+Inf"} 8',
    'errors_total{version="v"} 2',
    'up 1',
    'go_gc NaN',
    '# EOF'
  ])
  expect(parsePrometheus(text, 'here').versions).toEqual({v: {requests: 105, errors: 2, buckets: {'0.25': 7, Infinity: 8}}})
})

test.each([
  ['<html><body>Sign in</body></html>', 'here: expected metrics, got HTML'],
  ['requests_total{version="v"} 12', 'here: cut off after 30 characters'],
  [page(['requests_total{version="v"} NaN']), 'here line 1: requests_total is NaN'],
  [page(['requests_total{version="v"} -1']), 'here line 1: requests_total is -1'],
  [page(['requests_total{version="v"} 1x']), 'here line 1: expected a number, got "1x"'],
  [page(['up 1', 'requests_total 5']), 'here line 2: requests_total has no label "version"'],
  [page(['requests_total{version=v} 5']), 'here line 1: expected label="value"'],
  [page(['requests_total{version="v" 5']), 'here line 1: expected name{labels} value'],
  [page(['errors_total{version="v"} 5']), 'here: requests_total of version v is missing'],
  [page(['request_seconds_bucket{version="v",le="fast"} 5']), 'here line 1: expected a number, got "fast"']
])('%j is no measurement', (text, message) => {
  expect(() => parsePrometheus(text, 'here')).toThrow(message)
})

test('a page without our metrics, an empty one and another tenant count nothing', () => {
  expect(parsePrometheus('', 'here').versions).toEqual({})
  expect(parsePrometheus(page(['up 1']), 'here').versions).toEqual({})
})

test('JSON counts', () => {
  const text = '{"v": {"requests": 10, "errors": 1, "buckets": {"0.25": 9, "+Inf": 10}}, "__proto__": {"requests": 1, "errors": 0}}'
  const {versions} = parseJsonCounts(text, 'here')
  expect(Object.entries(versions)).toEqual([
    ['v', {requests: 10, errors: 1, buckets: {'0.25': 9, Infinity: 10}}],
    ['__proto__', {requests: 1, errors: 0, buckets: {}}]
  ])
})

test.each([
  ['{"v": {"requests": 10', 'here: expected JSON, got 21 characters'],
  ['<html>', 'here: expected JSON, got HTML'],
  ['[]', 'here: expected {version:'],
  ['{"v": {"requests": "10", "errors": 0}}', 'here: version v: requests: expected a whole number of at least 0, got "10"'],
  ['{"v": {"requests": 10}}', 'here: version v: errors: expected a whole number of at least 0, got nothing'],
  ['{"v": {"requests": 10, "errors": null}}', 'got null'],
  ['{"v": {"requests": 1e999, "errors": 0}}', 'here: version v: requests'],
  ['{"v": {"requests": 1, "errors": 0, "buckets": {"": 1}}}', 'buckets: expected seconds, got ""']
])('%s is no measurement', (text, message) => {
  expect(() => parseJsonCounts(text, 'here')).toThrow(message)
})

const counts = (requests: number, errors: number, fast: number) => ({requests, errors, buckets: {'0.25': fast}})

test('what was counted between two readings', () => {
  const grown = increase({versions: {a: counts(10, 1, 8)}}, {versions: {a: counts(30, 1, 20), b: counts(5, 0, 5)}})
  expect(grown).toEqual({a: counts(20, 0, 12), b: counts(5, 0, 5)})
})

test('after a restart all of the later reading is new, also where it has outgrown the earlier one', () => {
  expect(increase({versions: {a: counts(100, 9, 90)}}, {versions: {a: counts(30, 1, 20)}}).a).toEqual(counts(30, 1, 20))
  expect(increase({versions: {a: counts(100, 9, 90)}}, {versions: {a: counts(130, 1, 20)}}).a).toEqual(counts(130, 1, 20))
  const [before, after] = [
    {versions: {a: counts(10, 1, 8)}, startedS: 100},
    {versions: {a: counts(30, 2, 20)}, startedS: 200}
  ]
  expect(increase(before, after).a).toEqual(counts(30, 2, 20))
})

test('an address is read with its time limit; failures are errors that name the host', async () => {
  const answers: Record<string, [number, string, string]> = {
    '/metrics': [200, 'text/plain; version=0.0.4', 'requests_total{version="v"} 3\n'],
    '/json': [200, 'application/json', '{"v": {"requests": 3, "errors": 0}}'],
    '/html': [200, 'text/html', '<html>'],
    '/down': [503, 'text/plain', 'down'],
    '/moved': [302, 'text/plain', '']
  }
  const server = createServer((request, response) => {
    const [status, type, body] = answers[request.url ?? ''] ?? [0, '', '']
    if (status > 0) response.writeHead(status, {'content-type': type, location: '/metrics'}).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const read = (path: string) => openTelemetry({address: `${base}${path}`, fetch, timeoutMs: 200}).read()
  for (const path of ['/metrics', '/json']) expect((await read(path)).snapshot.versions.v.requests).toBe(3)
  for (const [path, message] of [
    ['/html', 'expected metrics, got HTML'],
    ['/down', 'no counts (status 503)'],
    ['/moved', 'no counts (status 302)'],
    ['/silent', 'no counts (']
  ])
    await expect(read(path)).rejects.toThrow(`127.0.0.1:${new URL(base).port}${path}: ${message}`)
  server.closeAllConnections()
  server.close()
  await expect(read('/metrics')).rejects.toThrow('no counts (')
  expect(() => openTelemetry({address: 'prometheus', fetch})).toThrow('telemetry: expected https://')
})

import {expect, test} from 'vitest'
import {countOf, parseAlias, parseName, parseVersion} from '#shared/registry/names'

test.each(['wages', 'wages-2', 'churn.eu_west', 'a', 'a--b', 'x'.repeat(64)])('%j is a name', name => {
  expect(parseName(name)).toBe(name)
})

test.each([
  '',
  '.',
  '..',
  'a..b',
  '../wages',
  'a/b',
  'a\\b',
  '-a',
  'a-',
  '.a',
  'a b',
  'a\n',
  'a\0',
  'é',
  'wages.lock',
  'a@b',
  'a:b',
  'x'.repeat(65)
])('%j is no name', name => {
  expect(() => parseName(name)).toThrow(/^name ".*": expected 1 to 64 of a-z/s)
})

test('names differ in more than case: another case is refused with the one to write', () => {
  expect(() => parseName('Wages')).toThrow(expect.objectContaining({hint: 'Write wages: names that differ only in case would collide.'}))
})

test.each(['v1', 'v999', '1.0.0', '0.1.2-rc.1', '10.20.30'])('%j is a version', version => {
  expect(parseVersion(version)).toBe(version)
})

test.each(['', 'v0', 'v01', 'V1', '1', '1.0', 'v1.0.0', '1.0.0+build', '01.0.0', '1.0.0-RC.1', '../v1', 'v1\n', 'latest', 'v9999999999'])(
  '%j is no version',
  version => {
    expect(() => parseVersion(version)).toThrow(/^version ".*": expected v<n> or SemVer/s)
  }
)

test('v1.2.3 is refused with what to write instead', () => {
  expect(() => parseVersion('v1.2.3')).toThrow(expect.objectContaining({hint: 'Write 1.2.3.'}))
})

test.each([
  ['v3', 'a version'],
  ['1.0.0', 'a version'],
  ['none', 'no champion'],
  ['best.onnx', 'a file']
])('the alias %j would read as %s', (alias, what) => {
  expect(() => parseAlias(alias)).toThrow(`alias "${alias}": reads as ${what}`)
})

test('only v<n> is counted', () => {
  expect(['v12', '3.0.0'].map(countOf)).toEqual([12, 0])
})

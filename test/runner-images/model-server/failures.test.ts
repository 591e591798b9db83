import {expect, test} from 'vitest'
import {failureLog} from '../../../runner-images/model-server/src/failures.js'

test('each reason of a version is logged once, on one line, and at most five', () => {
  const lines: string[] = []
  const failed = failureLog(line => void lines.push(line))
  for (const reason of ['first\nforged line', 'first\nforged line', 'b', 'c', 'd', 'e', 'f', 'x'.repeat(1000)]) failed('v', reason)
  failed('w', 'b')
  const reasons = lines.map(line => /^version (\w): a prediction failed: (.+?); more/.exec(line)?.slice(1))
  expect(reasons).toEqual([...['first forged line', 'b', 'c', 'd', 'e'].map(reason => ['v', reason]), ['w', 'b']])
  expect(lines[4]).toContain('other reasons of this version are not logged')
})

test('a long reason is cut', () => {
  const lines: string[] = []
  failureLog(line => void lines.push(line))('v', 'x'.repeat(1000))
  expect(/x+/.exec(lines[0])?.[0]).toHaveLength(500)
})

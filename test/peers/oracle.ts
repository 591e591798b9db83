import {spawnSync} from 'node:child_process'
import {resolve} from 'node:path'
import {python} from './found.js'

/** Asks a script of this folder: JSON in, JSON out. */
export function ask<Answer>(script: string, question: unknown): Answer {
  const argv = [resolve('test/peers', script)]
  const {stdout, stderr, status} = spawnSync(python ?? 'python3', argv, {
    input: JSON.stringify(question),
    encoding: 'utf8',
    maxBuffer: 2 ** 26
  })
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

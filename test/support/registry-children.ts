import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process'
import {once} from 'node:events'
import {createInterface} from 'node:readline'
import {afterAll, beforeAll} from 'vitest'
import {compile} from './compile.js'
import type {Order} from './registry-child.js'

export interface Publisher {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<unknown[]>
  send(order: Order): void
  answer(): Promise<{readonly version?: string; readonly published?: boolean; readonly lost?: number; readonly error?: string}>
}

/** Publishers in processes of their own, for the tests of one file; they end with it. `prelude` is what a shell does first. */
export function publishers(): (prelude?: string) => Publisher {
  const children: ChildProcessWithoutNullStreams[] = []
  let program = ''
  beforeAll(async () => {
    const compiled = await compile('test/support/registry-child.ts')
    program = compiled.program
    return compiled.remove
  })
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  return prelude => {
    const child =
      prelude === undefined
        ? spawn(process.execPath, [program])
        : spawn('bash', ['-c', `${prelude} && exec "$0" "$1"`, process.execPath, program])
    children.push(child)
    child.stderr.on('data', chunk => process.stderr.write(chunk))
    const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]()
    return {
      child,
      ended: once(child, 'exit'),
      send: order => void child.stdin.write(`${JSON.stringify(order)}\n`),
      answer: async () => JSON.parse((await lines.next()).value ?? '{}')
    }
  }
}

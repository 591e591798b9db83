import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {createInterface} from 'node:readline'
import {compile} from '../compile.js'

export interface FakeApart {
  readonly url: string
  /** what it was asked so far, and what did not fit GitHub's description */
  seen(): Promise<{readonly requests: readonly string[]; readonly misfits: readonly string[]}>
  /** what the token may, from now on: `{contents: 'read'}` */
  permit(permissions: Readonly<Record<string, 'read' | 'write'>>): Promise<void>
  /** a repository in which nothing has happened */
  beginAnew(): Promise<void>
  close(): Promise<void>
}

/** The fake in a process of its own: for processes that race, and for whole runs. */
export async function fakeGitHubApart({token}: {readonly token?: string} = {}): Promise<FakeApart> {
  const {program, remove} = await compile('test/support/github/program.ts')
  const child = spawn(process.execPath, [program, '0', ...(token === undefined ? [] : [token])], {stdio: ['pipe', 'pipe', 'inherit']})
  const [line] = await once(createInterface({input: child.stdout}), 'line')
  const {url}: {url: string} = JSON.parse(String(line))
  return {
    url,
    seen: async () => JSON.parse(await (await fetch(`${url}/_/seen`)).text()),
    permit: permissions => wish(url, {permissions}),
    beginAnew: () => wish(url, {anew: true}),
    close: async () => {
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
      await remove()
    }
  }
}

async function wish(url: string, wishes: object): Promise<void> {
  const {status} = await fetch(`${url}/_/wishes`, {method: 'POST', body: JSON.stringify(wishes)})
  if (status !== 204) throw new Error(`the fake answered ${status}`)
}

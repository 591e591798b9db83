import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import type {FakeComment} from './comments.js'
import {apiDescription} from './description.js'
import {answer} from './server.js'

export type {FakeComment} from './comments.js'

/** What happens to the next requests that match instead of, or after, the usual answer. */
export interface Fault {
  readonly method: string
  readonly path: RegExp
  /** how often; default once */
  times?: number
  /** matching requests that are let through first */
  skip?: number
  /** the request is carried out although the answer says otherwise */
  readonly applied?: boolean
  readonly answer:
    | 'stall'
    | 'stall in the body'
    | 'reset'
    /** the usual answer, whose connection breaks in the middle of the body */
    | 'cut'
    | {readonly status: number; readonly body?: string | object; readonly headers?: Readonly<Record<string, string>>}
}

export interface FakeGitHub {
  readonly url: string
  /** another host, where the bytes of release assets lie */
  readonly storage: string
  readonly comments: FakeComment[]
  readonly faults: Fault[]
  /** `GET /repos/octo/wages/issues/7/comments?page=2`, in order of arrival */
  readonly requests: string[]
  /** where a request or an answer does not fit GitHub's description of its API */
  readonly misfits: string[]
  /** whether the description is there to check against */
  readonly checked: boolean
  /** newest comments that lists do not show yet */
  lag: number
  login: string
  /** of the token, `{contents: 'read'}`; absent: everything. What is missing is answered with 403 */
  permissions?: Readonly<Record<string, 'read' | 'write'>>
  /** the only token that is taken; absent: any */
  token?: string
  /** stands for everything that the topics keep: another object, and all begins anew */
  state: object
  /** called before a request is carried out */
  before?: (request: string) => void | Promise<void>
  add(body: string, login?: string): FakeComment
  close(): Promise<void>
}

/** Parts of GitHub's API for one repository `octo/wages`, on loopback: what the files beside this one know of. */
export async function fakeGitHub({port = 0}: {readonly port?: number} = {}): Promise<FakeGitHub> {
  const description = await apiDescription()
  let next = 1000
  const servers = [port, 0].map(() => createServer((request, response) => void answer(fake, description, request, response)))
  const [url, storage] = await Promise.all(servers.map((server, index) => listening(server, index === 0 ? port : 0)))
  const fake: FakeGitHub = {
    url,
    storage,
    comments: [],
    faults: [],
    requests: [],
    misfits: [],
    checked: description !== undefined,
    lag: 0,
    state: {},
    login: 'github-actions[bot]',
    add(body, login = fake.login) {
      next += 1
      const comment = {id: next, body, login, createdAt: new Date(next * 1000).toISOString()}
      fake.comments.push(comment)
      return comment
    },
    close: async () => void (await Promise.all(servers.map(closed)))
  }
  return fake
}

async function listening(server: Server, port: number): Promise<string> {
  server.keepAliveTimeout = 60_000
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise(resolve => server.close(() => resolve()))
}

import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {createServer, type RequestListener, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {UserError} from '#shared/errors'
import {modelServer, StaleWeights} from '#shared/traffic/model-server'
import {has} from '../../support/programs.js'
import {modelBytes, type Served, serve, TOKEN} from '../../support/served-model.js'

const SECRET = 'a-secret-that-no-message-shows'
const world = {fetch, sleep: async () => undefined}
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'traffic-'))
})
afterEach(() => rm(folder, {recursive: true}))

describe('beside the real server', () => {
  let served: Served
  beforeEach(async () => {
    served = await serve(join(folder, 'data'))
  })
  afterEach(() => served.drain(500))
  const endpoint = () => modelServer({...world, address: `${served.address}/`, token: TOKEN})
  const upload = async (model: {bytes: Buffer; digest: string}) => {
    await writeFile(join(folder, 'model'), model.bytes)
    await endpoint().upload(model.digest, join(folder, 'model'))
  }

  test('versions and weights go there and back', async () => {
    const model = modelBytes({score: 1})
    await upload(model)
    await upload(model)
    expect(await endpoint().versions()).toEqual([model.digest])
    const {generation, weights} = await endpoint().weights()
    expect(weights).toEqual({})
    const moved = await endpoint().setWeights({[model.digest]: 100}, generation)
    expect(moved.weights).toEqual({[model.digest]: 100})
    expect(await endpoint().weights()).toEqual(moved)
  })

  test('a stale generation is told apart and changes nothing', async () => {
    const model = modelBytes({score: 1})
    await upload(model)
    await endpoint().setWeights({[model.digest]: 100}, '"0"')
    await expect(endpoint().setWeights({[model.digest]: 100}, '"0"')).rejects.toBeInstanceOf(StaleWeights)
    expect((await endpoint().weights()).generation).toBe('"1"')
  })

  test('a model that the server refuses comes with its reason', async () => {
    const bytes = Buffer.from('nothing')
    const digest = createHash('sha256').update(bytes).digest('hex')
    await expect(upload({bytes, digest})).rejects.toThrow(/127\.0\.0\.1.*refuses model .*can't be served/)
  })

  test('another token is a 401 that says where the token comes from', async () => {
    const error = await modelServer({...world, address: served.address, token: SECRET})
      .weights()
      .catch(error => error)
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+: GET \/weights: 401/)
    expect(error.hint).toContain('endpoint-token')
    expect(`${error.message}${error.hint}${error.stack}`).not.toContain(SECRET)
  })

  test.skipIf(!has('curl'))('the manual command does what it says', async () => {
    const model = modelBytes({score: 1})
    await upload(model)
    const command = endpoint().command({[model.digest]: 100})
    expect(command).not.toContain(TOKEN)
    await promisify(execFile)('bash', ['-c', command], {env: {...process.env, MODEL_SERVER_TOKEN: TOKEN}})
    expect((await endpoint().weights()).weights).toEqual({[model.digest]: 100})
  })
})

describe('beside what is no model server', () => {
  let server: Server
  let asked: {url?: string; authorization?: string}[]
  const behind = async (listener: RequestListener) => {
    asked = []
    server = createServer((request, response) => {
      asked.push({url: request.url, authorization: request.headers.authorization})
      listener(request, response)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const {port} = server.address() as AddressInfo
    return modelServer({...world, address: `http://127.0.0.1:${port}`, token: SECRET, timeoutMs: 200})
  }
  const failure = async (work: Promise<unknown>): Promise<UserError> => {
    const error = await work.then(
      () => undefined,
      error => error
    )
    expect(error).toBeInstanceOf(UserError)
    expect(`${error.message}${error.hint}`).not.toContain(SECRET)
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+: GET \/weights: /)
    return error
  }
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  test.each([
    ['HTML under 200', 200, '<!doctype html><title>Sign in</title>', {}, 'expected JSON, got HTML', 1],
    ['truncated JSON', 200, '{"abc": 1', {etag: '"1"'}, 'expected JSON', 1],
    ['no ETag', 200, '{}', {}, 'expected an ETag', 1],
    ['weights of other things', 200, '{"blue": 100}', {etag: '"1"'}, 'expected {"<sha256>": percent}', 1],
    ['404', 404, 'nothing here', {}, '404', 1],
    [
      'a redirect to another host',
      302,
      '',
      {location: 'http://elsewhere.example/weights'},
      'redirected to elsewhere.example; not followed',
      1
    ],
    ['503, three times', 503, 'overloaded', {}, '503', 3]
  ])('%s', async (_, status, body, headers, message, times) => {
    const endpoint = await behind((__, response) => void response.writeHead(status, headers as Record<string, string>).end(body))
    const error = await failure(endpoint.weights())
    expect(error.message).toContain(message)
    expect(error.hint).toMatch(/endpoint|server/)
    expect(asked).toHaveLength(times)
  })

  test('no answer within the limit', async () => {
    const error = await failure((await behind(() => undefined)).weights())
    expect(error.message).toContain('no answer within 0.2 s')
    expect(asked).toHaveLength(3)
  })

  test('a body that never ends is cut off by the same limit', async () => {
    const endpoint = await behind((_, response) => void response.writeHead(200, {etag: '"1"'}).write('{'))
    expect((await failure(endpoint.weights())).message).toContain('no answer within')
  })

  test('a change of weights is never repeated by itself', async () => {
    const endpoint = await behind((_, response) => void response.writeHead(502).end('bad gateway'))
    await expect(endpoint.setWeights({}, '"1"')).rejects.toThrow('PUT /weights: 502')
    expect(asked).toHaveLength(1)
  })

  test('a passing failure is bridged where asking twice does no harm', async () => {
    const endpoint = await behind((_, response) => {
      if (asked.length < 3) response.writeHead(503).end()
      else response.writeHead(200, {etag: '"7"'}).end('{}')
    })
    expect(await endpoint.weights()).toEqual({weights: {}, generation: '"7"'})
  })
})

test('a port where nobody listens', async () => {
  const error = await modelServer({...world, address: 'http://127.0.0.1:1', token: SECRET})
    .versions()
    .catch(error => error)
  expect(error.message).toMatch(/^127\.0\.0\.1:1: GET \/versions: not reached/)
})

test.each(['models.example', 'ftp://models.example', `https://me:${SECRET}@models.example`, `https://models.example?token=${SECRET}`])(
  'the address %s is refused without repeating a secret',
  address => {
    const make = () => modelServer({...world, address, token: SECRET})
    expect(make).toThrow('endpoint: expected https://host')
    expect(make).not.toThrow(SECRET)
  }
)

test('no token, and one with a line break, are refused', () => {
  expect(() => modelServer({...world, address: 'https://models.example', token: ''})).toThrow(
    'endpoint-token: expected the token of models.example, got none'
  )
  expect(() => modelServer({...world, address: 'https://models.example', token: 'a\nb'})).toThrow('characters that no header takes')
})

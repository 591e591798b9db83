import {generateKeyPairSync} from 'node:crypto'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, onTestFinished, test} from 'vitest'
import {fakeGitHub} from '../../support/github/fake.js'
import {appOf} from '../../support/github/runners.js'
import {openMachine} from './machine.js'

const {publicKey, privateKey} = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: {type: 'spki', format: 'pem'},
  privateKeyEncoding: {type: 'pkcs1', format: 'pem'}
})

async function open() {
  const fake = await fakeGitHub()
  onTestFinished(() => fake.close())
  const app = appOf(fake)
  Object.assign(app, {publicKey, now: Math.floor(Date.now() / 1000)})
  const machine = openMachine()
  const file = join(machine.folder, 'key.pem')
  writeFileSync(file, privateKey)
  const env = {GITHUB_API_URL: fake.url, GITHUB_APP_ID: app.id, GITHUB_APP_PRIVATE_KEY_FILE: file, RUNNER_SCOPE: 'octo/wages'}
  return {fake, app, env, machine, register: (more: Record<string, string> = {}) => machine.start('register', {...env, ...more}).ended()}
}

describe('register', () => {
  test('signs in as the app, takes a token for this alone, registers for one job, and gives the token back', async () => {
    const {fake, app, register} = await open()
    const {code, out, err} = await register({RUNNER_LABELS: 'self-hosted, gpu, h100', RUNNER_NAME: 'yard'})
    expect(code).toBe(0)
    const [runner] = app.runners
    expect(runner).toEqual({
      name: expect.stringMatching(/^yard-[0-9a-f]{8}$/),
      group: 1,
      labels: ['self-hosted', 'gpu', 'h100'],
      scope: 'octo/wages'
    })
    expect(out).toBe(`${Buffer.from(`jit of ${runner.name}`).toString('base64')}\n`)
    expect(err).toBe(`registered ${runner.name} for one job\n`)
    expect(fake.requests).toEqual([
      'GET /repos/octo/wages/installation',
      'POST /app/installations/77/access_tokens',
      'POST /repos/octo/wages/actions/runners/generate-jitconfig',
      'DELETE /installation/token'
    ])
    expect([app.tokens.size, fake.misfits]).toEqual([0, []])
  })

  test('for an organization asks for its runners alone', async () => {
    const {fake, app, register} = await open()
    const {code} = await register({RUNNER_SCOPE: 'octo', GITHUB_APP_INSTALLATION_ID: '77', RUNNER_GROUP_ID: '3'})
    expect([code, app.runners.map(({scope, group}) => [scope, group])]).toEqual([0, [['octo', 3]]])
    expect(fake.requests.slice(0, 2)).toEqual([
      'POST /app/installations/77/access_tokens',
      'POST /orgs/octo/actions/runners/generate-jitconfig'
    ])
    expect(fake.misfits).toEqual([])
  })

  test.each<[string, Record<string, string>, string]>([
    ['no app', {GITHUB_APP_ID: '', RUNNER_SCOPE: ''}, 'register: GITHUB_APP_ID, RUNNER_SCOPE not set'],
    ['a scope that is none', {RUNNER_SCOPE: 'a/b/c'}, 'RUNNER_SCOPE a/b/c: expected owner/repository, or an organization'],
    ['a group that is none', {RUNNER_GROUP_ID: 'gpu'}, 'RUNNER_GROUP_ID gpu: expected a number above 0'],
    ['another app', {GITHUB_APP_ID: '1'}, 'GET /repos/octo/wages/installation: 404 Integration not found; install the app there'],
    ['another installation', {GITHUB_APP_INSTALLATION_ID: '5'}, 'POST /app/installations/5/access_tokens: 404 Not Found']
  ])('with %s says so, and registers nothing', async (_, env, message) => {
    const {app, register} = await open()
    const {code, out, err} = await register(env)
    expect([code, out, err]).toEqual([1, '', expect.stringContaining(message)])
    expect(app.runners).toEqual([])
  })

  test('gives the token back when registering fails, and names what the app lacks', async () => {
    const {fake, app, register} = await open()
    fake.faults.push({
      method: 'POST',
      path: /generate-jitconfig/,
      answer: {status: 403, body: {message: 'Resource not accessible by integration'}}
    })
    const {code, err} = await register()
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('403 Resource not accessible by integration; the app needs Administration: write')
    ])
    expect([app.runners, app.tokens.size]).toEqual([[], 0])
  })

  test('takes an answer without a configuration for none', async () => {
    const {fake, register} = await open()
    fake.faults.push({method: 'POST', path: /generate-jitconfig/, answer: {status: 201, body: {}}})
    expect(await register()).toMatchObject({code: 1, out: '', err: expect.stringContaining('the answer holds no configuration')})
  })
})

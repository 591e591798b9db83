import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {filesOf} from '../support/github/contents.js'
import {type FakeGitHub, fakeGitHub} from '../support/github/fake.js'
import {growHistory, shaOf} from '../support/github/history.js'
import {folderOf, onTerminal, read} from '../support/step.js'

const CONFIG = `data: people.csv
require: [validate-data, evaluate]
validate-data:
  contract: contract.yml
  gates:
    - row_count >= 2
    - warn: null_share(age) <= 1%
`
const CONTRACT = `apiVersion: v3.1.0
kind: DataContract
id: x
version: 1.0.0
status: active
schema:
  - name: people
    properties:
      - {name: age, logicalType: integer}
`

let fake: FakeGitHub
beforeEach(async () => {
  fake = await fakeGitHub()
  growHistory(fake, ['main'])
  filesOf(fake)
    .set(`${shaOf('main')}:trainyard.yml`, CONFIG)
    .set(`${shaOf('main')}:contract.yml`, CONTRACT)
})
afterEach(async () => {
  await fake.close()
  expect(fake.misfits).toEqual([])
})

const PULL = {pull_request: {base: {sha: shaOf('main'), ref: 'main'}, head: {sha: shaOf('mine')}}}
const PUSH = {ref: 'refs/heads/main', before: shaOf('main')}

/** Judges a checkout whose files differ from main as given. */
async function judge(
  files: Record<string, string>,
  {
    event = PULL,
    flags = {},
    action = 'validate-data',
    token = 'a token'
  }: {event?: object; flags?: Record<string, string>; action?: string; token?: string} = {}
) {
  const folder = await folderOf({'people.csv': 'age\n20\n30\n', 'trainyard.yml': CONFIG, 'contract.yml': CONTRACT, ...files})
  await writeFile(join(folder, 'event.json'), JSON.stringify(event))
  const env = {
    GITHUB_API_URL: fake.url,
    GITHUB_REPOSITORY: 'octo/wages',
    GITHUB_WORKSPACE: folder,
    GITHUB_EVENT_NAME: 'before' in event ? 'push' : 'pull_request',
    GITHUB_EVENT_PATH: join(folder, 'event.json')
  }
  return await onTerminal(folder, action, {...(token && {'github-token': token}), ...flags}, env)
}

const added = ({evidence}: Awaited<ReturnType<typeof judge>>) =>
  evidence?.checks
    .filter(({id}) => /^(?:gate|policy|contract|require|sensitive|data|base|config)_/.test(id))
    .map(({id, verdict}) => [id, verdict])

describe('a pull request', () => {
  test('that changes nothing adds nothing, in one call for the file and one for the contract', async () => {
    const ended = await judge({})
    expect([ended.code, ended.evidence?.verdict, added(ended)]).toEqual([0, 'pass', []])
    expect(fake.requests).toEqual(
      ['trainyard.yml', 'contract.yml'].map(path => `GET /repos/octo/wages/contents/${path}?ref=${shaOf('main')}`)
    )
  })

  test('that loosens a gate, removes one or softens the policy is warned of, and stays green', async () => {
    const config = CONFIG.replace('>= 2', '>= 1').replace(/ {4}- warn.*\n/, '  mode: observe\n  on-inconclusive: warn\n')
    const ended = await judge({'trainyard.yml': config})
    expect([ended.code, ended.evidence?.verdict]).toEqual([0, 'warn'])
    expect(added(ended)).toEqual([
      ['gate_loosened: row_count >= 2', 'warn'],
      ['gate_removed: null_share(age) <= 1%', 'warn'],
      ['policy_loosened: mode', 'warn'],
      ['policy_loosened: on-inconclusive', 'warn']
    ])
    expect(ended.log).toContain('row_count >= 2 of main is now row_count >= 1')
  })

  test('that asks for more adds nothing', async () => {
    const config = CONFIG.replace('- warn: ', '- ').replace('validate-data:\n', 'validate-data:\n  on-inconclusive: fail\n')
    expect(added(await judge({'trainyard.yml': config}))).toEqual([])
  })

  test('that changes the contract, or does without it, is warned of', async () => {
    expect(added(await judge({'contract.yml': CONTRACT.replace('integer', 'number')}))).toEqual([
      ['contract_changed: contract.yml', 'warn']
    ])
    expect(added(await judge({'trainyard.yml': CONFIG.replace(/ {2}contract.*\n/, '')}))).toEqual([
      ['contract_removed: contract.yml', 'warn']
    ])
    const moved = await judge({'trainyard.yml': CONFIG.replace('contract.yml', 'other.yml'), 'other.yml': CONTRACT})
    expect(added(moved)).toEqual([['contract_changed: contract.yml', 'warn']])
  })

  test('that moves an exam, or renames the model, is warned of it with both values', async () => {
    const files = {'trainyard.yml': CONFIG.replace('data: people.csv', 'data: few.csv\nname: wages'), 'few.csv': 'age\n20\n30\n'}
    const ended = await judge(files)
    expect(added(ended)).toEqual([
      ['policy_changed: data', 'warn'],
      ['policy_changed: name', 'warn']
    ])
    expect(ended.log).toContain('data: people.csv of main is now few.csv')
    expect(ended.log).toContain('name: not given by the file of main, is now wages')
  })

  test('that is judged by another file than main has is warned that this was not compared', async () => {
    const files = {'conf/loose.yml': CONFIG.replaceAll(/people\.csv|contract\.yml/g, '../$&').replace('>= 2', '>= 1')}
    const ended = await judge({...files}, {flags: {config: 'conf/loose.yml'}})
    expect([ended.code, added(ended)]).toEqual([0, [['config_moved', 'warn']]])
    expect(ended.evidence?.checks.at(-1)?.message).toBe(
      'config: conf/loose.yml is not there on main, which has trainyard.yml: what that asks for was not compared'
    )
    filesOf(fake).set(`${shaOf('main')}:conf/loose.yml`, CONFIG.replaceAll(/people\.csv|contract\.yml/g, '../$&'))
    const there = await judge({...files}, {flags: {config: 'conf/loose.yml'}})
    expect(added(there)).toContainEqual(['gate_loosened: row_count >= 2', 'warn'])
  })

  test.each<[string, Record<string, string>]>([
    ['its usual file', {}],
    ['a file elsewhere', {config: 'conf/first.yml'}]
  ])('that brings %s to a main without any adds nothing', async (_, flags) => {
    filesOf(fake).clear()
    const first = CONFIG.replaceAll(/people\.csv|contract\.yml/g, '../$&')
    const ended = await judge({'conf/first.yml': first}, {flags})
    expect([ended.code, added(ended)]).toEqual([0, []])
  })

  test('that trains is held against main where it may ask, and says nothing where it may not', async () => {
    const command = `${process.execPath} -e "fs.writeFileSync('m.txt', String(Date.now()))"`
    const config = `${CONFIG}train: {model: m.txt, data: few.csv}\n`
    const files = {'trainyard.yml': config, 'few.csv': 'age\n20\n'}
    const ended = await judge(files, {action: 'train', flags: {command}, event: PUSH})
    expect([ended.code, added(ended)]).toEqual([0, [['policy_changed: data', 'warn']]])
    const asked = fake.requests.length
    const bare = await judge(files, {action: 'train', flags: {command}, event: PUSH, token: ''})
    expect([bare.code, added(bare), fake.requests.length]).toEqual([0, [], asked])
  })

  test('that takes the file away is warned of every gate in it', async () => {
    const folder = {'trainyard.yml': 'data: people.csv\n'}
    const ended = await judge(folder, {flags: {gates: 'row_count >= 2'}})
    expect(added(ended)).toEqual([
      ['gate_removed: null_share(age) <= 1%', 'warn'],
      ['contract_removed: contract.yml', 'warn']
    ])
  })

  test('whose gates stand in the workflow, where main has no file, can not be compared and adds nothing', async () => {
    filesOf(fake).clear()
    const ended = await judge({'trainyard.yml': ''}, {flags: {data: 'people.csv', gates: 'row_count >= 1'}})
    expect([ended.code, added(ended)]).toEqual([0, []])
  })

  test('without a token, or with one that may not read, is warned that nothing was compared', async () => {
    const bare = await judge({}, {token: ''})
    expect([bare.code, added(bare)]).toEqual([0, [['base_not_compared', 'warn']]])
    expect(bare.evidence?.checks.at(-1)?.message).toMatch(/^the inputs of main could not be compared: there is no github-token/)
    fake.permissions = {}
    const refused = await judge({})
    expect(added(refused)).toEqual([['base_not_compared', 'warn']])
    expect(refused.evidence?.checks.at(-1)?.message).toMatch(
      /trainyard\.yml of main could not be read \(403 .*permissions: +contents: read/
    )
    filesOf(fake).clear()
    fake.permissions = undefined
    fake.faults.push({method: 'GET', path: /\/commits\?/, answer: {status: 404, body: {message: 'Not Found'}}})
    expect(added(await judge({}))).toEqual([['base_not_compared', 'warn']])
  })

  test('onto a file that no longer reads, or is too large to be sent, is warned that nothing was compared', async () => {
    for (const text of ['validate-data: {gatez: 1}\n', `#${'x'.repeat(1_000_001)}`]) {
      filesOf(fake).set(`${shaOf('main')}:trainyard.yml`, text)
      expect(added(await judge({}))).toEqual([['base_not_compared', 'warn']])
    }
  })

  test('never turns an error green', async () => {
    const ended = await judge({'people.csv': 'age\n', 'trainyard.yml': CONFIG.replace('>= 2', '>= 1')})
    expect([ended.code, ended.evidence?.outcome]).toEqual([3, 'red'])
  })
})

test('the report shows first what the judges found, and that less is required', async () => {
  const folder = await folderOf({'people.csv': 'age\n20\n30\n', 'event.json': JSON.stringify(PULL), 'contract.yml': CONTRACT})
  await writeFile(join(folder, 'trainyard.yml'), CONFIG.replace('>= 2', '>= 1').replace(', evaluate', ''))
  const env = {
    GITHUB_API_URL: fake.url,
    GITHUB_REPOSITORY: 'octo/wages',
    GITHUB_WORKSPACE: folder,
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: join(folder, 'event.json')
  }
  await onTerminal(folder, 'validate-data', {'github-token': 't'}, env)
  const ended = await onTerminal(folder, 'report', {'github-token': 't', comment: 'never'}, env)
  expect([ended.code, added(ended)]).toEqual([0, [['require_dropped: evaluate', 'warn']]])
  expect(await read(folder, 'trainyard-out/report.md')).toContain(
    '⚠️ **Looser than the base:** row_count >= 2 of main is now row_count >= 1; require: evaluate of main is gone\n'
  )
})

test('the report compares what judges later, or without a token, beside its own', async () => {
  const config = `${CONFIG}publish: {isolation: none}\ndeploy-canary: {gates: error_rate <= stable * 2, require-approval: false}\n`
  filesOf(fake).set(`${shaOf('main')}:trainyard.yml`, `${CONFIG}deploy-canary: {require-approval: true}\ntrain: {data: all.csv}\n`)
  const ended = await judge({'trainyard.yml': config}, {action: 'report', flags: {comment: 'never', require: 'validate-data'}})
  expect(added(ended)).toEqual([
    ['require_dropped: evaluate', 'warn'],
    ['policy_changed: data', 'warn'],
    ['policy_loosened: isolation', 'warn'],
    ['gate_loosened: error_rate <= stable', 'warn'],
    ['policy_loosened: require-approval', 'warn']
  ])
  const told = await judge({'trainyard.yml': 'registry: [1, 2]\n'}, {action: 'report', flags: {comment: 'never'}})
  expect([told.code, added(told)?.map(([id]) => id)]).toEqual([
    3,
    expect.arrayContaining(['base_not_compared', 'require_dropped: validate-data'])
  ])
})

test('a push is compared with the commit before it', async () => {
  const ended = await judge({'trainyard.yml': CONFIG.replace('>= 2', '>= 1')}, {event: PUSH})
  expect(added(ended)).toEqual([['gate_loosened: row_count >= 2', 'warn']])
  expect(ended.log).toContain('row_count >= 2 of main before this push is now row_count >= 1')
})

test.each([
  ['a push that made its branch', {...PUSH, before: '0'.repeat(40)}],
  ['a pull request of no commits', {pull_request: {number: 7}}]
])('%s has nothing to be compared with, and asks nobody', async (_, event) => {
  expect(added(await judge({'trainyard.yml': CONFIG.replace('>= 2', '>= 1')}, {event}))).toEqual([])
  expect(fake.requests).toEqual([])
})

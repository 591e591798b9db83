import {existsSync} from 'node:fs'
import {readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {userInfo} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {commandLine} from '#shared/cli/command-line'
import {REGISTRY_COMMANDS} from '#shared/cli/registry/commands'
import {toEvidence} from '#shared/evidence/evidence'
import {sha256File} from '#shared/files'
import type {Registry} from '#shared/registry/registry'
import {ACTIONS, VOCABULARY} from '../../../../actions/index.js'
import {MODEL, PASSED, RUN} from '../../../support/evidence.js'
import {folderRegistry, publicationOf, registryWorld} from '../../../support/registry.js'

const NAME = 'wages'

/** A folder with a trainyard.yml and a registry, and the command line in it. */
async function yard(world = registryWorld()) {
  const {registry, work, root, stores} = await folderRegistry(world)
  await writeFile(join(work, 'trainyard.yml'), `name: ${NAME}\nregistry: registry\n`)
  const ask = async (...args: string[]) => {
    const lines: string[] = []
    const line = {actions: ACTIONS, vocabulary: VOCABULARY, env: {USER: 'ada'}, cwd: work, print: (text: string) => void lines.push(text)}
    const code = await commandLine(args, line)
    return {code, text: lines.join('\n')}
  }
  return {registry, work, root, stores, ask}
}

/** Version n of a clock that ticks seconds: published with evidence, then promoted with an approval. */
async function promote(registry: Registry, work: string, n: number, auc = 0.7 + n / 100, exam = 'e'): Promise<void> {
  const check = {...PASSED, measured: auc, interval: {low: auc - 0.05, high: auc + 0.05, confidence: 0.95, method: 'DeLong'}}
  const materials = [{kind: 'data', name: 'exam.csv', digest: {sha256: exam.repeat(64)}}] as const
  const facts = [{name: 'log_loss', value: 1 - auc}]
  const evidence = toEvidence({name: 'evaluate', version: '1.0.0'}, {subjects: [MODEL], checks: [check], materials, facts}, RUN)
  const {version, digest} = await registry.publish(
    await publicationOf(work, `model ${n}`, {
      evidence: [{action: 'evaluate', bytes: Buffer.from(JSON.stringify(evidence))}],
      lineage: {materials: [{kind: 'data', name: 'train.csv', sha256: String(n % 10).repeat(64)}], parent: null}
    })
  )
  const approvals = [{environment: 'production', by: 'grace', comment: `go ${n}`}]
  await registry.moveAlias({name: NAME, alias: 'champion', version, digest, reason: 'canary: all gates passed', approvals})
}

async function tenPromotions() {
  const one = await yard()
  for (let n = 1; n <= 10; n++) await promote(one.registry, one.work, n)
  return one
}

describe('history', () => {
  test('after ten promotions and a rollback: newest first, by whom, why, which run, who approved', async () => {
    const {ask} = await tenPromotions()
    expect((await ask('rollback', '--reason', 'worse on Mondays')).code).toBe(0)
    const {code, text} = await ask('history')
    expect(code).toBe(0)
    const lines = text.split('\n')
    expect(lines[0]).toMatch(/^wages in .*registry, newest first, times in UTC$/)
    expect(lines[1]).toMatch(/^when +what +version +digest +by +why$/)
    expect(lines[2]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +rolled back to +v9 +[0-9a-f]{12} +ada +from v10: worse on Mondays$/)
    expect(lines[3]).toMatch(/ promoted +v10 +[0-9a-f]{12} +ada +from v9: canary: all gates passed$/)
    expect(lines[4].trim()).toBe('https://github.com/o/r/actions/runs/ada')
    expect(lines[5].trim()).toBe('approved for production by grace: go 10')
    expect(lines.filter(line => / (?:promoted|registered|rolled back) /.test(line))).toHaveLength(21)
    expect(lines.filter(line => line.startsWith('!'))).toEqual([])
  })

  test('--at a time tells the champion, its run, who approved it and its evidence; --at a day each one of that day', async () => {
    const {ask, registry} = await tenPromotions()
    const third = (await registry.log(NAME)).find(({generation}) => generation === 3)
    const at = await ask('history', NAME, '--at', new Date(Date.parse(third?.at ?? '')).toISOString())
    expect(at.code).toBe(0)
    expect(at.text).toContain(`champion of wages was v3 (sha256 ${third?.digest})`)
    expect(at.text).toContain('approved for production by grace: go 3')
    expect(at.text).toContain('evidence: evaluate green, pass (1 passed), https://github.com/octo/wages/actions/runs/19384756210')
    const day = await ask('history', '--at', '2026-01-02')
    expect(day.text).toContain('2026-01-02 00:00:00: champion of wages pointed nowhere yet')
    expect(day.text.match(/champion became v\d+/g)).toEqual(Array.from({length: 10}, (_, index) => `champion became v${index + 1}`))
    expect((await ask('history', '--at', '2026-01-01')).text).toBe('2026-01-01 00:00:00: champion of wages pointed nowhere yet')
  })

  test('torn and missing entries are said; --at fails where the hole is in the way of the answer, and only there', async () => {
    const {ask, root, registry} = await tenPromotions()
    const log = join(root, 'models/wages/log')
    const files = await readdir(log)
    const fileOf = (part: string) => join(log, files.find(name => name.includes(part)) ?? 'none')
    const [fourth, sixth] = [4, 6].map(n => registry.log(NAME).then(all => all.find(({generation}) => generation === n)?.at ?? ''))
    const [at4, at6] = await Promise.all([fourth, sixth])
    await rm(fileOf('alias-champion-5'))
    await writeFile(fileOf('version-v2'), '{"schema": "urn:train')
    const all = await ask('history')
    expect(all.code).toBe(0)
    expect(all.text).toContain('! alias champion: generation 5 is missing from the log')
    expect(all.text).toMatch(/! models\/wages\/log\/\S+-version-v2-\S+: not a whole JSON document/)
    expect(all.text).toContain('! v2: its publication is not in the log; told from its manifest')
    const inTheWay = await ask('history', '--at', new Date(Date.parse(at4) + 500).toISOString())
    expect(inTheWay.code).toBe(3)
    expect(inTheWay.text).toContain('generation 5 of champion is missing from the log')
    expect((await ask('history', '--at', at6)).code).toBe(0)
  })

  test('an alias that moved before its publisher could log it is told from the alias', async () => {
    const {ask, root} = await tenPromotions()
    const log = join(root, 'models/wages/log')
    const last = (await readdir(log)).find(name => name.includes('alias-champion-10'))
    await rm(join(log, last ?? 'none'))
    const {code, text} = await ask('history')
    expect(code).toBe(0)
    expect(text).toMatch(/ promoted +v10 /)
    expect(text).toContain('! alias champion: its generation 10 is not in the log; told from the alias itself')
  })

  test.each([
    [['history', '--at', '2026-13-01'], '--at: expected a day or a time with its zone, got "2026-13-01"'],
    [['history', '--at', '2026-02-30'], '--at: expected a day'],
    [['history', '--at', '2026-01-01T10:00'], '--at: expected a day or a time with its zone'],
    [['history', '--when', 'now'], 'unknown option --when'],
    [['history', 'Wages'], 'name "Wages"'],
    [['compare', 'v1'], 'compare: expected two versions, got v1'],
    [['fetch'], 'fetch: expected one version, got none'],
    [['rollback'], 'rollback: expected --reason, which the log keeps'],
    [['rollback', '--reason', ' '], 'rollback: expected --reason'],
    [['retire'], '--keep: expected a whole number of at least 1, got none'],
    [['retire', '--keep', '0'], '--keep: expected a whole number of at least 1, got "0"'],
    [['retire', '--keep', '1', '--apply', '--dry-run'], 'expected --apply or --dry-run, got both']
  ])('%j is refused as usage', async (args, message) => {
    const {ask, registry, work} = await yard()
    await promote(registry, work, 1)
    expect(await ask(...args)).toMatchObject({code: 2, text: expect.stringContaining(message)})
  })

  test('a name that nothing was published under, and no registry at all', async () => {
    const {ask, registry, work} = await yard()
    await promote(registry, work, 1)
    expect(await ask('history', 'churn')).toMatchObject({
      code: 3,
      text: expect.stringMatching(/churn: nothing was ever published in .*\nThere is: wages\.$/)
    })
    expect((await ask('history', 'wagse')).text).toMatch(/\nDid you mean wages\? There is: wages\.$/)
    expect((await ask('history', '--at', '2999-01-01')).text).toMatch(/^That lies in the future; this is how it stands now\.\n/)
    expect((await ask('history', '--at', new Date().toISOString().slice(0, 10))).text).toMatch(/^That day is not over yet; /)
    await writeFile(join(work, 'trainyard.yml'), 'name: wages\n')
    expect(await ask('history')).toMatchObject({code: 2, text: expect.stringContaining('registry: required and not given')})
  })
})

test.each(Object.keys(REGISTRY_COMMANDS))('%s explains itself, with its exit codes', async command => {
  const {ask} = await yard()
  const {code, text} = await ask(command, '--help')
  expect(code).toBe(0)
  expect(text).toMatch(new RegExp(`^trainyard ${command} `))
  expect(text).toContain('Exit codes:')
  expect((await ask('help')).text).toContain(`trainyard ${command} `)
})

describe('by whom', () => {
  test('where nobody is named it is by hand, never an empty name', async () => {
    const {ask, registry, work} = await yard({...registryWorld(''), runUrl: ''})
    for (let n = 1; n <= 2; n++) await promote(registry, work, n)
    await registry.rollBack({name: NAME, alias: 'champion', reason: 'worse'})
    expect((await ask('history')).text).toMatch(/ rolled back to +v1 +[0-9a-f]{12} +by hand +from v2: worse$/m)
    const then = (await ask('history', '--at', '2026-01-02')).text
    expect(then).toMatch(/^ {2}promoted \S+ \S+ by hand: canary: all gates passed$/m)
    expect(then).toMatch(/^ {2}rolled back to v1 from v2 \S+ \S+ by hand: worse$/m)
    expect((await ask('compare', 'v1', 'v2')).text).toMatch(/^wages@v1 .* UTC by hand$/m)
  })

  test('in a terminal that tells no user it is who owns the process', async () => {
    const {registry, work} = await yard()
    for (let n = 1; n <= 2; n++) await promote(registry, work, n)
    const line = {actions: ACTIONS, vocabulary: VOCABULARY, env: {}, cwd: work, print: () => undefined}
    expect(await commandLine(['rollback', '--reason', 'worse'], line)).toBe(0)
    expect((await registry.log(NAME)).at(-1)).toMatchObject({event: 'rolled-back', by: userInfo().username})
  })
})

test('a canary that was rolled back is told: when, where, at which weight and why; without its entry from the rollout itself', async () => {
  const {ask, registry, work} = await yard()
  await promote(registry, work, 1)
  const {version, digest} = await registry.publish(await publicationOf(work, 'model 2'))
  const endpoint = 'https://models.example'
  const ended = {startedAt: '2026-01-02T04:00:00Z', updatedAt: '2026-01-02T04:10:00Z', reason: 'error_rate <= stable: proven broken at 5%'}
  const about = {
    name: NAME,
    endpoint,
    phase: 'rolled-back',
    candidate: {version, digest},
    before: {[digest]: 5},
    weights: {},
    lastGood: null
  }
  const rollout = {schema: 'urn:trainyard:canary:v1', ...about, ...ended, lease: {holder: 'o/r 7 deploy', run: ''}}
  await registry.writeState('canaries/one.json', rollout, null)
  const row =
    /^2026-01-02 04:10:00 +rolled back +v2 +[0-9a-f]{12} +(\S+) +canary at 5% on https:\/\/models\.example: error_rate <= stable: proven broken at 5%$/m
  const before = (await ask('history')).text
  expect(row.exec(before)?.[1]).toBe('deploy-canary')
  expect(before).toContain(
    '! v2: that its canary on https://models.example was rolled back is not in the log; told from the rollout itself'
  )
  await registry.logUndone({...{name: NAME, version, digest, endpoint, percent: 5}, ...ended, at: ended.updatedAt})
  const after = (await ask('history')).text
  expect(row.exec(after)?.[1]).toBe('ada')
  expect(after).not.toContain('!')
  expect((await ask('history', 'wages', '--at', '2026-01-02')).text).not.toContain('became v2')
  expect(await ask('rollback', '--reason', 'worse')).toMatchObject({code: 3, text: expect.stringContaining('never pointed anywhere else')})
  expect((await ask('retire', '--keep', '1')).code).toBe(0)
})

test('compare: gates with intervals of both, other measurements and what they were made from', async () => {
  const {ask, registry, work} = await yard()
  await promote(registry, work, 1, 0.71)
  await promote(registry, work, 2, 0.75)
  const {code, text} = await ask('compare', 'wages@v1', 'champion')
  expect(code).toBe(0)
  const row = (start: string) => text.split('\n').find(line => line.startsWith(start))
  expect(row('gate')).toMatch(/^gate +bound +wages@v1 +95% bounds +wages@v2 +95% bounds +difference$/)
  expect(row('evaluate: roc_auc')).toMatch(/>= 0\.7 .*✓ 0\.71 pass +0\.66 to 0\.76 +✓ 0\.75 pass +0\.7 to 0\.8 +\+0\.04$/)
  expect(row('evaluate: log_loss')).toMatch(/0\.29 +0\.25 +-0\.04$/)
  expect(row('data train.csv')).toMatch(/111111111111 +222222222222 +differs$/)
  expect(row('data exam.csv')).toMatch(/eeeeeeeeeeee +eeeeeeeeeeee +same$/)
  expect(text).not.toContain('different exams')
  expect((await ask('compare', 'v1', 'v1')).text).toContain(
    'Left out: 1 gate with the same result, 1 other measurement of no difference; --all shows them.'
  )
  expect((await ask('compare', 'v1', 'v1', '--all')).text).toContain('evaluate: roc_auc')
  await promote(registry, work, 3, 0.75, 'f')
  expect((await ask('compare', 'v1', 'v3')).text).toContain('The two sat different exams: ')
  const json = JSON.parse((await ask('compare', 'v1', 'v2', '--json')).text)
  expect(json.gates[0].checks.map(({measured}: {measured: number}) => measured)).toEqual([0.71, 0.75])
  expect(await ask('compare', 'v1', 'v9')).toMatchObject({code: 3, text: expect.stringContaining('wages v9: not in the registry')})
})

const NO_DATA = /^path: (model-[0-9a-f]{12}\/model-2\.onnx)$[\s\S]*wages v2: its model was fetched to \1, but no data were kept with it/m

describe('fetch', () => {
  test('brings the very bytes, twice; what lies there and is something else is named and left alone', async () => {
    const {ask, registry, work} = await yard()
    await promote(registry, work, 1)
    const {code, text} = await ask('fetch', 'wages@champion', '--to', 'back')
    expect(code).toBe(0)
    const path = join(work, /^path: (.*)$/m.exec(text)?.[1] ?? '')
    expect(await readFile(path, 'utf8')).toBe('model 1')
    expect(text).toContain(`digest: ${(await sha256File(path)).sha256}`)
    expect((await ask('fetch', 'v1', '--to', 'back')).code).toBe(0)
    await writeFile(path, 'somebody else')
    expect(await ask('fetch', 'v1', '--to', 'back')).toMatchObject({code: 3, text: expect.stringContaining('its files in')})
    expect(await readFile(path, 'utf8')).toBe('somebody else')
  })

  test('a damaged blob is named, and nothing is left at the target', async () => {
    const {ask, registry, work, root} = await yard()
    await promote(registry, work, 1)
    const {digest} = await registry.manifest(NAME, 'v1')
    await writeFile(join(root, 'blobs/sha256', digest), 'model X')
    const {code, text} = await ask('fetch', 'v1', '--to', 'back')
    expect(code).toBe(3)
    expect(text).toContain(`the registry returns other bytes than were published: expected sha256 ${digest}`)
    expect(existsSync(join(work, 'back'))).toBe(true)
    expect(await readdir(join(work, 'back'))).toEqual([])
  })

  test('--data brings what was kept, never over what lies there', async () => {
    const {ask, registry, work} = await yard()
    await writeFile(join(work, 'train.csv'), 'a\n1\n')
    const kept = [
      {kind: 'data', path: 'data/train.csv', file: join(work, 'train.csv'), ...(await sha256File(join(work, 'train.csv')))}
    ] as const
    await registry.publish(await publicationOf(work, 'model 1', {kept}))
    await registry.publish(await publicationOf(work, 'model 2'))
    const {code, text} = await ask('fetch', 'v1', '--data')
    expect(code).toBe(0)
    expect(text).toContain('data: data-v1/data/train.csv')
    expect(await readFile(join(work, 'data-v1/data/train.csv'), 'utf8')).toBe('a\n1\n')
    expect(await ask('fetch', 'v1', '--data')).toMatchObject({
      code: 3,
      text: expect.stringContaining('is there already, and nothing is overwritten')
    })
    expect(await ask('fetch', 'v2', '--data')).toMatchObject({code: 3, text: expect.stringMatching(NO_DATA)})
  })
})

describe('rollback', () => {
  test('goes back, then further back, and says that traffic has not moved', async () => {
    const {ask, registry} = await tenPromotions()
    const first = await ask('rollback', '--reason', 'worse')
    expect(first.code).toBe(0)
    expect(first.text).toMatch(/^champion of wages: v10 → v9 \(sha256 [0-9a-f]{64}, generation 11\)$/m)
    expect(first.text).toContain('Traffic has not moved')
    expect(first.text).toContain(
      '  TRAINYARD_ENDPOINT_TOKEN="$MODEL_SERVER_TOKEN" trainyard deploy-canary --name wages --version champion --endpoint <address>\n'
    )
    expect((await ask('rollback', '--reason', 'worse still')).text).toContain('v9 → v8')
    expect((await ask('rollback', '--reason', 'this one', '--to', 'v2')).text).toContain('v8 → v2')
    expect((await registry.log(NAME)).slice(-3).map(({event, version, reason}) => [event, version, reason])).toEqual([
      ['rolled-back', 'v9', 'worse'],
      ['rolled-back', 'v8', 'worse still'],
      ['rolled-back', 'v2', 'this one']
    ])
  })

  test('back at the first champion: from where and when, what goes forward again, and champion stays', async () => {
    const {ask, registry, work} = await yard()
    for (let n = 1; n <= 3; n++) await promote(registry, work, n)
    for (const reason of ['worse', 'worse still']) expect((await ask('rollback', '--reason', reason)).code).toBe(0)
    const at = (await registry.log(NAME)).find(({generation}) => generation === 5)?.at
    const again = await ask('rollback', '--reason', 'and again')
    expect(again.code).toBe(3)
    expect(again.text).toContain(
      `alias champion of wages: points at v1 and was rolled back to it from v2 at ${at} by ada, so there is no predecessor`
    )
    expect(again.text).toContain('--to v3 or --to v2 goes forward again.')
    expect(await registry.resolve(NAME, 'champion')).toMatchObject({version: 'v1', generation: 5})
    expect((await ask('rollback', '--reason', 'forth', '--to', 'v3')).code).toBe(0)
  })

  test('a version that never was champion: refused, and champion stays; one that a hole in the log hides is known by the next move', async () => {
    const {ask, registry, work, root} = await yard()
    for (let n = 1; n <= 3; n++) await promote(registry, work, n)
    const {version} = await registry.publish(await publicationOf(work, 'model 4'))
    const refused = await ask('rollback', '--reason', 'try it', '--to', version)
    expect(refused.code).toBe(3)
    expect(refused.text).toContain('wages v4: never was champion, so there is nothing to go back to')
    expect(refused.text).toContain('deploy-canary brings a new version. It was v1, v2, v3')
    expect(await registry.resolve(NAME, 'champion')).toMatchObject({version: 'v3', generation: 3})
    const log = join(root, 'models/wages/log')
    await rm(join(log, (await readdir(log)).find(name => name.includes('alias-champion-1')) ?? 'none'))
    expect((await ask('rollback', '--reason', 'back', '--to', 'v1')).text).toContain('v3 → v1')
  })

  test.each([
    ['no predecessor', 1, async () => undefined, 'points at v1 and never pointed anywhere else, so there is no predecessor'],
    [
      'a damaged predecessor',
      2,
      async (root: string, digest: string) => await writeFile(join(root, 'blobs/sha256', digest), 'model Z'),
      'wages v1 model-1.onnx: the registry returns other bytes than were published'
    ],
    [
      'a predecessor whose blob is gone',
      2,
      async (root: string, digest: string) => await rm(join(root, 'blobs/sha256', digest)),
      'wages v1 model-1.onnx: the registry has no blobs/sha256/'
    ],
    [
      'a predecessor that is gone',
      2,
      async (root: string) => await rm(join(root, 'models/wages/versions/v1.json')),
      'wages v1: is no longer in the registry'
    ]
  ])('%s: refused, and champion stays', async (_, promotions, harm, message) => {
    const {ask, registry, work, root} = await yard()
    for (let n = 1; n <= promotions; n++) await promote(registry, work, n)
    await harm(root, (await registry.manifest(NAME, 'v1')).digest)
    expect(await ask('rollback', '--reason', 'worse')).toMatchObject({code: 3, text: expect.stringContaining(message)})
    expect(await registry.resolve(NAME, 'champion')).toMatchObject({version: `v${promotions}`, generation: promotions})
  })

  test('a rollout that is open on the model: refused with the run that holds it; one of another model, or at its end, is not in the way', async () => {
    const {ask, registry, work} = await yard()
    for (let n = 1; n <= 2; n++) await promote(registry, work, n)
    const rollout = (name: string, phase: string) => ({
      schema: 'urn:trainyard:canary:v1',
      ...{endpoint: 'https://models.example', name, phase},
      lease: {holder: 'o/r 7 deploy', run: 'https://github.com/o/r/actions/runs/7'}
    })
    await registry.writeState('canaries/other.json', rollout('churn', 'step'), null)
    const tag = await registry.writeState('canaries/one.json', rollout(NAME, 'step'), null)
    const refused = await ask('rollback', '--reason', 'worse')
    expect(refused.code).toBe(3)
    expect(refused.text).toContain('wages: a rollout on https://models.example is under way in https://github.com/o/r/actions/runs/7')
    expect(await registry.resolve(NAME, 'champion')).toMatchObject({version: 'v2'})
    await registry.writeState('canaries/one.json', rollout(NAME, 'promoted'), tag)
    expect((await ask('rollback', '--reason', 'worse')).code).toBe(0)
  })
})

test('retire says what would go and why the rest stays; --apply does it, and the history tells', async () => {
  const {ask, registry} = await tenPromotions()
  const dry = await ask('retire', '--keep', '3')
  expect(dry.code).toBe(0)
  expect(dry.text).toMatch(/^v10 .* stays: among the newest 3$/m)
  expect(dry.text.match(/^v\d+ .* goes$/gm)).toHaveLength(7)
  expect(dry.text).toContain('Nothing was removed: this was a dry run. --apply does it.')
  expect(await registry.versions(NAME)).toHaveLength(10)
  const done = await ask('retire', '--keep', '3', '--apply')
  expect(done.text.match(/^retired v\d+: 7 bytes removed$/gm)).toHaveLength(7)
  expect(await registry.versions(NAME)).toEqual(['v10', 'v9', 'v8'])
  expect((await ask('retire', '--keep', '3', '--apply')).text).toContain('Nothing to retire.')
  expect(await ask('retire', 'churn', '--keep', '3')).toMatchObject({code: 3, text: expect.stringContaining('churn: no version is in')})
  expect((await ask('history')).text).toMatch(/ retired +v1 +[0-9a-f]{12} +ada +keep 3$/m)
  const at = (await registry.log(NAME)).find(({generation}) => generation === 1)?.at ?? ''
  const then = await ask('history', '--at', at)
  expect(then.text).toContain('evidence: evaluate green, pass (1 passed)')
  expect(then.text).toContain('its model was retired since; this evidence is what stays')
  expect((await ask('compare', 'v1', 'v10')).code).toBe(0)
  expect(await ask('fetch', 'v1')).toMatchObject({code: 3, text: expect.stringContaining('wages v1: was retired by ada at')})
})

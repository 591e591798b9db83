import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {sha256File} from '#shared/files'
import {openRegistry} from '#shared/registry/address'
import {registryWorld} from '../../support/registry.js'
import {folderOf, onTerminal, read} from '../../support/step.js'

const OLD = 'plan,age\nbasic,20\nplus,40\n'
const GATES = ['row_count >= 1', 'mean(age) <= reference + 5', 'new_categories(plan) == 0']

/** Data of today beside a registry whose champion was made with `OLD`. */
async function yard(today: string, {profiled = true, promoted = true} = {}) {
  const folder = await folderOf({'old.csv': OLD, 'today.csv': today, 'model.onnx': 'weights'})
  const first = await onTerminal(folder, 'validate-data', {data: 'old.csv', gates: 'row_count >= 1'})
  const bytes = Buffer.from(await read(folder, `trainyard-out/${first.evidence?.files.profile}`))
  await mkdir(join(folder, 'registry'))
  const registry = await openRegistry('registry', {...registryWorld(), env: {}, cwd: folder})
  const [model, data] = [await sha256File(join(folder, 'model.onnx')), await sha256File(join(folder, 'old.csv'))]
  const material = {kind: 'data', name: 'old.csv', sha256: data.sha256}
  await registry.publish({
    name: 'wages',
    model: join(folder, 'model.onnx'),
    digest: model.sha256,
    evidence: [],
    lineage: {materials: [material], parent: null},
    ...(profiled && {profile: {bytes, data: [{name: 'old.csv', sha256: data.sha256}]}}),
    reason: 'a test',
    ...(promoted && {alias: 'champion'})
  })
  return folder
}

const validate = (folder: string, more: Record<string, string | readonly string[]> = {}) =>
  onTerminal(folder, 'validate-data', {
    data: 'today.csv',
    gates: GATES,
    reference: 'champion',
    registry: 'registry',
    name: 'wages',
    ...more
  })

const verdicts = ({evidence}: Awaited<ReturnType<typeof validate>>) => evidence?.checks.map(({verdict}) => verdict)

test('the profile that is kept with the champion is what gates compare with', async () => {
  const alike = await validate(await yard('plan,age\nplus,30\nbasic,36\n'))
  expect(verdicts(alike)).toEqual(['pass', 'pass', 'pass'])
  expect(alike.evidence?.materials).toContainEqual(expect.objectContaining({kind: 'data', name: 'profile of v1 (champion)'}))
  const other = await validate(await yard('plan,age\ngold,60\n'))
  expect(verdicts(other)).toEqual(['pass', 'fail', 'fail'])
  expect(other.evidence?.checks[1]).toMatchObject({measured: 60, reference: {name: 'reference', value: 30}})
})

test('the first model is compared with nothing: a warning beside a gate with a number, an error without', async () => {
  const folder = await yard(OLD, {promoted: false})
  expect(verdicts(await validate(folder))).toEqual(['pass', 'warn', 'warn'])
  const bare = await validate(folder, {gates: GATES.slice(1)})
  expect([bare.code, verdicts(bare)]).toEqual([3, ['error', 'error']])
})

test('a champion without a profile is inconclusive, and says what keeps one', async () => {
  const ended = await validate(await yard(OLD, {profiled: false}))
  expect([ended.code, verdicts(ended)]).toEqual([1, ['pass', 'inconclusive', 'inconclusive']])
  expect(ended.evidence?.checks[1].message).toContain('v1 (champion) was published without a profile of its data; publish keeps one')
})

test('a champion that can not be looked for is an error of the gates that ask for it', async () => {
  const folder = await yard(OLD)
  const nowhere = await validate(folder, {registry: ''})
  expect(verdicts(nowhere)).toEqual(['pass', 'error', 'error'])
  expect(nowhere.evidence?.checks[1].message).toContain('no registry is given to find the champion in')
  expect(verdicts(await validate(folder, {registry: 'gone/registry'}))).toEqual(['pass', 'error', 'error'])
})

test.each([
  ['the same file', OLD, {}, 'changed: false, the data are those of v1 (champion)'],
  ['the same file, of which only the lineage tells', OLD, {profiled: false}, 'changed: false, the data are those of v1 (champion)'],
  ['other bytes', `${OLD}plus,50\n`, {}, 'changed: true, v1 (champion) was made with other data: today.csv and 1 more'],
  ['no champion', OLD, {promoted: false}, 'changed: true, first model: compared with nothing']
])('changed is told of %s', async (_, today, options, said) => {
  const {log, code} = await validate(await yard(today, options), {reference: '', gates: 'row_count >= 1'})
  expect([code, log]).toEqual([0, expect.stringContaining(said)])
  expect(log).toContain(`\n${said.split(',')[0]}\n`)
})

test('a file beside those of the champion changes the data', async () => {
  const folder = await yard(OLD)
  await writeFile(join(folder, 'more.csv'), 'plan,age\nbasic,1\n')
  const {log} = await validate(folder, {data: ['today.csv', 'more.csv'], gates: 'row_count >= 1', reference: ''})
  expect(log).toContain('changed: true, v1 (champion) was made with other data: more.csv')
})

test('without a registry, or with one that is out of reach, the data count as changed and nothing else happens', async () => {
  const folder = await yard(OLD)
  const bare = await validate(folder, {registry: '', gates: 'row_count >= 1', reference: ''})
  expect([bare.code, bare.log]).toEqual([0, expect.stringMatching(/^changed: true$/m)])
  const far = await validate(folder, {registry: 'gone/registry', gates: 'row_count >= 1', reference: ''})
  expect([far.code, far.log]).toEqual([0, expect.stringContaining('changed: true, the champion could not be had: registry')])
})

import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type Evidence, type Findings, toEvidence} from '#shared/evidence/evidence'
import {writeEvidence} from '#shared/evidence/files'
import {parseEvidence} from '#shared/evidence/schema'
import {sha256File, treeDigest} from '#shared/files'
import {folderStores} from '#shared/registry/folder'
import {registryOn} from '#shared/registry/registry'
import {compile} from '../../support/compile.js'
import {FAILED, PASSED, RUN} from '../../support/evidence.js'
import {type FakeGitHub, fakeGitHub} from '../../support/github/fake.js'
import {releasesOf} from '../../support/github/releases.js'
import {registryWorld} from '../../support/registry.js'

let program: string

beforeAll(async () => {
  const compiled = await compile('test/actions/publish/step.ts')
  program = compiled.program
  return compiled.remove
})

interface Ending {
  readonly code: number
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly evidence: Evidence | undefined
}

/** The last job of a run: what train and judge handed on lies in their folders. */
async function pipeline({single = true}: {single?: boolean} = {}) {
  const root = await mkdtemp(join(tmpdir(), 'trainyard-publish-'))
  onTestFinished(() => rm(root, {recursive: true, force: true}))
  const handed = join(root, 'temp', 'trainyard')
  const train = join(handed, 'trainyard-train')
  await mkdir(join(root, 'workspace'), {recursive: true})
  const made = join(root, 'made')
  await mkdir(made)
  await writeFile(join(made, 'model.onnx'), 'the weights')
  if (!single) await writeFile(join(made, 'vocabulary.txt'), 'words')
  const digest = await treeDigest(single ? join(made, 'model.onnx') : made)
  const folder = `model-${digest.sha256.slice(0, 12)}`
  await cp(made, join(train, folder), {recursive: true})
  const subject = {kind: 'model', name: 'model.onnx', digest: {sha256: digest.sha256}} as const
  const write = (name: string, job: string, findings: Partial<Findings> = {}, attempt = 1) => {
    const evidence = toEvidence({name, version: '1.0.0'}, {subjects: [subject], checks: [PASSED], ...findings}, {...RUN, job, attempt})
    return writeEvidence(join(handed, `trainyard-${job}`), evidence)
  }
  await write('train', 'train', {
    files: {model: single ? `${folder}/model.onnx` : folder},
    materials: [{kind: 'data', name: 'train.csv', digest: {sha256: 'd'.repeat(64)}}]
  })
  const model = single ? join(train, folder, 'model.onnx') : join(train, folder)
  const registry = join(root, 'registry')
  await mkdir(registry)
  return {
    root,
    handed,
    model,
    digest: digest.sha256,
    write,
    registry,
    read: () => registryOn(folderStores(registry, registry, {now: () => new Date()}), registryWorld())
  }
}

async function publish(root: string, inputs: Record<string, string> = {}, env: Record<string, string> = {}): Promise<Ending> {
  const [output, summary] = [join(root, 'output'), join(root, 'summary')]
  await writeFile(output, '')
  await writeFile(summary, '')
  const given = {name: 'wages', registry: join(root, 'registry'), ...inputs}
  const environment = {
    PATH: process.env.PATH,
    GITHUB_ACTIONS: 'true',
    RUNNER_ENVIRONMENT: 'self-hosted',
    RUNNER_TEMP: join(root, 'temp'),
    GITHUB_OUTPUT: output,
    GITHUB_STEP_SUMMARY: summary,
    GITHUB_JOB: 'publish',
    GITHUB_REPOSITORY: RUN.repository,
    GITHUB_RUN_ID: RUN.runId,
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_ACTOR: 'octo',
    ...Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    ...env
  }
  const ending = await new Promise<{code: number; log: string}>(resolve => {
    const child = execFile(process.execPath, [program], {cwd: join(root, 'workspace'), env: environment}, (_, stdout, stderr) =>
      resolve({code: child.exitCode ?? -1, log: stdout + stderr})
    )
  })
  const outputs = Object.fromEntries(
    [...(await readFile(output, 'utf8')).matchAll(/^(\S+?)<<(\S+)\n([\s\S]*?)\n\2$/gm)].map(([, name, , value]) => [name, value])
  )
  const evidence = outputs.evidence && parseEvidence(JSON.parse(await readFile(outputs.evidence, 'utf8')), outputs.evidence)
  return {...ending, outputs, evidence: evidence || undefined}
}

test('a model with its evidence is published with that evidence and its lineage; a second run finds it there', async () => {
  const {root, write, digest, read} = await pipeline()
  await write('evaluate', 'judge')
  const first = await publish(root)
  expect(first).toMatchObject({code: 0, outputs: {version: 'v1', digest, published: 'true', verdict: 'pass', outcome: 'green'}})
  expect(first.evidence?.checks.map(({id}) => id)).toEqual(['evidence(train)', 'evidence(evaluate)', 'published'])
  const manifest = await read().manifest('wages', 'v1')
  expect(manifest).toMatchObject({
    digest,
    by: 'octo',
    runUrl: RUN.url,
    attempt: 1,
    files: [{path: 'model.onnx', size: 11, sha256: digest}],
    lineage: {materials: [{kind: 'data', name: 'train.csv', sha256: 'd'.repeat(64)}], parent: null}
  })
  expect((await read().evidence('wages', 'v1')).map(({action}) => action)).toEqual(['train', 'evaluate'])
  expect(await read().resolve('wages', 'candidate')).toMatchObject({version: 'v1', digest})
  expect((await publish(root, {}, {GITHUB_RUN_ATTEMPT: '2'})).outputs).toMatchObject({version: 'v1', published: 'false'})
  expect((await read().manifest('wages', 'v1')).attempt).toBe(1)
})

test('the manifest of what a later attempt publishes says which', async () => {
  const {root, write, read} = await pipeline()
  await write('evaluate', 'judge', {}, 2)
  expect(await publish(root, {}, {GITHUB_RUN_ATTEMPT: '2'})).toMatchObject({code: 0})
  expect((await read().manifest('wages', 'v1')).attempt).toBe(2)
})

describe('the profile of the data', () => {
  const profile = '{"schema": "urn:trainyard:profile:v1", "rows": 0, "columns": []}\n'
  const name = `profile.${createHash('sha256').update(profile).digest('hex').slice(0, 12)}.json`
  const data = {kind: 'data', name: 'train.csv', digest: {sha256: 'd'.repeat(64)}} as const
  const sha = 'c'.repeat(40)

  test('is kept with the version, required or not, beside the files that it describes and the commit', async () => {
    const {root, handed, write, read} = await pipeline()
    await write('evaluate', 'judge')
    await write('validate-data', 'data', {subjects: [data], files: {profile: name}})
    await writeFile(join(handed, 'trainyard-data', name), profile)
    expect(await publish(root, {}, {GITHUB_SHA: sha})).toMatchObject({code: 0})
    expect(await read().manifest('wages', 'v1')).toMatchObject({
      commit: sha,
      profile: {size: profile.length, data: [{name: 'train.csv', sha256: 'd'.repeat(64)}]}
    })
    expect((await read().profile('wages', 'v1'))?.toString()).toBe(profile)
  })

  test('of other data, or of red evidence, is not kept', async () => {
    for (const findings of [{subjects: [{...data, digest: {sha256: 'e'.repeat(64)}}]}, {subjects: [data], checks: [FAILED]}]) {
      const {root, handed, write, read} = await pipeline()
      await write('evaluate', 'judge')
      await write('validate-data', 'data', {...findings, files: {profile: name}})
      await writeFile(join(handed, 'trainyard-data', name), profile)
      expect(await publish(root)).toMatchObject({code: 0})
      expect(await read().profile('wages', 'v1')).toBeNull()
      expect((await read().manifest('wages', 'v1')).commit).toBeUndefined()
    }
  })

  test('that is gone is said, and one that was changed refuses the model', async () => {
    const {root, handed, write, read} = await pipeline()
    await write('evaluate', 'judge')
    await write('validate-data', 'data', {subjects: [data], files: {profile: name}})
    await writeFile(join(handed, 'trainyard-data', name), profile.replace('0', '9'))
    const changed = await publish(root)
    expect(changed).toMatchObject({code: 1, log: expect.stringContaining(`${name}: is not the profile that validate-data wrote`)})
    expect(await read().versions('wages')).toEqual([])
    await rm(join(handed, 'trainyard-data', name))
    expect(await publish(root)).toMatchObject({code: 0, log: expect.stringContaining('The profile of the data is not kept with the model')})
    expect(await read().profile('wages', 'v1')).toBeNull()
  })
})

test('a later green attempt mends an older red one', async () => {
  const {root, write} = await pipeline()
  await write('evaluate', 'judge', {checks: [FAILED]})
  await write('evaluate', 'judge', {}, 2)
  expect(await publish(root, {}, {GITHUB_RUN_ATTEMPT: '2'})).toMatchObject({code: 0, outputs: {version: 'v1', published: 'true'}})
})

test('a folder is published as the tree that train made', async () => {
  const {root, write, digest, read} = await pipeline({single: false})
  await write('evaluate', 'judge')
  expect(await publish(root, {alias: 'champion', version: '1.0.0'})).toMatchObject({code: 0, outputs: {version: '1.0.0', digest}})
  const {path} = await read().fetch('wages', '1.0.0', join(root, 'fetched'))
  expect((await treeDigest(path)).sha256).toBe(digest)
  expect((await read().log('wages')).map(({event}) => event)).toEqual(expect.arrayContaining(['registered', 'promoted']))
})

describe('nothing is published', () => {
  async function expectRefused(ending: Ending, registry: string, message: RegExp): Promise<void> {
    expect(ending.log).toMatch(message)
    expect(ending.code).toBe(1)
    expect(ending.log).not.toMatch(/^\s+at /m)
    expect(Object.keys(ending.outputs).sort()).toEqual(['evidence', 'outcome', 'verdict'])
    expect(ending.outputs.outcome).toBe('red')
    expect(await readdir(registry)).toEqual([])
  }

  test('to a registry that is not there, which is not made', async () => {
    const {root, registry, write} = await pipeline()
    await write('evaluate', 'judge')
    await rm(registry, {recursive: true})
    const ending = await publish(root)
    expect([ending.code, ending.log]).toEqual([1, expect.stringContaining(`there is no folder ${registry}`)])
    expect(existsSync(registry)).toBe(false)
  })

  test('without the evidence that is required', async () => {
    const {root, registry} = await pipeline()
    const ending = await publish(root, {require: 'evaluate, check-fairness'})
    await expectRefused(ending, registry, /evaluate: no evidence was found in .*trainyard\. Run evaluate in a job/)
    expect(ending.evidence?.checks.filter(({verdict}) => verdict === 'error').map(({id}) => id)).toEqual([
      'evidence(evaluate)',
      'evidence(check-fairness)'
    ])
  })

  test('when its evidence is red', async () => {
    const {root, registry, write} = await pipeline()
    await write('evaluate', 'judge', {checks: [FAILED]})
    await expectRefused(await publish(root), registry, /evaluate: red for this model in job judge: 1 of 1 checks \(roc_auc >= 0\.7\)/)
  })

  test('when a later attempt was red, though an older one was green', async () => {
    const {root, registry, write} = await pipeline()
    await write('evaluate', 'judge')
    await write('evaluate', 'judge', {checks: [FAILED]}, 2)
    await expectRefused(await publish(root, {}, {GITHUB_RUN_ATTEMPT: '2'}), registry, /evaluate: red for this model in job judge/)
  })

  test('when evidence of an attempt that there has not been would hide a red one', async () => {
    const {root, registry, write} = await pipeline()
    await write('evaluate', 'judge', {checks: [FAILED]})
    await write('evaluate', 'judge', {}, 99)
    await expectRefused(await publish(root), registry, /evaluate: red for this model in job judge/)
  })

  test('when evidence lies in the folder of another job than its own', async () => {
    const {root, registry, handed, write} = await pipeline()
    const file = await write('evaluate', 'judge')
    await cp(file, join(handed, 'trainyard-train', file.slice(file.lastIndexOf('/'))))
    await rm(join(handed, 'trainyard-judge'), {recursive: true})
    await expectRefused(await publish(root), registry, /was refused: it lies in trainyard-train and says that it is of job judge/)
  })

  test('when the verdict in a file was edited', async () => {
    const {root, registry, write} = await pipeline()
    const file = await write('evaluate', 'judge', {checks: [FAILED]})
    const forged = (await readFile(file, 'utf8')).replace('"outcome": "red"', '"outcome": "green"')
    await writeFile(file, forged)
    await expectRefused(await publish(root), registry, /evaluate-\w+\.json: the verdict fail \(green\) does not follow from its checks/)
  })

  test('when a file of evidence is empty', async () => {
    const {root, registry, write} = await pipeline()
    await writeFile(await write('evaluate', 'judge'), '')
    await expectRefused(await publish(root), registry, /evaluate-\w+\.json: not JSON/)
  })

  test('when evidence is of another major version', async () => {
    const {root, registry, write} = await pipeline()
    const file = await write('evaluate', 'judge')
    await writeFile(file, (await readFile(file, 'utf8')).replace('evidence:v1', 'evidence:v2'))
    await expectRefused(await publish(root), registry, /evidence of version v2, expected v1/)
  })

  test('when the model changed after it was judged: both digests are shown', async () => {
    const {root, registry, write, model, digest} = await pipeline()
    await write('evaluate', 'judge')
    await writeFile(model, 'other weights')
    const {sha256} = await sha256File(model)
    await expectRefused(
      await publish(root),
      registry,
      new RegExp(`is not what train made: its evidence says sha256 ${digest}, the bytes at hand are ${sha256}`)
    )
  })

  test('when a file was dropped into its folder: the file is named', async () => {
    const {root, registry, write, model} = await pipeline({single: false})
    await write('evaluate', 'judge')
    await writeFile(join(model, 'payload.py'), 'import os')
    await expectRefused(await publish(root), registry, /Without payload\.py, which was added, it would be/)
  })

  test('when a file of its folder was renamed', async () => {
    const {root, registry, write, model} = await pipeline({single: false})
    await write('evaluate', 'judge')
    await cp(join(model, 'vocabulary.txt'), join(model, 'words.txt'))
    await rm(join(model, 'vocabulary.txt'))
    await expectRefused(await publish(root), registry, /is not what train made/)
  })

  test('when names in its folder differ only in case', async () => {
    const {root, registry, write, model} = await pipeline({single: false})
    await write('evaluate', 'judge')
    await writeFile(join(model, 'Vocabulary.txt'), 'words')
    await expectRefused(await publish(root), registry, /"Vocabulary\.txt" and "vocabulary\.txt" differ only in case/)
  })

  test('when another model is given than was judged', async () => {
    const {root, registry, write, digest} = await pipeline()
    await write('evaluate', 'judge')
    const other = join(root, 'workspace', 'other.onnx')
    await writeFile(other, 'other weights')
    const {sha256} = await sha256File(other)
    await expectRefused(
      await publish(root, {model: 'other.onnx'}),
      registry,
      new RegExp(`judged another model: its evidence is about sha256 ${digest}, this model is ${sha256}`)
    )
  })

  test('when trainyard.yml is not the one that the gates came from', async () => {
    const {root, registry, write} = await pipeline()
    const config = join(root, 'workspace', 'trainyard.yml')
    await writeFile(config, 'alias: candidate\n')
    await write('evaluate', 'judge', {
      materials: [{kind: 'gates', name: 'trainyard.yml', digest: {sha256: (await sha256File(config)).sha256}}]
    })
    await mkdir(join(root, 'elsewhere'))
    expect((await publish(root, {registry: join(root, 'elsewhere')})).code).toBe(0)
    await writeFile(config, 'alias: champion\n')
    await expectRefused(await publish(root), registry, /its gates were changed after job judge judged by them: trainyard\.yml had sha256/)
  })

  test('when train made two different models', async () => {
    const {root, registry, write} = await pipeline()
    await write('train', 'again', {
      subjects: [{kind: 'model', name: 'model.onnx', digest: {sha256: 'e'.repeat(64)}}],
      files: {model: 'model-eeeeeeeeeeee/model.onnx'}
    })
    await expectRefused(await publish(root), registry, /model: not given, and train made two: .*job again.*job train/)
  })

  test.each([
    ['a fork', {pull_request: {user: {login: 'eve'}, head: {repo: {full_name: 'eve/wages', fork: true}}}}],
    ['Dependabot', {pull_request: {user: {login: 'dependabot[bot]'}, head: {repo: {full_name: RUN.repository}}}}]
  ])('on a pull request from %s', async (from, payload) => {
    const {root, registry, write} = await pipeline()
    await write('evaluate', 'judge')
    const event = join(root, 'event.json')
    await writeFile(event, JSON.stringify({...payload, repository: {full_name: RUN.repository}}))
    const ending = await publish(root, {}, {GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: event})
    await expectRefused(ending, registry, new RegExp(`publish: this pull request is from ${from}, and what it made may not be published`))
  })

  test('that a run of a fork made, from the run that follows it', async () => {
    const {root, registry, write} = await pipeline()
    await write('evaluate', 'judge')
    const event = join(root, 'event.json')
    const run = {id: Number(RUN.runId), head_repository: {full_name: 'eve/wages'}}
    await writeFile(event, JSON.stringify({workflow_run: run, repository: {full_name: RUN.repository}}))
    const ending = await publish(root, {}, {GITHUB_EVENT_NAME: 'workflow_run', GITHUB_EVENT_PATH: event, GITHUB_RUN_ID: '5'})
    await expectRefused(ending, registry, /publish: the run that has ended is from a fork, and what it made may not be published/)
  })

  test('into a folder of a GitHub-hosted runner', async () => {
    const {root, registry, write} = await pipeline()
    await write('evaluate', 'judge')
    await expectRefused(await publish(root, {}, {RUNNER_ENVIRONMENT: 'github-hosted'}), registry, /is gone after the job/)
  })

  test.each<[string, Record<string, string>, RegExp]>([
    ['a name that could leave its folder', {name: '../wages'}, /name "\.\.\/wages": expected 1 to 64 of a-z/],
    ['a version that is none', {version: '01'}, /version "01": expected v<n> or SemVer/],
    ['an alias that reads as a version', {alias: 'v3'}, /alias "v3": reads as a version/]
  ])('under %s, whether there is evidence or not', async (_, inputs, message) => {
    const {root, registry, write} = await pipeline()
    await expectRefused(await publish(root, inputs), registry, message)
    await write('evaluate', 'judge')
    await expectRefused(await publish(root, inputs), registry, message)
  })
})

test('a registry in the file is relative to the file, where evaluate looks for the champion too', async () => {
  const {root, write, digest} = await pipeline()
  await write('evaluate', 'judge')
  const config = join(root, 'workspace', 'models', 'wages', 'trainyard.yml')
  await mkdir(join(dirname(config), 'store'), {recursive: true})
  await writeFile(config, 'registry: store\n')
  const {code, outputs} = await publish(root, {registry: '', config: 'models/wages/trainyard.yml'})
  expect([code, outputs.digest]).toEqual([0, digest])
  expect(await readdir(join(root, 'workspace', 'models', 'wages', 'store', 'models'))).toEqual(['wages'])
})

test('another model under a taken version is refused with both digests, and the version stays what it was', async () => {
  const {root, write, digest, read} = await pipeline()
  await write('evaluate', 'judge')
  const model = join(root, 'first.onnx')
  await writeFile(model, 'the first')
  const first = await sha256File(model)
  await read().publish({
    name: 'wages',
    version: 'v1',
    model,
    digest: first.sha256,
    evidence: [],
    lineage: {materials: [], parent: null},
    reason: 'first'
  })
  const ending = await publish(root, {version: 'v1'})
  expect(ending.log).toContain(`wages v1: already exists with digest ${first.sha256}; this model is ${digest}`)
  expect(ending).toMatchObject({code: 1, outputs: {verdict: 'error', outcome: 'red'}})
  expect((await read().manifest('wages', 'v1')).digest).toBe(first.sha256)
  expect(await read().resolve('wages', 'candidate')).toBeNull()
})

describe('the registry github', () => {
  async function withGitHub(): Promise<{github: FakeGitHub; env: Record<string, string>}> {
    const github = await fakeGitHub()
    github.token = 'token-of-the-job'
    onTestFinished(async () => {
      await github.close()
      expect(github.misfits).toEqual([])
    })
    return {github, env: {GITHUB_API_URL: github.url, 'INPUT_GITHUB-TOKEN': 'token-of-the-job', RUNNER_ENVIRONMENT: 'github-hosted'}}
  }

  test('takes the token of the job, and keeps the model in a release of the repository', async () => {
    const {root, write, digest} = await pipeline()
    await write('evaluate', 'judge')
    const {github, env} = await withGitHub()
    const {code, outputs, log} = await publish(root, {registry: 'github'}, env)
    expect(code, log).toBe(0)
    expect(outputs).toMatchObject({version: 'v1', digest, published: 'true', verdict: 'pass'})
    expect(outputs.url).toBe('https://github.com/octo/wages/blob/trainyard/models/wages/versions/v1.json')
    expect(releasesOf(github).releases).toMatchObject([{tag: 'wages@v1', draft: false}])
    expect(releasesOf(github).assets.map(({bytes}) => bytes.toString())).toContain('the weights')
  })

  test('a job without the permission is told the lines to add, and nothing counts', async () => {
    const {root, write} = await pipeline()
    await write('evaluate', 'judge')
    const {github, env} = await withGitHub()
    github.permissions = {contents: 'read'}
    const {code, log} = await publish(root, {registry: 'github'}, env)
    expect(code).toBe(1)
    expect(log).toContain('this token may not write the contents of the repository')
    expect(log).toMatch(/Add to the job:(?:%0A|\n)permissions:(?:%0A|\n) {2}contents: write/)
    expect(releasesOf(github).releases).toEqual([])
  })
})

import {randomBytes} from 'node:crypto'
import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {treeDigest} from '#shared/files'
import {openRegistry} from '#shared/registry/address'
import {type GithubPace, githubStores} from '#shared/registry/github'
import {type Registry, registryOn} from '#shared/registry/registry'
import {type FakeGitHub, type Fault, fakeGitHub} from '../../support/github/fake.js'
import {filesOn, gitOf} from '../../support/github/git-objects.js'
import {releasesOf} from '../../support/github/releases.js'
import {publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'
import {githubWorld} from '../../support/registry-places.js'

let github: FakeGitHub
let work: string

beforeEach(async () => {
  github = await fakeGitHub()
  work = await temporaryFolder()
})

afterEach(async () => {
  await github.close()
  expect(github.misfits).toEqual([])
})

const PACE: GithubPace = {paced: false, secondMs: 5, callMs: 400, budgetMs: 4000, stallMs: 400}

function open(by = 'ada', pace: GithubPace = PACE): Registry {
  return registryOn(githubStores('github', githubWorld(github.url), pace), registryWorld(by))
}

const REF = /\/git\/refs/
const CONTENTS = /\/contents\//
const UPLOAD = /^\/uploads\//
const APPLIED_500 = {applied: true, answer: {status: 500, body: '<html>Unicorn!</html>'}} as const

/** The error of an attempt that fails, as the person reads it. */
async function failure(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => new Error('did not fail'),
    cause => cause
  )
  return `${error.message}\n${error.hint}`
}

const branch = () => filesOn(gitOf(github), 'trainyard')
const messages = () => [...gitOf(github).commits.values()].map(({message}) => message.split('\n')[0])

describe('what lies in the repository', () => {
  test('documents on a branch without a parent, the model in a published release, the history readable', async () => {
    const {version, url} = await open().publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
    expect(url).toBe('https://github.com/octo/wages/blob/trainyard/models/wages/versions/v1.json')
    expect([...branch().keys()]).toEqual([
      expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/),
      'models/wages/aliases/candidate.json',
      expect.stringMatching(/-version-v1-[0-9a-f]{12}\.json$/),
      expect.stringContaining('-alias-candidate-1.json'),
      'models/wages/versions/v1.json'
    ])
    expect(messages()).toEqual(['Begin', `Register wages ${version}`, 'Point the alias candidate of wages'])
    const git = gitOf(github)
    expect([...git.commits.values()].map(({parents}) => parents.length)).toEqual([0, 0, 1])
    const [release] = releasesOf(github).releases
    expect(release).toMatchObject({tag: 'wages@v1', name: 'wages v1', draft: false})
    expect(releasesOf(github).assets).toHaveLength(1)
  })

  test('the next v<n> is above every release tag of the name', async () => {
    const git = gitOf(github)
    const main = git.refs.get('heads/main') ?? ''
    for (const tag of ['wages@v7', 'wages@v3', 'wages-eu@v12', 'v20']) git.refs.set(`tags/${tag}`, main)
    expect((await open().publish(await publicationOf(work, 'model one'))).version).toBe('v8')
  })

  test('a release that somebody made by hand is not written over', async () => {
    releasesOf(github).releases.push({id: 7, tag: 'wages@1.0.0', name: 'mine', body: '', draft: false, at: '2026-01-01T00:00:00Z'})
    const failed = await failure(open().publish(await publicationOf(work, 'model one', {version: '1.0.0'})))
    expect(failed).toMatch(/there is a release wages@1\.0\.0 already that no publication of this model made\nPublish under another version/)
    expect(branch().size).toBe(0)
    expect(releasesOf(github).assets).toEqual([])
  })

  test('a tree that GitHub does not tell at once is read folder by folder', async () => {
    await open().publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
    gitOf(github).truncated = true
    expect(await open().versions('wages')).toEqual(['v1'])
    expect((await open().publish(await publicationOf(work, 'model two', {alias: 'candidate'}))).version).toBe('v2')
  })
})

describe('refusals', () => {
  test.each<[string, () => void, RegExp]>([
    [
      'a token that may not write',
      () => {
        github.permissions = {contents: 'read'}
      },
      /registry github \(octo\/wages\): this token may not write the contents of the repository: GitHub said "403 Resource not accessible by integration"\nAdd to the job:\npermissions:\n {2}contents: write$/
    ],
    [
      'a token that may not read',
      () => {
        github.permissions = {}
      },
      /this token may not read the contents of the repository: .*\nAdd to the job:\npermissions:\n {2}contents: read$/
    ],
    [
      'a token that is not valid',
      () => {
        github.token = 'another'
      },
      /the token is not valid, or not any more: GitHub said "401 Bad credentials"\nLeave github-token out/
    ],
    [
      'a protected branch',
      () => {
        gitOf(github).protected.add('heads/trainyard')
      },
      /the branch trainyard is protected: GitHub said "422 Repository rule violations found[\s\S]*Let a rule of the repository except the branch trainyard/
    ],
    [
      'a repository without a commit',
      () => {
        gitOf(github).empty = true
      },
      /the repository has no commit yet: GitHub said .*\nPush a first commit/
    ]
  ])('%s: said with what to do, and no version counts', async (_, break_, message) => {
    break_()
    expect(await failure(open().publish(await publicationOf(work, 'model one', {alias: 'candidate'})))).toMatch(message)
    expect(branch().size).toBe(0)
    expect(releasesOf(github).releases.filter(({draft}) => !draft)).toEqual([])
  })

  test('a rule that lets no tag be made: the tag is named', async () => {
    const body = {
      message: 'Validation Failed: pre_receive Repository rule violations found. Cannot create ref due to creations being restricted.'
    }
    github.faults.push({method: 'PATCH', path: /\/releases\/\d+$/, answer: {status: 422, body}})
    expect(await failure(open().publish(await publicationOf(work, 'model one')))).toMatch(
      /the tag wages@v1 is protected: GitHub said "422 [^"]*"\nLet the ruleset for tags \(Settings, Rules\) except wages@\*/
    )
  })

  test('a repository that the token does not see is never a registry without a version', async () => {
    const world = {...githubWorld(github.url), env: {GITHUB_REPOSITORY: 'octo/other', GITHUB_API_URL: github.url}}
    const registry = registryOn(githubStores('github', world, PACE), registryWorld())
    expect(await failure(registry.everPromoted('wages', 'champion'))).toMatch(
      /registry github \(octo\/other\): GitHub shows this token no such repository\nAdd to the job:\npermissions:\n {2}contents: read/
    )
  })

  test('a repository without a commit is read as a registry without a version', async () => {
    gitOf(github).empty = true
    expect(await open().everPromoted('wages', 'champion')).toBe(false)
  })

  test('a token that expires midway: said, and the next run completes it', async () => {
    const publication = await publicationOf(work, 'model one', {alias: 'candidate'})
    github.faults.push({method: 'POST', path: /\/git\/commits$/, times: 9, answer: {status: 401, body: {message: 'Bad credentials'}}})
    expect(await failure(open().publish(publication))).toMatch(/the token is not valid, or not any more/)
    expect(branch().size).toBe(0)
    github.faults.splice(0)
    expect(await open().publish(publication)).toMatchObject({version: 'v1', published: true})
    expect(github.requests.filter(line => line.startsWith('POST /uploads'))).toHaveLength(1)
    expect(releasesOf(github).releases).toHaveLength(1)
  })

  test.each<[string, Record<string, string>, string | undefined, RegExp]>([
    ['no repository', {}, 't', /which repository is not known: GITHUB_REPOSITORY is not set\nIn a workflow GitHub sets it; elsewhere set/],
    ['no owner', {GITHUB_REPOSITORY: 'wages'}, 't', /GITHUB_REPOSITORY is "wages"/],
    [
      'no token',
      {GITHUB_REPOSITORY: 'octo/wages'},
      undefined,
      /registry github: there is no github-token\nIn a workflow leave the input out/
    ]
  ])('outside of Actions, %s: said what to give', async (_, env, githubToken, message) => {
    expect(await failure(openRegistry('github', {...registryWorld(), env, githubToken, cwd: work}))).toMatch(message)
    expect(github.requests).toEqual([])
  })

  test('more files than a release takes, and files that are too large: refused before anything is sent', async () => {
    const model = join(work, 'many')
    await mkdir(model)
    for (let index = 0; index <= 1000; index++) await writeFile(join(model, `${index}.bin`), String(index))
    const {sha256} = await treeDigest(model)
    expect(await failure(open().publish(await publicationOf(work, 'many', {model, digest: sha256})))).toMatch(
      /wages v1: 1001 files, and the registry github takes 1000 of a version at most\n.*s3:\/\/bucket\/prefix/
    )
    const {blobs} = githubStores('github', githubWorld(github.url), PACE)
    expect(() => blobs.admit?.([{label: 'big.bin', size: 2 * 1024 ** 3}], {name: 'wages', version: 'v1'})).toThrow(
      'big.bin: 2.00 GiB, and the registry github takes files below 2 GiB'
    )
    expect(github.requests.filter(line => line.startsWith('POST'))).toEqual([])
  })
})

describe('what was deleted', () => {
  test.each(['asset', 'release'])('an %s that is gone is named when its model is fetched', async what => {
    await open().publish(await publicationOf(work, 'model one'))
    const state = releasesOf(github)
    const [{id}] = state.assets
    state.assets.splice(0)
    if (what === 'release') state.releases.splice(0)
    expect(await failure(open().fetch('wages', 'v1', join(work, 'fetched')))).toMatch(
      new RegExp(`wages v1 model-one\\.onnx: the registry has no assets/${id}/[0-9a-f]{64}\nIt was deleted: publish the model again`)
    )
  })

  test('a release that is gone is said when the same model is published again', async () => {
    const publication = await publicationOf(work, 'model one')
    await open().publish(publication)
    releasesOf(github).releases.splice(0)
    expect(await failure(open().publish(publication))).toMatch(
      /the release wages@v1 is gone, and the files of wages v1 with it\nPublish the model again/
    )
  })

  test('a release whose tag was deleted, which makes it a draft, is published again by the next run', async () => {
    const publication = await publicationOf(work, 'model one')
    await open().publish(publication)
    const [release] = releasesOf(github).releases
    release.draft = true
    gitOf(github).refs.delete('tags/wages@v1')
    expect(await open().publish(publication)).toMatchObject({version: 'v1', published: false})
    expect(release.draft).toBe(false)
    expect(gitOf(github).refs.has('tags/wages@v1')).toBe(true)
  })

  test('a draft is found beneath more than a hundred later releases', async () => {
    const publication = await publicationOf(work, 'model one')
    await open().publish(publication)
    const {releases} = releasesOf(github)
    const [release] = releases
    release.draft = true
    gitOf(github).refs.delete('tags/wages@v1')
    for (let id = 1; id <= 120; id++)
      releases.push({...release, id: release.id + id, tag: `other@${id}`, name: `other ${id}`, body: '', draft: false})
    expect(await open().publish(publication)).toMatchObject({version: 'v1', published: false})
    expect(release.draft).toBe(false)
  })
})

describe('answers that are none', () => {
  const faults: readonly [string, Fault][] = [
    ['the ref was made and GitHub said 500', {method: 'POST', path: REF, ...APPLIED_500}],
    ['the ref was moved and GitHub said 500', {method: 'PATCH', path: REF, ...APPLIED_500}],
    ['the ref was moved and the connection broke', {method: 'PATCH', path: REF, applied: true, answer: 'reset'}],
    ['the ref was not moved and GitHub said 502', {method: 'PATCH', path: REF, answer: {status: 502, body: '<html>Bad gateway</html>'}}],
    ['the ref update hangs', {method: 'PATCH', path: REF, answer: 'stall'}],
    [
      'the ref update is refused as no fast forward',
      {method: 'PATCH', path: REF, answer: {status: 422, body: {message: 'Update is not a fast forward'}}}
    ],
    ['the draft was made and GitHub said 500', {method: 'POST', path: /\/releases$/, ...APPLIED_500}],
    ['the asset arrived and GitHub said 500', {method: 'POST', path: UPLOAD, ...APPLIED_500}],
    ['the upload broke off', {method: 'POST', path: UPLOAD, answer: 'reset'}],
    ['the upload hangs', {method: 'POST', path: UPLOAD, answer: 'stall'}],
    ['the release was published and GitHub said 500', {method: 'PATCH', path: /\/releases\//, ...APPLIED_500}],
    ['the tree is HTML', {method: 'GET', path: /\/git\/trees\//, times: 2, answer: {status: 200, body: '<html>Sign in</html>'}}],
    ['a blob is cut off', {method: 'GET', path: /\/git\/blobs\//, answer: 'cut'}],
    ['the tree hangs in its body', {method: 'GET', path: /\/git\/trees\//, answer: 'stall in the body'}],
    [
      'a secondary limit',
      {method: 'GET', path: /\/git\/trees\//, answer: {status: 429, body: {message: 'You have exceeded a secondary rate limit'}}}
    ]
  ]

  test.each(faults)('%s: the publication ends well, once', async (_, fault) => {
    await open().publish(await publicationOf(work, 'model zero', {alias: 'candidate'}))
    const fresh = _.startsWith('the ref was made')
    if (fresh) github.state = {}
    github.faults.push({...fault})
    const number = fresh ? 1 : 2
    expect(await open('bob').publish(await publicationOf(work, 'model one', {alias: 'candidate'}))).toMatchObject({
      version: `v${number}`,
      published: true,
      alias: {generation: number}
    })
    expect(github.faults.every(({times}) => times === 0)).toBe(true)
    const log = (await open().log('wages')).map(({event, version}) => `${event} ${version}`)
    expect(log.sort()).toEqual(fresh ? ['moved v1', 'registered v1'] : ['moved v1', 'moved v2', 'registered v1', 'registered v2'])
    expect(releasesOf(github).releases.map(({tag, draft}) => [tag, draft])).toEqual(
      Array.from({length: number}, (_, index) => [`wages@v${index + 1}`, false])
    )
    expect(releasesOf(github).assets.filter(({state}) => state !== 'uploaded')).toEqual([])
    const {path} = await open().fetch('wages', `v${number}`, join(work, 'fetched'))
    expect(await readFile(path, 'utf8')).toBe('model one')
  })

  const states: readonly [string, Fault][] = [
    ['written, and GitHub said 500', {method: 'PUT', path: CONTENTS, ...APPLIED_500}],
    ['written, and the connection broke', {method: 'PUT', path: CONTENTS, applied: true, answer: 'reset'}],
    ['not written, and GitHub said 503', {method: 'PUT', path: CONTENTS, answer: {status: 503, body: '<html>Busy</html>'}}],
    ['not written, and the call hangs', {method: 'PUT', path: CONTENTS, answer: 'stall'}],
    [
      'refused as the branch moved on',
      {method: 'PUT', path: CONTENTS, answer: {status: 409, body: {message: 'is at aaa but expected bbb'}}}
    ]
  ]

  test.each(states)('a state is %s: it counts once, under the tag that is told', async (_, fault) => {
    const key = `canaries/${'c'.repeat(64)}.json`
    const registry = open()
    const first = await registry.writeState(key, {step: 1}, null)
    github.faults.push({...fault})
    const second = await registry.writeState(key, {step: 2}, first)
    expect(second).not.toBeNull()
    expect(await open().readState(key)).toEqual({value: {step: 2}, tag: second})
    expect(await registry.writeState(key, {step: 3}, second)).not.toBeNull()
    expect(messages().filter(message => message.startsWith('Keep the state of rollout cccccccccccc'))).toHaveLength(3)
  })

  test('a state that was written, its answer lost, and then written over by another: the swap had its turn', async () => {
    const key = `canaries/${'c'.repeat(64)}.json`
    const first = await open().writeState(key, {step: 1}, null)
    const [registry, other] = [open(), open('bob')]
    await registry.readState(key)
    let came = false
    github.faults.push({method: 'PUT', path: CONTENTS, ...APPLIED_500})
    // As soon as the first looks what became of its write, the second writes on top of it.
    github.before = async line => {
      if (came || !line.startsWith('GET')) return
      came = true
      const seen = await other.readState(key)
      await other.writeState(key, {step: 3}, seen?.tag ?? null)
    }
    const second = await registry.writeState(key, {step: 2}, first)
    github.before = undefined
    expect(second).not.toBeNull()
    expect((await open().readState(key))?.value).toEqual({step: 3})
  })

  test('a branch that is shown as it was before our own write is asked for again', async () => {
    const registry = open('ada', {...PACE, freshMs: 0})
    await registry.publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
    gitOf(github).stale = 2
    expect(await registry.resolve('wages', 'candidate')).toMatchObject({version: 'v1', generation: 1})
    expect(gitOf(github).stale).toBe(0)
  })

  test('a call that hangs for good ends within its limit, with a message', async () => {
    github.faults.push({method: 'GET', path: /\/git\/trees\//, times: 99, answer: 'stall'})
    const before = performance.now()
    expect(await failure(open('ada', {...PACE, budgetMs: 1200}).versions('wages'))).toMatch(
      /registry github \(octo\/wages\): it could not be read: GitHub said ".+"\nRun this again/
    )
    expect(performance.now() - before).toBeLessThan(8000)
  })

  test('a limit that lasts is said as such', async () => {
    const body = {message: 'API rate limit exceeded for installation ID 1.'}
    github.faults.push({
      method: 'GET',
      path: /\/git\/trees\//,
      times: 99,
      answer: {status: 403, body, headers: {'x-ratelimit-remaining': '0'}}
    })
    expect(await failure(open().versions('wages'))).toMatch(
      /the limit of this token is used up: .*rate limit exceeded.*\nRun the job again later/
    )
  })
})

describe('large files', () => {
  const megabytes = (count: number) => randomBytes(count << 20)

  async function published(bytes: Buffer) {
    const model = join(work, 'large.onnx')
    await writeFile(model, bytes)
    const {sha256} = await treeDigest(model)
    return await publicationOf(work, 'large', {model, digest: sha256})
  }

  test('what an interrupted upload left is deleted and sent anew; what was sent whole is not sent again', async () => {
    const publication = await published(megabytes(1))
    // A run that was killed in the middle of its upload.
    github.faults.push({method: 'POST', path: UPLOAD, times: 3, answer: 'reset'})
    await expect(open().publish(publication)).rejects.toThrow('was interrupted')
    const state = releasesOf(github)
    expect(state.releases).toMatchObject([{tag: 'wages@v1', draft: true}])
    state.assets.push({
      id: 900,
      release: state.releases[0].id,
      name: publication.digest,
      label: '',
      bytes: Buffer.alloc(7),
      state: 'starter'
    })
    expect(await open().publish(publication)).toMatchObject({version: 'v1', published: true})
    expect(state.assets).toMatchObject([{name: publication.digest, state: 'uploaded'}])
    expect(state.releases).toMatchObject([{tag: 'wages@v1', draft: false}])
  })

  test('an upload that arrives with other bytes is found out, and no version counts', async () => {
    const publication = await published(megabytes(1))
    github.before = line => {
      const [asset] = releasesOf(github).assets
      if (line.startsWith('GET') && asset !== undefined)
        asset.bytes = Buffer.from(asset.bytes.map((byte, index) => (index === 9 ? byte ^ 1 : byte)))
    }
    expect(await failure(open().publish(publication))).toMatch(/the registry returns other bytes than were published|changed/)
    expect([...branch().keys()]).toEqual([])
  })

  test('a download goes on where its connection broke, and the storage never sees the token', async () => {
    const bytes = megabytes(4)
    await open().publish(await published(bytes))
    releasesOf(github).downloads.splice(0)
    github.faults.push({method: 'GET', path: /^\/storage\//, times: 2, answer: 'cut'})
    const {path} = await open().fetch('wages', 'v1', join(work, 'fetched'))
    expect((await readFile(path)).equals(bytes)).toBe(true)
    expect(releasesOf(github).downloads).toEqual([
      'all',
      expect.stringMatching(/^bytes=[1-9]\d+-$/),
      expect.stringMatching(/^bytes=[1-9]\d+-$/)
    ])
  })
})

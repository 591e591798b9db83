import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type GithubWorld, githubStores} from '#shared/registry/github'
import {type Registry, registryOn} from '#shared/registry/registry'
import {type FakeGitHub, type Fault, fakeGitHub} from '../../support/github/fake.js'
import {gitOf} from '../../support/github/git-objects.js'
import {releasesOf} from '../../support/github/releases.js'
import {publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'
import {githubWorld} from '../../support/registry-places.js'

let github: FakeGitHub
let registry: Registry
let work: string

beforeEach(async () => {
  github = await fakeGitHub()
  registry = open()
  work = await temporaryFolder()
})
afterEach(async () => {
  await github.close()
  expect(github.misfits).toEqual([])
})

function open(world: Partial<GithubWorld> = {}): Registry {
  const sleep = () => new Promise<void>(resolve => setImmediate(resolve))
  return registryOn(
    githubStores('github', {...githubWorld(github.url), sleep, ...world}, {paced: false, secondMs: 1, callMs: 400, budgetMs: 4000}),
    registryWorld()
  )
}

async function publish(versions: readonly (string | undefined)[]): Promise<void> {
  for (const [index, version] of versions.entries()) await registry.publish(await publicationOf(work, `model ${index}`, {version}))
}

const retire = async (by = registry) => await by.retire(await by.planRetention('wages', 1), 'keep 1')
const releases = () => releasesOf(github).releases.map(({tag, draft}) => `${tag}${draft ? ' (draft)' : ''}`)
const tags = () => [...gitOf(github).refs.keys()].filter(ref => ref.startsWith('tags/'))

test('the release and the tag of a retired version go with its files; its number is never given again', async () => {
  await publish([undefined, undefined, undefined])
  await retire()
  expect([releases(), tags(), releasesOf(github).assets.length]).toEqual([['wages@v3'], ['tags/wages@v3'], 1])
  expect((await open().planRetention('wages', 1)).unfinished).toEqual([])
  expect(await registry.publish(await publicationOf(work, 'model 0'))).toMatchObject({version: 'v4', published: true})
  await expect(open().publish(await publicationOf(work, 'model 0', {version: 'v1'}))).rejects.toThrow('wages v1: was there with digest')
})

test('a retirement that is killed before any of its requests is completed by the next', {timeout: 60_000}, async () => {
  for (let stop = 0; ; stop++) {
    github.state = {}
    registry = open()
    await publish([undefined, undefined])
    let left = stop
    const dying = open({
      fetch: (url, options) => {
        if (options?.method !== 'GET' && left-- <= 0) throw new TypeError('killed')
        return fetch(url, options)
      },
      sleep: async () => {
        if (left < 0) throw new TypeError('killed')
      }
    })
    const ended = await retire(dying).then(
      () => true,
      () => false
    )
    expect((await open().tombstone('wages', 'v1'))?.removed ?? false).toBe(ended)
    registry = open()
    await retire()
    expect([stop, releases(), tags()]).toEqual([stop, ['wages@v2'], ['tags/wages@v2']])
    expect((await open().tombstone('wages', 'v1'))?.removed).toBe(true)
    if (ended) return expect(stop).toBeGreaterThan(5)
  }
})

const APPLIED_500 = {applied: true, answer: {status: 500, body: '<html>Unicorn!</html>'}} as const
test.each<[string, Fault]>([
  ['the tag was removed and GitHub said 500', {method: 'DELETE', path: /\/git\/refs\//, ...APPLIED_500}],
  ['the release was removed and GitHub said 500', {method: 'DELETE', path: /\/releases\/\d+$/, ...APPLIED_500}],
  ['the tag was not removed and the call hangs', {method: 'DELETE', path: /\/git\/refs\//, answer: 'stall'}]
])('%s: it ends well', async (_, fault) => {
  await publish([undefined, undefined])
  github.faults.push({...fault})
  expect(await retire()).toMatchObject([{version: 'v1'}])
  expect([releases(), tags(), github.faults[0].times]).toEqual([['wages@v2'], ['tags/wages@v2'], 0])
})

describe('what stays', () => {
  test('a release to which somebody has added a file, with its tag', async () => {
    await publish([undefined, undefined])
    const [{id}] = releasesOf(github).releases
    releasesOf(github).assets.push({id: 900, release: id, name: 'notes.pdf', label: '', bytes: Buffer.from('pdf'), state: 'uploaded'})
    await retire()
    expect([releases(), tags()]).toEqual([
      ['wages@v1', 'wages@v2'],
      ['tags/wages@v1', 'tags/wages@v2']
    ])
    expect(releasesOf(github).assets.map(({name}) => name)).toContain('notes.pdf')
    expect((await open().tombstone('wages', 'v1'))?.removed).toBe(true)
  })

  test('a release of that tag that was not made here', async () => {
    await publish([undefined, undefined])
    releasesOf(github).releases[0].body = 'Written by hand'
    await retire()
    expect([releases(), tags()]).toEqual([
      ['wages@v1', 'wages@v2'],
      ['tags/wages@v1', 'tags/wages@v2']
    ])
  })

  test('a tag that was there before its version', async () => {
    const git = gitOf(github)
    git.refs.set('tags/wages@1.0.0', git.refs.get('heads/main') ?? '')
    await publish(['1.0.0', '1.1.0', undefined])
    await retire()
    expect([releases(), tags()]).toEqual([['wages@v1'], ['tags/wages@1.0.0', 'tags/wages@v1']])
  })

  test('a tag that came to be while its version was sent', async () => {
    const git = gitOf(github)
    const crossing = open({
      fetch: (url, options) => {
        if (options?.method === 'POST' && String(url).endsWith('/releases'))
          git.refs.set('tags/wages@1.0.0', git.refs.get('heads/main') ?? '')
        return fetch(url, options)
      }
    })
    await crossing.publish(await publicationOf(work, 'model 9', {version: '1.0.0'}))
    await publish([undefined])
    await retire()
    expect([releases(), tags()]).toEqual([['wages@v1'], ['tags/wages@1.0.0', 'tags/wages@v1']])
  })

  test('a tag that somebody made after that of the release was deleted', async () => {
    await publish(['1.0.0'])
    // GitHub makes a draft of a release whose tag is deleted, which a new tag of that name does not undo.
    releasesOf(github).releases[0].draft = true
    registry = open()
    await publish(['1.0.0', undefined])
    expect(releases()).toEqual(['wages@1.0.0', 'wages@v1'])
    await retire()
    expect([releases(), tags()]).toEqual([['wages@v1'], ['tags/wages@1.0.0', 'tags/wages@v1']])
  })

  test('the tag of a release that does not say that it made it', async () => {
    await publish([undefined, undefined])
    const [first] = releasesOf(github).releases
    first.body = first.body.replace(/\n<!-- trainyard\/v1 tag=.*/, '')
    await retire()
    expect([releases(), tags()]).toEqual([['wages@v2'], ['tags/wages@v1', 'tags/wages@v2']])
  })

  test('what another model’s version refers to', async () => {
    await publish([undefined, undefined])
    const manifest = await registry.manifest('wages', 'v1')
    await registry.writeState('models/tips/versions/v1.json', {...manifest, name: 'tips'}, null)
    await retire()
    expect(releases()).toEqual(['wages@v1', 'wages@v2'])
    expect((await open().fetch('tips', 'v1', work)).digest).toBe(manifest.digest)
  })
})

test('tags that a rule protects are named, and their releases stay until the rule lets them go; the others go at once', async () => {
  await publish([undefined, undefined, undefined, undefined])
  gitOf(github).protected.add('tags/wages@v3').add('tags/wages@v1')
  const removed = async () => {
    const tombstones = await Promise.all(['v1', 'v2', 'v3'].map(version => open().tombstone('wages', version)))
    return tombstones.map(tombstone => tombstone?.removed)
  }
  for (const time of ['first', 'second']) {
    const {message, hint} = await retire(open()).catch(error => error)
    expect([time, message, hint]).toEqual([
      time,
      expect.stringMatching(
        /^wages v[13]: its model is removed, and what held it could not be: registry github \(octo\/wages\): the tag wages@v[13] is protected: GitHub said "422 .*Cannot delete this protected ref\."; nor could what held 1 more: v[13]$/
      ),
      'Let the ruleset for tags (Settings, Rules) except wages@*, then run this again.'
    ])
    expect([releases(), releasesOf(github).assets.length]).toEqual([['wages@v1', 'wages@v3', 'wages@v4'], 1])
    expect(await removed()).toEqual([false, true, false])
  }
  gitOf(github).protected.clear()
  expect((await retire(open())).map(({version}) => version).sort()).toEqual(['v1', 'v3'])
  expect([releases(), tags(), await removed()]).toEqual([['wages@v4'], ['tags/wages@v4'], [true, true, true]])
})

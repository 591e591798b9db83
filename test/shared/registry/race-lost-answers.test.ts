import {beforeEach, describe, expect, test} from 'vitest'
import {githubStores} from '#shared/registry/github'
import {type Registry, registryOn} from '#shared/registry/registry'
import {random} from '#shared/stats/random'
import type {FakeGitHub, Fault} from '../../support/github/fake.js'
import {addBlob, addCommit, type GitState, gitOf, moveRef, updateTree} from '../../support/github/git-objects.js'
import {ownFake} from '../../support/github/own.js'
import {publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'
import {githubWorld} from '../../support/registry-places.js'

let github: FakeGitHub
beforeEach(async () => {
  github = await ownFake()
})

const KEY = `canaries/${'c'.repeat(64)}.json`
const CONTENTS = {method: 'PUT', path: /\/contents\//} as const
const REF = {method: 'PATCH', path: /\/git\/refs/} as const
const SAID_500 = {status: 500, body: '<html>Unicorn!</html>'}
const pause = () => new Promise<void>(resolve => setImmediate(resolve))

function open(by = 'ada', freshMs?: number): Registry {
  const world = {...githubWorld(github.url), sleep: pause}
  return registryOn(githubStores('github', world, {paced: false, secondMs: 5, callMs: 400, budgetMs: 4000, freshMs}), registryWorld(by))
}

/** GitHub commits the next write and says 500; its next reads of these kinds show the branch as it was before. */
function lose(fault: Pick<Fault, 'method' | 'path'>, reads: number, staleOf?: GitState['staleOf']): void {
  github.faults.push({...fault, applied: true, answer: SAID_500})
  const git = gitOf(github)
  github.before = line => {
    if (github.faults.some(({times = 1}) => times > 0)) return
    if (!line.startsWith('GET')) return
    github.before = undefined
    git.stale = reads
    git.staleOf = staleOf
  }
}

const writes = () => [...gitOf(github).commits.values()].filter(({message}) => message.startsWith('Keep the state')).length

/** As somebody else does in a commit. */
function writeOver(git: GitState, step: number): void {
  const head = git.commits.get(git.refs.get('heads/trainyard') ?? '')
  const tree = updateTree(git, head?.tree, [{path: KEY, sha: addBlob(git, Buffer.from(JSON.stringify({step})))}])
  moveRef(git, 'heads/trainyard', addCommit(git, {tree, parents: head ? [head.sha] : [], message: 'Write over it'}).sha)
}

describe('a write that was carried out, its answer lost, is told as won', () => {
  const lags: readonly [string, GitState['staleOf']][] = [
    ['everything', undefined],
    ['the branch', read => read === 'branch'],
    ['the tree', read => read === 'tree'],
    ['the list of commits', read => read === 'commits'],
    ['all but the tree', read => read !== 'tree']
  ]

  test.each(lags.flatMap(([what, staleOf]) => [1, 3, 9].map(reads => [what, reads, staleOf] as const)))(
    'while %s lags behind for %d reads: a file alone',
    async (_, reads, staleOf) => {
      const registry = open()
      const first = await registry.writeState(KEY, {step: 1}, null)
      lose(CONTENTS, reads, staleOf)
      const second = await registry.writeState(KEY, {step: 2}, first)
      gitOf(github).stale = 0
      expect(await open().readState(KEY)).toEqual({value: {step: 2}, tag: second})
      expect(writes()).toBe(2)
    }
  )

  test.each(lags.flatMap(([what, staleOf]) => [1, 9].map(reads => [what, reads, staleOf] as const)))(
    'while %s lags behind for %d reads: a version',
    async (_, reads, staleOf) => {
      const work = await temporaryFolder()
      await open().publish(await publicationOf(work, 'model one'))
      lose(REF, reads, staleOf)
      expect(await open('bob').publish(await publicationOf(work, 'model two'))).toMatchObject({version: 'v2', published: true})
      gitOf(github).stale = 0
      expect(await open().versions('wages')).toEqual(['v2', 'v1'])
      expect((await open().log('wages')).map(({version}) => version)).toEqual(['v1', 'v2'])
    }
  )

  test('although others have written a hundred and fifty times upon it', async () => {
    const registry = open()
    const first = await registry.writeState(KEY, {step: 1}, null)
    github.faults.push({...CONTENTS, applied: true, answer: SAID_500})
    github.before = line => {
      if (github.faults[0].times !== 0 || !line.startsWith('GET')) return
      github.before = undefined
      for (let step = 3; step < 153; step++) writeOver(gitOf(github), step)
    }
    expect(await registry.writeState(KEY, {step: 2}, first)).not.toBeNull()
    expect((await open().readState(KEY))?.value).toEqual({step: 152})
    expect(github.requests.filter(line => /\/commits\?sha=[0-9a-f]{40}&/.test(line))).toHaveLength(2)
  })
})

describe('a write that was not carried out', () => {
  test('is lost where another came before it, and that is said only once it is seen', async () => {
    const [registry, other] = [open(), open('bob')]
    const first = await registry.writeState(KEY, {step: 1}, null)
    await other.readState(KEY)
    github.faults.push({...CONTENTS, answer: SAID_500})
    github.before = async line => {
      if (github.faults[0].times !== 0 || !line.startsWith('GET')) return
      github.before = undefined
      await other.writeState(KEY, {step: 2}, first)
      gitOf(github).stale = 3
    }
    expect(await registry.writeState(KEY, {step: 2}, first)).toBeNull()
    expect(writes()).toBe(2)
  })

  test('is not lost where GitHub shows the branch as it was before even what it replaces', async () => {
    const [registry, other] = [open(), open('bob')]
    const first = await other.writeState(KEY, {step: 1}, null)
    const second = await other.writeState(KEY, {step: 2}, first)
    await registry.readState(KEY)
    github.faults.push({...CONTENTS, answer: SAID_500})
    github.before = line => {
      if (github.faults[0].times !== 0 || !line.startsWith('GET')) return
      github.before = undefined
      gitOf(github).stale = 2
    }
    expect(await registry.writeState(KEY, {step: 3}, second)).not.toBeNull()
    expect((await open().readState(KEY))?.value).toEqual({step: 3})
  })
})

test('what can not be told is said to be so, and the next run completes it', async () => {
  const work = await temporaryFolder()
  await open().publish(await publicationOf(work, 'model one', {alias: 'candidate'}))
  lose(REF, Number.POSITIVE_INFINITY, read => read === 'branch')
  const publication = await publicationOf(work, 'model two', {alias: 'candidate'})
  await expect(open('bob').publish(publication)).rejects.toMatchObject({
    name: 'UserError',
    message:
      "registry github (octo/wages): whether models/wages/versions/v2.json was written can't be told: GitHub did not answer, and shows the branch trainyard as it was before",
    hint: 'Run this again: what was written is found then, and what is half done is completed.'
  })
  gitOf(github).stale = 0
  expect(await open('bob').publish(publication)).toMatchObject({version: 'v2', published: false, alias: {generation: 2}})
  expect(await open().versions('wages')).toEqual(['v2', 'v1'])
})

test('a commit whose tree GitHub does not show yet is no branch without files', async () => {
  const registry = open()
  await registry.writeState(`canaries/${'d'.repeat(64)}.json`, {step: 1}, null)
  lose(CONTENTS, 0)
  github.faults.push({method: 'GET', path: /\/git\/trees\/[0-9a-f]{40}/, answer: {status: 404, body: {message: 'Not Found'}}})
  expect(await registry.writeState(KEY, {step: 1}, null)).not.toBeNull()
  expect(github.faults.map(({times}) => times)).toEqual([0, 0])
  expect(writes()).toBe(2)
  github.faults.push({...CONTENTS, applied: true, answer: SAID_500})
  github.faults.push({method: 'GET', path: /\/git\/trees\/[0-9a-f]{40}/, times: 99, answer: {status: 404, body: {message: 'Not Found'}}})
  await expect(open().writeState(`canaries/${'e'.repeat(64)}.json`, {step: 1}, null)).rejects.toThrow(
    /GitHub does not show tree [0-9a-f]{40}, to which the branch trainyard points/
  )
})

test('of two that write at once, through answers that are lost and reads that lag, one wins each turn', {timeout: 60_000}, async () => {
  const next = random(11)
  const git = gitOf(github)
  const racers = ['ada', 'bob'].map(by => ({by, registry: open(by, 0)}))
  git.staleOf = () => next() < 0.5
  github.before = line => {
    const write = /^(?:PUT|PATCH)/.test(line)
    if (write && next() < 0.3) github.faults.push({...CONTENTS, applied: next() < 0.6, answer: next() < 0.5 ? SAID_500 : 'reset'})
    if (write && next() < 0.5) git.stale = Math.floor(next() * 6)
  }
  const turns: {by: string; turn: number; tag: string | null}[] = []
  let tag: string | null = null
  for (let turn = 1; turn <= 40; turn++) {
    const expected = tag
    const ends = await Promise.all(
      racers.map(async ({by, registry}) => ({by, turn, tag: await registry.writeState(KEY, {turn, by}, expected)}))
    )
    turns.push(...ends.filter(end => end.tag !== null))
    git.stale = 0
    const stored = await open().readState(KEY)
    expect([turn, ends.filter(end => end.tag !== null).map(({by, tag}) => ({value: {turn, by}, tag}))]).toEqual([turn, [stored]])
    tag = stored?.tag ?? null
  }
  expect(new Set(turns.map(({by}) => by))).toEqual(new Set(['ada', 'bob']))
})

import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeEach, expect, test} from 'vitest'
import {UserError} from '#shared/errors'
import {type BaseCommits, findBase} from '#shared/exam/base'
import {parseGates} from '#shared/gates/parse'
import {folderRegistry, publicationOf, registryWorld} from '../../support/registry.js'

const gates = parseGates([{text: 'roc_auc >= base - 0.01'}])

let yard: Awaited<ReturnType<typeof folderRegistry>>
/** of the registry, so that a version is published at a known time */
let clock = 0
beforeEach(async () => {
  clock = Date.UTC(2026, 0, 1)
  yard = await folderRegistry({...registryWorld(), now: () => new Date(clock)})
})

const shaOf = (n: number) => String(n).padStart(40, '0').replace(/^0/, 'a')
const HOUR = 3_600_000
/** commit n is made at hour n */
const commitsFrom = (start: number, size = 100): BaseCommits & {readonly pagesRead: () => number} => {
  let read = 0
  return {
    pagesRead: () => read,
    start: async () => ({sha: shaOf(start), name: 'the merge base with main'}),
    async *pages() {
      for (let from = start; from > 0; from -= size) {
        read += 1
        const here = Array.from({length: Math.min(size, from)}, (_, index) => from - index)
        yield here.map(n => ({sha: shaOf(n), at: new Date(Date.UTC(2026, 0, 1) + n * HOUR).toISOString()}))
      }
    }
  }
}

/** Publishes from commit n, some minutes after it was made. */
async function publish(n: number, more: {version?: string; minutes?: number; text?: string} = {}) {
  clock = Date.UTC(2026, 0, 1) + n * HOUR + (more.minutes ?? 10) * 60_000
  const publication = await publicationOf(yard.work, more.text ?? `model of ${n}`, {version: more.version, commit: shaOf(n)})
  return await yard.registry.publish(publication)
}

function find(commits: BaseCommits, given: {name?: string; registry?: string; gates?: typeof gates} = {}) {
  const world = {...registryWorld(), env: {}, cwd: yard.work, tempDir: join(yard.work, 'temp')}
  return findBase({gates, name: 'wages', registry: yard.root, ...given}, world, commits)
}

test('is the version that the merge base published, byte for byte', async () => {
  for (const n of [3, 5, 7]) await publish(n)
  const found = await find(commitsFrom(5))
  expect(found).toMatchObject({state: {kind: 'ready'}, title: `v2 (base, from ${shaOf(5).slice(0, 12)})`})
  expect(await readFile(found?.sitter?.path ?? '', 'utf8')).toBe('model of 5')
})

test('is that of the nearest ancestor that published, also when an older commit published later', async () => {
  await publish(3)
  await publish(6)
  await publish(2, {minutes: 6 * 60, text: 'published late'})
  expect(await find(commitsFrom(8))).toMatchObject({title: expect.stringMatching(/^v2 /)})
})

test('of several from one commit it is the newest', async () => {
  await publish(3)
  await publish(3, {minutes: 20, text: 'again'})
  expect(await find(commitsFrom(4))).toMatchObject({title: expect.stringMatching(/^v2 /)})
})

test('is found among SemVer versions in any order', async () => {
  await publish(6, {version: '1.0.0'})
  await publish(3, {version: '2.0.0'})
  expect(await find(commitsFrom(7))).toMatchObject({title: expect.stringMatching(/^1\.0\.0 /)})
})

test('is looked for page by page, and no further than where it is found', async () => {
  await publish(5)
  await publish(250)
  const [near, far] = [commitsFrom(240), commitsFrom(260)]
  expect(await find(near)).toMatchObject({title: expect.stringMatching(/^v1 /)})
  expect(await find(far)).toMatchObject({title: expect.stringMatching(/^v2 /)})
  expect([near.pagesRead(), far.pagesRead()]).toEqual([3, 1])
})

test('is inconclusive where no ancestor published, and says how far it was looked for', async () => {
  expect(await find(commitsFrom(3))).toEqual({
    state: {
      kind: 'inconclusive',
      message: `base: no version of wages was ever published, so none from the merge base with main (${shaOf(3).slice(0, 12)})`
    },
    title: 'none'
  })
  await publish(9)
  expect(await find(commitsFrom(3))).toMatchObject({
    state: {
      kind: 'inconclusive',
      message: expect.stringContaining('no version of wages among the newest 1 was published from one of 3 commits up to the merge base')
    }
  })
})

test('of a version that an older Trainyard published without its commit, it is not', async () => {
  await yard.registry.publish(await publicationOf(yard.work, 'of old'))
  expect(await find(commitsFrom(3))).toMatchObject({state: {kind: 'inconclusive'}})
})

test('where a run has none is inconclusive with the reason', async () => {
  const commits = {...commitsFrom(3), start: async () => ({none: 'this run is of no pull request'})}
  expect(await find(commits)).toMatchObject({state: {kind: 'inconclusive', message: 'base: this run is of no pull request'}})
})

test('what keeps it from being looked for is an error that says what to give', async () => {
  const refused = {
    ...commitsFrom(3),
    start: async () => {
      throw new UserError('this token may not read the commits', {hint: 'Add to the job:\npermissions:\n  contents: read'})
    }
  }
  expect(await find(refused)).toMatchObject({
    state: {
      kind: 'error',
      message: expect.stringMatching(/this token may not read the commits\. Add to the job: permissions: +contents: read/)
    }
  })
  expect(await find(commitsFrom(3), {registry: undefined})).toMatchObject({
    state: {kind: 'error', message: expect.stringContaining('no registry is given')}
  })
  expect(await find(commitsFrom(3), {name: undefined})).toMatchObject({state: {message: expect.stringContaining('no name is given')}})
})

test('nothing is looked for when no gate asks', async () => {
  const commits = commitsFrom(3)
  expect(await find(commits, {gates: parseGates([{text: 'roc_auc >= 0.7'}])})).toBeUndefined()
  expect(commits.pagesRead()).toBe(0)
})

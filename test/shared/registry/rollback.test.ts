import {spawn} from 'node:child_process'
import {createInterface} from 'node:readline'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {LogEntry} from '#shared/registry/log'
import {missingGenerations, predecessorOf} from '#shared/registry/predecessor'
import {type Registry, registryOn} from '#shared/registry/registry'
import {compile} from '../../support/compile.js'
import {folderRegistry, publicationOf, registryWorld, temporaryFolder} from '../../support/registry.js'
import {watchedStores} from '../../support/watched-stores.js'
import type {Move} from './mover.js'

const CHAMPION = {name: 'wages', alias: 'champion'} as const

async function promoted(registry: Registry, work: string, n: number): Promise<void> {
  for (let count = 1; count <= n; count++) {
    const {version, digest} = await registry.publish(await publicationOf(work, `model ${count}`))
    await registry.moveAlias({...CHAMPION, version, digest, reason: 'canary'})
  }
}

describe('the predecessor', () => {
  const path = (...moves: readonly string[]): LogEntry[] =>
    moves.map((move, index) => ({
      ...{schema: 'urn:trainyard:log:v1', event: move.startsWith('<') ? 'rolled-back' : 'promoted', alias: 'champion'},
      ...{version: move.replace('<', ''), digest: move.replace('<', ''), generation: index + 1},
      ...{reason: '', previous: null, by: '', at: '2026-01-01T00:00:00Z', runUrl: ''}
    }))
  test.each([
    [['v1'], undefined],
    [['v1', 'v2'], 'v1'],
    [['v1', 'v2', 'v3', '<v2'], 'v1'],
    [['v1', 'v2', 'v3', '<v2', '<v1'], undefined],
    [['v1', 'v2', '<v1', 'v3'], 'v1'],
    [['v1', 'v2', '<v1', 'v2'], 'v1'],
    [['v1', 'v2', '<v9'], 'v2']
  ])('after %j it is %s', (moves, expected) => {
    expect(predecessorOf(path(...moves), 'champion')?.version).toBe(expected)
    expect(predecessorOf(path(...moves).reverse(), 'champion')?.version).toBe(expected)
    expect(missingGenerations(path(...moves).slice(1), 'champion')).toEqual(moves.length > 1 ? [1] : [])
  })
})

test('killed after every write, champion is where it was or where it came from, and a rerun completes it with one entry each', async () => {
  const work = await temporaryFolder()
  for (let stop = 1; ; stop++) {
    const {registry, stores} = await folderRegistry()
    await promoted(registry, work, 3)
    const kill = (write: number) => {
      if (write === stop) throw new Error('killed')
    }
    const dying = registryOn(watchedStores(stores, {after: kill}), registryWorld('grace'))
    const ended = await dying.rollBack({...CHAMPION, reason: 'worse'}).then(
      () => true,
      () => false
    )
    const {version} = (await registry.resolve('wages', 'champion')) ?? {}
    expect(['v2', 'v3']).toContain(version)
    if (version === 'v3') await registry.rollBack({...CHAMPION, reason: 'worse'})
    const {entries, holes} = await registry.history('wages')
    expect(entries.filter(({event}) => event === 'rolled-back').map(({version}) => version)).toEqual(['v2'])
    expect(holes.length).toBeLessThanOrEqual(1)
    if (ended) {
      expect(stop).toBeGreaterThan(2)
      break
    }
  }
})

describe('two processes', () => {
  const children: ReturnType<typeof spawn>[] = []
  let program: string
  beforeAll(async () => {
    const compiled = await compile('test/shared/registry/mover.ts')
    program = compiled.program
    return compiled.remove
  })
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
  })

  function mover() {
    const child = spawn(process.execPath, [program])
    children.push(child)
    const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]()
    return async (move: Move) => {
      child.stdin.write(`${JSON.stringify(move)}\n`)
      return JSON.parse((await lines.next()).value ?? '{}')
    }
  }

  test('race a rollback against a promotion, 30 rounds: the loser is told, and champion is never half way', async () => {
    const {registry, work, root} = await folderRegistry()
    await promoted(registry, work, 2)
    const [back, forth] = [mover(), mover()]
    const wins = {back: 0, forth: 0}
    for (let round = 3; round <= 32; round++) {
      const {version, digest} = await registry.publish(await publicationOf(work, `model ${round}`))
      const before = await registry.resolve('wages', 'champion')
      const expected = before?.generation ?? 0
      const [backed, promotedTo] = await Promise.all([back({root, by: 'ada'}), forth({root, by: 'grace', to: {version, digest, expected}})])
      const {entries} = await registry.history('wages')
      const moves = entries.filter(({alias, generation}) => alias === 'champion' && generation > expected)
      const now = await registry.resolve('wages', 'champion')
      expect(moves.toSorted((a, b) => a.generation - b.generation).at(-1)).toMatchObject({
        version: now?.version,
        generation: now?.generation
      })
      if (promotedTo.error === undefined) {
        wins.forth++
        // Whoever rolls back after it goes back to what was champion before.
        if (backed.error === undefined) expect(backed).toMatchObject({version: before?.version, generation: expected + 2})
        else expect(backed.error).toContain('alias champion of wages, read at generation')
      } else {
        wins.back++
        expect(promotedTo.error).toContain(`alias champion of wages, read at generation ${expected}, was moved by somebody else meanwhile`)
        expect(moves).toHaveLength(1)
        await registry.moveAlias({...CHAMPION, version, digest, reason: 'again'})
      }
    }
    expect(wins.back + wins.forth).toBe(30)
    expect((await registry.history('wages')).holes).toEqual([])
  }, 60_000)
})

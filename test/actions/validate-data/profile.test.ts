import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {parseGates} from '#shared/gates/parse'
import {random} from '#shared/stats/random'
import {openTable} from '#shared/tables/table'
import {judgeData} from '../../../actions/validate-data/src/findings.js'
import type {ColumnProfile, Profile} from '../../../actions/validate-data/src/profile.js'

const cwd = mkdtempSync(join(tmpdir(), 'trainyard-profile-'))

async function profileOf(path: string, threads: number): Promise<Profile> {
  const table = await openTable({paths: [path], cwd, limits: {tempDir: join(cwd, 'tmp'), threads}})
  try {
    return (await judgeData({table, gates: parseGates([{text: 'row_count >= 1'}]), showRows: 0})).profile
  } finally {
    table.close()
  }
}

/** A CSV of columns of numbers; gives its path. */
function csv(name: string, columns: Readonly<Record<string, ArrayLike<number>>>): string {
  const names = Object.keys(columns)
  const rows = Array.from(columns[names[0]], (_, row) => names.map(column => columns[column][row]).join(','))
  writeFileSync(join(cwd, name), `${names.join(',')}\n${rows.join('\n')}\n`)
  return name
}

function numbers(rows: number, seed: number, draw: (u: number, row: number) => number): Float64Array {
  const next = random(seed)
  return Float64Array.from({length: rows}, (_, row) => draw(next(), row))
}

function column(profile: Profile, name: string): ColumnProfile {
  const found = profile.columns.find(one => one.name === name)
  if (!found) throw new Error(`no column ${name}`)
  return found
}

function expectMoments(profile: Profile, name: string, cells: Float64Array) {
  const mean = cells.reduce((sum, cell) => sum + cell / cells.length, 0)
  const sd = Math.sqrt(cells.reduce((sum, cell) => sum + (cell - mean) ** 2 / (cells.length - 1), 0))
  const found = column(profile, name)
  expect(Math.abs((found.mean ?? Number.NaN) - mean) / (Math.abs(mean) + sd)).toBeLessThan(1e-11)
  expect(Math.abs((found.sd ?? Number.NaN) / sd - 1)).toBeLessThan(1e-9)
}

describe('the profile of a large table', () => {
  // Above 4 MiB, so that threads share the file.
  const rows = 180_000
  const cells = {
    id: numbers(rows, 1, (_, row) => row + 1),
    normalish: numbers(rows, 2, u => Math.log(u / (1 - u)) * 1.7 + 1e6),
    money: numbers(rows, 3, u => Number(Math.exp(12 * u).toFixed(2))),
    few: numbers(rows, 4, u => Math.floor(u * 9) / 10)
  }

  test('is the same bytes whatever the threads; moments are exact, and quantiles those of a sample that it names', async () => {
    const path = csv('large.csv', cells)
    const profile = await profileOf(path, 2)
    for (const threads of [1, 4]) expect(JSON.stringify(await profileOf(path, threads))).toBe(JSON.stringify(profile))
    for (const [name, values] of Object.entries(cells)) {
      expectMoments(profile, name, values)
      const sorted = values.toSorted()
      for (const [level, quantile] of Object.entries(column(profile, name).quantiles ?? {})) {
        const below = sorted.filter(cell => cell < Number(quantile)).length / rows
        const upTo = sorted.filter(cell => cell <= Number(quantile)).length / rows
        expect([name, level, below - Number(level) < 0.02, Number(level) - upTo < 0.02]).toEqual([name, level, true, true])
      }
    }
    expect(profile.methods?.quantiles).toMatch(
      /of the 1[5-8],\d{3} of 180,000 rows whose hash over id, normalish, money, few is in the lowest/
    )
  })

  test('is measured again where the first rows are unlike the rest, and still the same bytes', async () => {
    const rows = 120_000
    const late = (draw: (u: number) => number) => numbers(rows, 5, (u, row) => (row < 20_000 ? (row % 2000) / 2000 : draw(u)))
    const odd = {
      larger: late(u => 1e9 * (u - 0.3)),
      constant: numbers(rows, 6, (u, row) => (row < 20_000 ? 3 : u)),
      spikes: late(u => (u < 1e-4 ? 1e7 : u / 1e3)),
      key: numbers(rows, 7, (u, row) => row + u)
    }
    const path = csv('odd.csv', odd)
    const profile = await profileOf(path, 2)
    for (const [name, values] of Object.entries(odd)) expectMoments(profile, name, values)
    expect(JSON.stringify(await profileOf(path, 1))).toBe(JSON.stringify(profile))
  })

  test('samples anew where lines grow shorter, so that many more rows come than the first lines promise', async () => {
    const long = Array.from({length: 10_000}, (_, row) => `${row},${'x'.repeat(200)}\n`).join('')
    const short = Array.from({length: 390_000}, (_, row) => `${10_000 + row},\n`).join('')
    writeFileSync(join(cwd, 'short.csv'), `id,note\n${long}${short}`)
    const profile = await profileOf('short.csv', 2)
    expect(profile.methods?.quantiles).toMatch(/of the 1[5-8],\d{3} of 400,000 rows/)
    expect(Math.abs(Number(column(profile, 'id').quantiles?.['0.5']) / 200_000 - 1)).toBeLessThan(0.04)
  })
})

test('infinities have ends and moments of their own kind: none', async () => {
  writeFileSync(join(cwd, 'inf.csv'), 'a,b\n1,x\ninf,x\n3,x\n')
  expect(column(await profileOf('inf.csv', 2), 'a')).toMatchObject({
    min: 1,
    max: null,
    mean: null,
    sd: null,
    quantiles: {'0.5': 1, '0.99': 1}
  })
})

test('a table whose rows all are alike has quantiles from counts', async () => {
  const profile = await profileOf(csv('alike.csv', {a: numbers(100_000, 8, u => Math.floor(u * 300))}), 2)
  const a = column(profile, 'a')
  expect([a.distinct, a.min, a.max]).toEqual([300, 0, 299])
  expect(Math.abs(Number(a.quantiles?.['0.5']) - 149.5)).toBeLessThan(3)
})

test('no rows and empty columns have neither moments nor quantiles', async () => {
  writeFileSync(join(cwd, 'none.csv'), `a,b\n${',1\n'.repeat(3)}`)
  const profile = await profileOf('none.csv', 2)
  expect(profile.columns).toMatchObject([
    {name: 'a', missing: 3},
    {name: 'b', min: 1, max: 1, mean: 1, sd: 0, quantiles: {'0.01': 1, '0.99': 1}}
  ])
})

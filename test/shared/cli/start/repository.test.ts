import {execFileSync} from 'node:child_process'
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {exampleIn, findCheckout} from '#shared/cli/start/checkout'
import {createRepository, findChange} from '#shared/cli/start/repository'
import {has} from '../../../support/programs.js'

const example = exampleIn(findCheckout())
const read = (...parts: string[]) => readFileSync(join(...parts), 'utf8')
let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'start-')), 'repository')
})
afterEach(() => rmSync(join(folder, '..'), {recursive: true}))

const git = (...argv: string[]) => execFileSync('git', argv, {cwd: folder, encoding: 'utf8'}).trim()

describe('findChange', () => {
  test('is the good change by default', () => {
    expect(findChange(example)).toEqual({name: 'more-columns', folder: join(example, 'cases/more-columns')})
  })

  test('names what there is', () => {
    expect(() => findChange(example, 'worse')).toThrow(
      '--with: expected one of biased-model, failing-canary, more-columns, raw-data, worse-model, got "worse"'
    )
  })
})

describe('createRepository', () => {
  test.skipIf(!has('git'))('holds the example as one commit on main, and nothing that a training left behind', () => {
    const stray = join(example, 'history.jsonl')
    const found = existsSync(stray)
    if (!found) writeFileSync(stray, '')
    try {
      createRepository(example, folder)
    } finally {
      if (!found) rmSync(stray)
    }
    expect(readdirSync(folder)).not.toContain('history.jsonl')
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['.github', 'data', 'train.mjs', 'trainyard.yml']))
    expect(git('log', '--format=%s|%D')).toBe('Train on education, experience and age|HEAD -> main')
    expect(git('status', '--porcelain')).toBe('')
  })

  test.skipIf(!has('git'))('proposes a change on a branch and merges it', () => {
    const change = findChange(example, 'worse-model')
    const repository = createRepository(example, folder)
    const before = git('rev-parse', 'main')
    repository.propose(change)
    expect(git('symbolic-ref', '--short', 'HEAD')).toBe('worse-model')
    expect(git('rev-parse', 'main')).toBe(before)
    expect(read(folder, 'params.yml')).toBe(read(change.folder, 'params.yml'))
    repository.merge(change)
    expect(git('symbolic-ref', '--short', 'HEAD')).toBe('main')
    expect(read(folder, 'params.yml')).toBe(read(change.folder, 'params.yml'))
  })

  test('does without git, with the same files', () => {
    const path = process.env.PATH
    process.env.PATH = ''
    try {
      const repository = createRepository(example, folder)
      const change = findChange(example)
      repository.propose(change)
      repository.merge(change)
    } finally {
      process.env.PATH = path
    }
    expect(existsSync(join(folder, '.git'))).toBe(false)
    expect(read(folder, 'params.yml')).toContain('south, union, married')
  })
})

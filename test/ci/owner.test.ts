import {execFileSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {has} from '../support/programs.js'
import {openYard} from './yard.js'

test.skipIf(!has('git'))('the owner is one constant: no program but its own spells it', () => {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z', '*.ts', '*.mjs', '*.js', '*.json', '.ci/run'], {
    encoding: 'utf8'
  })
  const programs = listed.split('\0').filter(path => path !== '' && !path.startsWith('test/'))
  expect(programs).toContain('shared/action.ts')
  // Comments may show what a user writes.
  const spelled = programs.filter(path =>
    readFileSync(path, 'utf8')
      .split('\n')
      .some(line => /\bOWNER\b/.test(line) && !/^\s*(?:\/\/|\/?\*)/.test(line))
  )
  expect(spelled).toEqual(['.ci/owner.mjs', '.ci/release/check.mjs'])
  expect(readFileSync('.ci/owner.mjs', 'utf8').match(/'OWNER'/g)).toHaveLength(1)
  expect(readFileSync('.ci/release/check.mjs', 'utf8')).not.toMatch(/['"`]OWNER/)
})

test.skipIf(!has('git'))('a home is given once, everywhere, and can be taken away again', () => {
  const yard = openYard()
  const texts = {
    'a.md': 'OWNER/trainyard, MY_OWNER/trainyard, OWNER/other\n',
    '.github/zizmor.yml': 'policies:\n  OWNER/*: ref-pin\n',
    'test/a.test.ts': String.raw`const uses = /^OWNER\/trainyard\/actions/`
  }
  const owner = (...argv: string[]) => execFileSync(process.execPath, ['.ci/owner.mjs', ...argv], {cwd: yard.root, encoding: 'utf8'})
  yard.merge(
    Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, text.replaceAll(/(?<!MY_)OWNER(?=.?\/(?:tr|\*))/g, 'octo')]))
  )
  expect(owner().split('\n')).toContain('   1  a.md')
  expect(owner('OWNER').trim().split('\n').sort()).toEqual(['.ci/owner.mjs', '.github/zizmor.yml', 'README.md', 'a.md', 'test/a.test.ts'])
  for (const [path, text] of Object.entries(texts)) expect(readFileSync(join(yard.root, path), 'utf8')).toBe(text)
  owner('acme-2')
  expect(readFileSync(join(yard.root, 'README.md'), 'utf8')).toContain('uses: acme-2/trainyard/actions/validate-data@v1')
  expect(() => execFileSync(process.execPath, ['.ci/owner.mjs', 'no/name'], {cwd: yard.root, stdio: 'pipe'})).toThrow(
    'no name of a GitHub account'
  )
})

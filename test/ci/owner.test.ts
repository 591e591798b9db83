import {execFileSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {has} from '../support/programs.js'
import {NOBODY, openYard} from './yard.js'

const [, OWNER = ''] = /^export const OWNER = '(.+)'$/m.exec(readFileSync('.ci/owner.mjs', 'utf8')) ?? []

test.skipIf(!has('git'))('the owner is one constant: no other program spells it', () => {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z', '*.ts', '*.mjs', '*.js', '.ci/run'], {
    encoding: 'utf8'
  })
  const programs = listed.split('\0').filter(path => path !== '' && !/^(?:test|workflows-examples)\//.test(path))
  expect(programs).toContain('shared/action.ts')
  // Comments may show what a user writes.
  const spelling = new RegExp(String.raw`^(?!\s*(?://|/?\*)).*(?:\b${OWNER}\\?/trainyard|['"\`]${OWNER}\b)`, 'm')
  expect(programs.filter(path => spelling.test(readFileSync(path, 'utf8')))).toEqual(['.ci/owner.mjs'])
  expect(readFileSync('.ci/owner.mjs', 'utf8').split(`'${OWNER}'`)).toHaveLength(2)
})

test.skipIf(!has('git'))('a home is given once, everywhere, and can be taken away again', () => {
  const yard = openYard()
  const texts = (name: string) => ({
    'a.md': `${name}/trainyard, MY_${name}/trainyard, ${name}/other\n`,
    '.github/zizmor.yml': `policies:\n  ${name}/*: ref-pin\n`,
    'test/a.test.ts': String.raw`const uses = /^${name}\/trainyard\/actions/`
  })
  const owner = (...argv: string[]) => execFileSync(process.execPath, ['.ci/owner.mjs', ...argv], {cwd: yard.root, encoding: 'utf8'})
  const read = (path: string) => readFileSync(join(yard.root, path), 'utf8')
  yard.merge(texts('octo'))
  expect(owner().split('\n')).toContain('   1  a.md')
  expect(owner(NOBODY).trim().split('\n').sort()).toEqual(['.ci/owner.mjs', '.github/zizmor.yml', 'README.md', 'a.md', 'test/a.test.ts'])
  const {'a.md': _, ...whole} = texts(NOBODY)
  expect(read('a.md')).toBe(`${NOBODY}/trainyard, MY_octo/trainyard, octo/other\n`)
  for (const [path, text] of Object.entries(whole)) expect(read(path)).toBe(text)
  owner('acme-2')
  expect(read('README.md')).toContain('uses: acme-2/trainyard/actions/validate-data@v1')
  expect(() => execFileSync(process.execPath, ['.ci/owner.mjs', 'no/name'], {cwd: yard.root, stdio: 'pipe'})).toThrow(
    'no name of a GitHub account'
  )
})
